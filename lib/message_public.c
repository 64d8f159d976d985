/* message_public: what a status page tells its subscribers, in the page's language. */
#define _GNU_SOURCE
#include "message_impl.h"

#include <stdlib.h>
#include <string.h>

#define LINE 900 /* bytes; a longer one goes on in the next */

enum {
    ASK_SUBJECT,
    ASK,
    ASK_HOW,
    ASK_ELSE,
    KNOWN_SUBJECT,
    KNOWN,
    SEVERITY,
    STATUS,
    WHEN,
    AFFECTED,
    FROM,
    UNTIL,
    FOOT,
    WORDS
};

/* '%' stands for the title of the page. */
static const char *const words[WORDS][2] = {
    [ASK_SUBJECT] = {"Confirm your subscription to %", "Bitte bestätigen: Meldungen von %"},
    [ASK] =
        {"Somebody, hopefully you, wants messages about the status of % at this address.",
         "Jemand, hoffentlich Sie, möchte an diese Adresse Meldungen über den Status von % "
         "erhalten."},
    [ASK_HOW] = {"To confirm, open this address within 48 hours:",
                 "Zum Bestätigen öffnen Sie bitte innerhalb von 48 Stunden diese Adresse:"},
    [ASK_ELSE] =
        {"If it was not you, do nothing: no more will come.",
         "Wenn Sie es nicht waren, tun Sie nichts: Es kommt keine weitere Nachricht."},
    [KNOWN_SUBJECT] = {"You are subscribed to %", "Sie erhalten Meldungen von %"},
    [KNOWN] = {"This address gets messages about the status of % already.",
               "Diese Adresse erhält schon Meldungen über den Status von %."},
    [SEVERITY] = {"Severity:", "Schwere:"},
    [STATUS] = {"Status:", "Stand:"},
    [WHEN] = {"Time:", "Zeit:"},
    [AFFECTED] = {"Affected:", "Betroffen:"},
    [FROM] = {"From:", "Von:"},
    [UNTIL] = {"Until:", "Bis:"},
    [FOOT] = {"You get this because you subscribed to %. To choose or to unsubscribe:",
              "Sie erhalten dies, weil Sie Meldungen von % abonniert haben. Auswählen oder "
              "abbestellen:"},
};

static const struct {
    const char *word, *text[2];
} terms[] = {
    {"investigating", {"Investigating", "Wird untersucht"}},
    {"identified", {"Identified", "Ursache gefunden"}},
    {"monitoring", {"Monitoring", "Wird beobachtet"}},
    {"resolved", {"Resolved", "Behoben"}},
    {"critical", {"critical", "kritisch"}},
    {"major", {"major", "schwer"}},
    {"minor", {"minor", "leicht"}},
    {"announced", {"Scheduled maintenance", "Geplante Wartung"}},
    {"started", {"Maintenance has begun", "Wartung hat begonnen"}},
    {"ended", {"Maintenance is over", "Wartung beendet"}},
};

struct letter {
    struct message *m;
    const json_t *body;
    FILE *f;
    int lang;   /* column of the tables */
    char *page; /* address of the page, ending in '/', or NULL */
};

static const char *term(const struct letter *l, const char *word)
{
    for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++)
        if (!strcmp(terms[i].word, word))
            return terms[i].text[l->lang];
    return word;
}

/* The words with the page's title in them, for free(). */
static char *phrase(const struct letter *l, int which)
{
    const char *s = words[which][l->lang], *mark = strchr(s, '%');
    char *out;

    if (asprintf(&out, "%.*s%s%s", mark ? (int)(mark - s) : (int)strlen(s), s,
                 mark ? l->m->sender : "", mark ? mark + 1 : "") < 0)
        abort();
    return out;
}

static void tell(const struct letter *l, int which)
{
    char *s = phrase(l, which);

    message_line(l->f, "%s", s);
    free(s);
}

static void field(const struct letter *l, int which, const char *value)
{
    if (*value)
        message_line(l->f, "%-10s %s", words[which][l->lang], value);
}

/* What people wrote, its lines as they are. */
static void tell_body(const struct letter *l)
{
    const char *p = message_text(l->body, "body");

    if (*p)
        fputc('\n', l->f);
    while (*p) {
        size_t n = strcspn(p, "\n");
        char *line;

        for (n = n > LINE ? LINE : n; n > 1 && ((unsigned char)p[n] & 0xc0) == 0x80;)
            n--; /* no half characters */
        if (!(line = strndup(p, n)))
            abort();
        message_line(l->f, "%s", line);
        free(line);
        p += n;
        p += *p == '\n';
    }
}

static void tell_affected(const struct letter *l)
{
    json_t *list = json_object_get(l->body, "components"), *one;
    char all[600] = "";
    size_t i, used = 0;

    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(one);

        if (used + strlen(name ? name : "") + 8 >= sizeof(all)) {
            snprintf(all + used, sizeof(all) - used, ", …");
            break;
        }
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
                                 name ? name : "");
    }
    field(l, AFFECTED, all);
}

static void tell_foot(const struct letter *l)
{
    if (!l->m->unsubscribe)
        return;
    fputc('\n', l->f);
    message_line(l->f, "-- ");
    tell(l, FOOT);
    message_line(l->f, "%s", l->m->unsubscribe);
}

