#define _GNU_SOURCE
#include "message_impl.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 500
#define LINE_MAX_BYTES 1000

const char *message_text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

char *message_duration(char *buf, size_t size, long long s)
{
    static const struct {
        long long seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;
    long long rest;

    if (s < 0)
        s = 0;
    while (i < 3 && s < units[i].seconds)
        i++;
    rest = s % units[i].seconds;
    if (i == 3 || rest / units[i + 1].seconds == 0)
        snprintf(buf, size, "%lld %s", s / units[i].seconds, units[i].unit);
    else
        snprintf(buf, size, "%lld %s %lld %s", s / units[i].seconds, units[i].unit,
                 rest / units[i + 1].seconds, units[i + 1].unit);
    return buf;
}

time_t message_time(const char *s)
{
    struct tm tm = {0};
    const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);

    return end && (*end == '.' || *end == 'Z') ? timegm(&tm) : -1;
}

/* "2026-11-21 03:00:00 UTC", or what was there. */
static const char *moment(char *buf, size_t size, const char *rfc3339)
{
    time_t t = message_time(rfc3339);
    struct tm tm;

    if (t < 0)
        return rfc3339;
    gmtime_r(&t, &tm);
    strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return buf;
}

void message_clean(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            *s = ' ';
}

/* What was cut ends with a whole character. */
static void whole(char *s)
{
    size_t n = strlen(s);

    while (n > 0 && ((unsigned char)s[n - 1] & 0xc0) == 0x80)
        n--;
    s[n > 0 ? n - 1 : 0] = '\0';
}

void message_line(FILE *f, const char *fmt, ...)
{
    char buf[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(buf, sizeof(buf), fmt, ap) >= (int)sizeof(buf))
        whole(buf);
    va_end(ap);
    message_clean(buf);
    fprintf(f, "%s\n", buf);
}

struct facts {
    const json_t *body;
    const char *name, *at, *started;
    char since[64], lasted[64];
    long long duration_s; /* -1: not known */
    bool answers;         /* up, after its agent was silent */
};

static void learn(struct facts *x, const json_t *body, time_t now)
{
    const json_t *monitor = json_object_get(body, "monitor");
    const json_t *d = json_object_get(body, "duration_s");
    time_t at;

    x->body = body;
    x->name = message_text(monitor, "name");
    x->at = message_text(body, "at");
    x->started = message_text(json_object_get(body, "incident"), "started_at");
    x->answers = !strcmp(message_text(body, "previous"), "unknown") &&
                 !strcmp(message_text(monitor, "type"), "host");
    at = message_time(x->at);
    x->duration_s = json_is_number(d) ? (long long)json_number_value(d) : -1;
    if (x->duration_s < 0 && at >= 0 && strcmp(message_text(body, "event"), "up"))
        x->duration_s = now > at ? now - at : 0;
    message_duration(x->lasted, sizeof(x->lasted), x->duration_s);
    moment(x->since, sizeof(x->since), x->at);
}

static void tell_reason(FILE *f, const json_t *body)
{
    const char *reason = message_text(body, "reason_text"),
               *detail = message_text(body, "message");
    long long code = json_integer_value(json_object_get(body, "code"));

    if (!*reason && strcmp(message_text(body, "reason"), "ok"))
        reason = message_text(body, "reason");
    if (*reason && *detail && strcmp(reason, detail))
        message_line(f, "Reason:   %s (%s)", detail, reason);
    else if (*reason || *detail)
        message_line(f, "Reason:   %s", *detail ? detail : reason);
    if (code > 0)
        message_line(f, "Answer:   HTTP %lld", code);
}