/* ---------------------------------------------------------------- the three kinds */

static char *ask(struct letter *l, const char *public_url)
{
    const char *token = message_text(l->body, "token");

    if (!*token) {
        tell(l, KNOWN);
        tell_foot(l);
        return phrase(l, KNOWN_SUBJECT);
    }
    if (public_url &&
        asprintf(&l->m->link, "%s/api/v1/subscriptions/%s/confirm", public_url, token) < 0)
        abort();
    tell(l, ASK);
    fputc('\n', l->f);
    tell(l, ASK_HOW);
    if (l->m->link)
        message_line(l->f, "%s", l->m->link);
    fputc('\n', l->f);
    tell(l, ASK_ELSE);
    return phrase(l, ASK_SUBJECT);
}

static char *incident(struct letter *l)
{
    const json_t *i = json_object_get(l->body, "incident");
    const char *title = message_text(i, "title");
    const char *phase = term(l, message_text(l->body, "phase"));
    char *subject;

    message_line(l->f, "%s", title);
    fputc('\n', l->f);
    field(l, STATUS, phase);
    field(l, SEVERITY, term(l, message_text(i, "severity")));
    field(l, WHEN, message_text(l->body, "when"));
    tell_affected(l);
    tell_body(l);
    if (l->page && asprintf(&l->m->link, "%sincidents/%lld.html", l->page,
                            json_integer_value(json_object_get(i, "id"))) < 0)
        abort();
    if (asprintf(&subject, "[%s] %s: %s", l->m->sender, phase, title) < 0)
        abort();
    return subject;
}

static char *maintenance(struct letter *l)
{
    const char *title = message_text(json_object_get(l->body, "maintenance"), "title");
    const char *what = term(l, message_text(l->body, "what"));
    char *subject;

    message_line(l->f, "%s: %s", what, title);
    fputc('\n', l->f);
    field(l, FROM, message_text(l->body, "from"));
    field(l, UNTIL, message_text(l->body, "until"));
    tell_affected(l);
    tell_body(l);
    if (l->page)
        l->m->link = strdup(l->page);
    if (asprintf(&subject, "[%s] %s: %s", l->m->sender, what, title) < 0)
        abort();
    return subject;
}

/* ---------------------------------------------------------------- in and out */

bool message_is_public(const char *event)
{
    return !strcmp(event, "confirm") || !strcmp(event, "incident") ||
           !strcmp(event, "maintenance");
}

static char *page_address(const json_t *page, const char *public_url)
{
    const char *url = message_text(page, "url");
    char *out = NULL;

    if (*url)
        return strdup(url);
    if (public_url &&
        asprintf(&out, "%s/status/%s/", public_url, message_text(page, "slug")) < 0)
        abort();
    return out;
}

int message_public(struct message *m, const json_t *body, const char *public_url)
{
    const json_t *page = json_object_get(body, "page");
    const char *token = message_text(body, "unsubscribe");
    struct letter l = {.m = m, .body = body};
    size_t n;

    m->sender = message_text(page, "title");
    m->page = json_integer_value(json_object_get(page, "id"));
    m->homeless = !public_url;
    l.lang = !strncmp(message_text(body, "lang"), "de", 2);
    l.page = page_address(page, public_url);
    if (*token && public_url &&
        asprintf(&m->unsubscribe, "%s/api/v1/subscriptions/%s", public_url, token) < 0)
        abort();
    if (!(l.f = open_memstream(&m->text, &n)))
        abort();
    m->subject = !strcmp(m->event, "confirm")    ? ask(&l, public_url)
                 : !strcmp(m->event, "incident") ? incident(&l)
                                                 : maintenance(&l);
    if (strcmp(m->event, "confirm")) {
        if (m->link)
            fprintf(l.f, "\n%s\n", m->link);
        tell_foot(&l);
    }
    fclose(l.f);
    free(l.page);
    message_clean(m->subject);
    return 0;
}

/* {"type": "incident.resolved" | "maintenance.started" | "subscription.confirm", …} */
json_t *message_public_webhook(const struct message *m, const json_t *body)
{
    static const char *const ours[] = {"event", "lang", "token", "unsubscribe", "at", "known"};
    json_t *data = json_deep_copy(body);
    const char *what = message_text(body, strcmp(m->event, "incident") ? "what" : "phase");
    const char *token = message_text(body, "token");
    bool asks = !strcmp(m->event, "confirm");
    char type[80];

    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        json_object_del(data, ours[i]);
    if (asks && *token)
        json_object_set_new(data, "challenge", json_string(token));
    json_object_set_new(data, "summary", json_string(m->subject));
    json_object_set_new(data, "link", m->link ? json_string(m->link) : json_null());
    if (m->unsubscribe)
        json_object_set_new(data, "unsubscribe", json_string(m->unsubscribe));
    snprintf(type, sizeof(type), "%s.%.40s", asks ? "subscription" : m->event,
             asks ? "confirm" : what);
    return json_pack("{s:s, s:s, s:o}", "type", type, "timestamp", message_text(body, "at"),
                     "data", data);
}