static void tell_monitor(FILE *f, const struct facts *x, const struct message *m)
{
    char buf[64];
    const char *event = m->event;
    const char *url = message_text(json_object_get(x->body, "monitor"), "url");
    long long incident =
        json_integer_value(json_object_get(json_object_get(x->body, "incident"), "id"));

    if (json_is_true(json_object_get(x->body, "test")))
        message_line(f, "This is a test. Nothing happened; the monitor below does not exist.");
    if (!strcmp(event, "up"))
        message_line(f, x->answers ? "%s answers again." : "%s is up again.", x->name);
    else if (!strcmp(event, "silent"))
        message_line(f, "%s does not answer: nobody knows how it and its apps are.", x->name);
    else if (!strcmp(event, "test"))
        message_line(f, "Messages of Tocsin arrive here.");
    else
        message_line(f, "%s is %s.", x->name, event);
    fputc('\n', f);
    if (*url)
        message_line(f, "URL:      %s", url);
    if (!strcmp(event, "up")) {
        message_line(f, "Up since: %s", x->since);
        if (*x->started)
            message_line(f, "Down:     from %s", moment(buf, sizeof(buf), x->started));
        if (x->duration_s >= 0)
            message_line(f, "Lasted:   %s", x->lasted);
    }
    else if (*x->at) {
        message_line(f, "Since:    %s (for %s)", x->since, x->lasted);
    }
    if (strcmp(event, "up") && strcmp(event, "test"))
        tell_reason(f, x->body);
    if (incident > 0)
        message_line(f, "Incident: #%lld", incident);
    if (m->link)
        fprintf(f, "\n%s\n", m->link);
}

static void tell_invite(FILE *f, const json_t *body)
{
    message_line(f, "%s invites you to %s as %s.",
                 *message_text(body, "by") ? message_text(body, "by") : "Somebody",
                 *message_text(body, "instance") ? message_text(body, "instance") : "Tocsin",
                 *message_text(body, "role") ? message_text(body, "role") : "member");
    fputc('\n', f);
    message_line(f, "To accept, open this address within its time:");
    message_line(f, "%s", message_text(body, "link"));
}

static char *subject(const struct message *m, const struct facts *x)
{
    static const char *const words[][2] = {
        {"down", "DOWN: "},         {"up", "UP: "},
        {"degraded", "DEGRADED: "}, {"silent", "SILENT: "},
        {"test", "Test of Tocsin"}, {"invite", "You are invited to "}};
    const char *what = "Tocsin: ", *name = x->name;
    bool up = !strcmp(m->event, "up") && x->duration_s >= 0;
    char *s;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(words[i][0], m->event))
            what = words[i][1];
    if (!strcmp(m->event, "invite"))
        name =
            *message_text(x->body, "instance") ? message_text(x->body, "instance") : "Tocsin";
    if (!strcmp(m->event, "test"))
        name = "";
    if (asprintf(&s, "%s%s%.*s%s%s%s",
                 json_is_true(json_object_get(x->body, "test")) && strcmp(m->event, "test")
                     ? "[test] "
                     : "",
                 what, NAME_MAX_BYTES, name,
                 !up          ? ""
                 : x->answers ? " (was silent for "
                              : " (was down for ",
                 up ? x->lasted : "", up ? ")" : "") < 0)
        return NULL;
    message_clean(s);
    return s;
}

/* The folder of pages that a monitor is at home in. */
static const char *place(const json_t *body)
{
    const char *type = message_text(json_object_get(body, "monitor"), "type");

    return !strcmp(type, "host") ? "hosts" : !strcmp(type, "app") ? "apps" : "monitors";
}

int message_make(struct message *m, const json_t *body, const char *public_url, time_t now)
{
    long long id = json_integer_value(json_object_get(json_object_get(body, "monitor"), "id"));
    struct facts x;
    size_t n;
    FILE *f;

    memset(m, 0, sizeof(*m));
    m->event = message_text(body, "event");
    if (!*m->event)
        return -1;
    if (message_is_public(m->event)) {
        if (message_public(m, body, public_url) == 0)
            return 0;
        message_free(m);
        return -1;
    }
    learn(&x, body, now);
    if (public_url && id > 0 &&
        asprintf(&m->link, "%s/%s/?id=%lld", public_url, place(body), id) < 0)
        m->link = NULL;
    m->subject = subject(m, &x);
    if ((f = open_memstream(&m->text, &n))) {
        if (!strcmp(m->event, "invite"))
            tell_invite(f, body);
        else
            tell_monitor(f, &x, m);
        fclose(f);
    }
    if (m->subject && m->text)
        return 0;
    message_free(m);
    return -1;
}

void message_free(struct message *m)
{
    free(m->subject);
    free(m->text);
    free(m->link);
    free(m->unsubscribe);
    memset(m, 0, sizeof(*m));
}
