/*
 * tocsin status-data open-issues: an open issue for each system that is down, none for the
 * others. What is to be done is found by looking at GitHub, so a run may end anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "day.h"
#include "github.h"
#include "known.h"
#include "notes.h"
#include "outage.h"
#include "status_data.h"

#define LABEL_MAX 50 /* GitHub's, in characters */
#define RECOVERED "<!-- tocsin recovered -->"

struct work {
    struct github g;
    struct issue_rules known;
    struct outage_rules how;
    struct flag_list system_labels;
    const char *config, *status_label;
    struct arena *memory;
    struct notes notes;
    struct outage *outage;
    json_t *issues; /* open ones of ours */
    bool dry_run;
    int n, opened, closed, failed;
};

/* ---------------------------------------------------------------- whose issue it is */

/* A comment in the body that names the system whatever its label was cut to. */
static const char *marker(struct work *w, const char *system)
{
    char *name = curl_easy_escape(w->g.curl, system, 0);
    buf t = {0};
    const char *out;

    buf_puts(&t, "<!-- tocsin system=");
    buf_puts(&t, name);
    buf_puts(&t, " -->");
    out = arena_str(&w->memory, buf_end(&t));
    buf_free(&t);
    curl_free(name);
    return out;
}

static const char *label(struct work *w, const char *system)
{
    size_t i, chars = 0;

    for (i = 0; system[i]; i++)
        if (((unsigned char)system[i] & 0xc0) != 0x80 && ++chars > LABEL_MAX)
            break;
    return arena_copy(&w->memory, system, i);
}

static bool is_of(struct work *w, const json_t *issue, const char *system)
{
    const char *body = json_string_value(json_object_get(issue, "body"));

    if (body && strstr(body, "<!-- tocsin system="))
        return strstr(body, marker(w, system)) != NULL;
    return issue_has_label(issue, label(w, system));
}

/* ---------------------------------------------------------------- words */

/* As code, where nothing of it is Markdown or calls anybody. */
static void code(buf *t, const char *name, const char *text)
{
    const char *p = text;

    buf_puts(t, "**");
    buf_puts(t, name);
    buf_puts(t, ":** ` ");
    for (; *p && p - text < 300; p++)
        buf_add(t, (unsigned char)*p < ' ' || *p == '`' ? " " : p, 1);
    buf_puts(t, " `  \n");
}

static const char *report(struct work *w, const struct outage *o)
{
    char text[40];
    buf t = {0};
    const char *out;

    buf_puts(&t, "## Incident Report\n\n");
    code(&t, "System", o->display);
    code(&t, "Status", "Down");
    snprintf(text, sizeof(text), "%d", o->newest.code);
    code(&t, "HTTP Status Code", o->newest.code ? text : "none");
    day_print_ms(o->newest.t, text);
    code(&t, "Time", text);
    if (o->url)
        code(&t, "URL", o->url);
    if (o->newest.err)
        code(&t, "Error", o->newest.err);
    snprintf(text, sizeof(text), "%d in a row", o->in_row);
    code(&t, "Failed checks", text);
    buf_puts(&t, "\nOpened by `tocsin`, which closes it when the system is up again.\n\n");
    buf_puts(&t, marker(w, o->name));
    out = arena_str(&w->memory, buf_end(&t));
    buf_free(&t);
    return out;
}

static const char *farewell(struct work *w, const struct outage *o)
{
    char text[40];
    buf t = {0};
    const char *out;

    buf_puts(&t, "## ✅ Resolved\n\n");
    day_print_ms(o->newest.t, text);
    code(&t, "Time", text);
    snprintf(text, sizeof(text), "%d ms", o->newest.lat);
    code(&t, "Response Time", o->newest.lat < 0 ? "not known" : text);
    buf_puts(&t, "\n" RECOVERED);
    out = arena_str(&w->memory, buf_end(&t));
    buf_free(&t);
    return out;
}

/* ---------------------------------------------------------------- deeds */

static void say(const char *what, const struct outage *o, json_int_t number)
{
    const char *p;

    for (p = o->name; *p; p++)
        putchar((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
    printf(": %s", what);
    if (number)
        printf(" #%lld", (long long)number);
    putchar('\n');
}

static int open_one(struct work *w, const struct outage *o)
{
    char title[300];
    json_t *made;

    if (w->dry_run) {
        say("an issue would be opened", o, 0);
        return 0;
    }
    snprintf(title, sizeof(title), "🔴 %.200s is down", o->display);
    made = github_send(&w->g, "POST", "/issues",
                       json_pack("{s:s, s:s, s:[s, s, s, s]}", "title", title, "body",
                                 report(w, o), "labels", w->status_label, "critical",
                                 "automated", label(w, o->name)));
    if (!made)
        return -1;
    w->opened++;
    say("opened", o, json_integer_value(json_object_get(made, "number")));
    json_decref(made);
    return 0;
}

/* 1: the farewell is written already, by a run that did not come to the end. -1: error. */
static int is_told(struct work *w, const json_t *issue)
{
    char path[80];
    json_t *list, *one;
    size_t i;
    int told = 0;

    if (json_integer_value(json_object_get(issue, "comments")) <= 0)
        return 0;
    snprintf(path, sizeof(path), "/issues/%lld/comments?per_page=100",
             (long long)json_integer_value(json_object_get(issue, "number")));
    list = github_list(&w->g, path, NULL, NULL);
    if (!list)
        return -1;
    json_array_foreach(list, i, one)
    {
        const char *body = json_string_value(json_object_get(one, "body"));

        if (body && strstr(body, RECOVERED))
            told = 1;
    }
    json_decref(list);
    return told;
}

static int close_one(struct work *w, const struct outage *o, const json_t *issue)
{
    json_int_t number = json_integer_value(json_object_get(issue, "number"));
    char path[80];
    json_t *done;
    int told;

    if (w->dry_run) {
        say("would be closed:", o, number);
        return 0;
    }
    told = is_told(w, issue);
    if (told < 0)
        return -1;
    snprintf(path, sizeof(path), "/issues/%lld/comments", (long long)number);
    if (!told) {
        done = github_send(&w->g, "POST", path, json_pack("{s:s}", "body", farewell(w, o)));
        if (!done)
            return -1;
        json_decref(done);
    }
    snprintf(path, sizeof(path), "/issues/%lld", (long long)number);
    done =
        github_send(&w->g, "PATCH", path,
                    json_pack("{s:s, s:s}", "state", "closed", "state_reason", "completed"));
    if (!done)
        return -1;
    json_decref(done);
    w->closed++;
    say("closed", o, number);
    return 0;
}

static bool in_maintenance(const struct work *w, const struct outage *o)
{
    int i;

    for (i = 0; i < w->notes.windows; i++)
        if (note_window_covers(&w->notes.window[i], o->name, w->how.now_ms / 1000) ||
            note_window_covers(&w->notes.window[i], o->display, w->how.now_ms / 1000))
            return true;
    return false;
}

static int settle(struct work *w, const struct outage *o)
{
    json_t *issue;
    size_t i;
    bool open = false;

    if (o->verdict == OUTAGE_UNSURE)
        return 0;
    if (in_maintenance(w, o)) {
        if (w->g.verbose || o->verdict == OUTAGE_DOWN)
            say("is left alone, it is in maintenance", o, 0);
        return 0;
    }
    json_array_foreach(w->issues, i, issue)
    {
        if (!is_of(w, issue, o->name))
            continue;
        open = true;
        if (o->verdict == OUTAGE_UP && close_one(w, o, issue) != 0)
            return -1;
    }
    return o->verdict == OUTAGE_DOWN && !open ? open_one(w, o) : 0;
}

/* Goes on after what one issue alone is to blame for. */
static int settle_all(struct work *w)
{
    int i;

    for (i = 0; i < w->n; i++) {
        if (settle(w, &w->outage[i]) == 0)
            continue;
        complain("%s", w->g.error);
        w->failed++;
        if (w->g.status != 422)
            return -1;
    }
    return w->failed ? -1 : 0;
}

static int work(struct work *w)
{
    char error[512], path[300], *escaped;
    int rc = -1;

    w->n = outages_read(&w->outage, &w->memory, &w->how, &w->known);
    if (w->n < 0)
        return EXIT_FAILURE;
    if (notes_read(&w->notes, w->how.dir, error, sizeof(error)) != 0) {
        complain("%s", error);
        return EXIT_FAILURE;
    }
    if (github_open(&w->g) != 0)
        return CLI_USAGE;
    escaped = curl_easy_escape(w->g.curl, w->status_label, 0);
    snprintf(path, sizeof(path), "/issues?state=open&labels=%.200s,automated&per_page=100",
             escaped);
    curl_free(escaped);
    w->issues = github_list(&w->g, path, NULL, NULL);
    if (w->issues)
        rc = settle_all(w);
    else
        complain("%s", w->g.error);
    printf("%d systems, %d opened, %d closed\n", w->n, w->opened, w->closed);
    json_decref(w->issues);
    github_close(&w->g);
    notes_free(&w->notes);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct work w = {.g = GITHUB_START,
                     .how = {.dir = "status-data",
                             .now_ms = clock_ms(), /* a check of this second counts */
                             .max_age_ms = 3600 * 1000,
                             .confirm_down = 2,
                             .confirm_up = 2},
                     .known.separator = ":"};
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &w.how.dir, "DIR", "folder of the data (status-data)"},
        {"confirm-down", FLAG_INT, &w.how.confirm_down, "N",
         "failed checks in a row before an issue is opened (2)", 1, OUTAGE_CONFIRM_MAX},
        {"confirm-up", FLAG_INT, &w.how.confirm_up, "N",
         "good checks in a row before it is closed (2)", 1, OUTAGE_CONFIRM_MAX},
        {"max-age", FLAG_MS, &w.how.max_age_ms, "TIME", "older checks say nothing (1h)", 1000,
         7 * 86400 * 1000},
        {"status-label", FLAG_TEXT, &w.status_label, "LABEL", "($STATUS_LABEL, status)"},
        {"system-labels", FLAG_LIST, &w.system_labels, "NAME,…",
         "systems to look at ($SYSTEM_LABELS), besides --config's; else all"},
        {"config", FLAG_TEXT, &w.config, "FILE", "systems that are watched (.monitorrc.json)"},
        GITHUB_FLAGS(w.g),
        {"dry-run", FLAG_SWITCH, &w.dry_run, NULL, "say what would be done"},
        {"as-of", FLAG_TIME, &w.how.now_ms, "TIME", "another time than now"},
        {NULL},
    };
    const char *env = getenv("STATUS_LABEL");
    int status = flags_read(self, flags, argc, argv);

    if (status >= 0)
        return status;
    if (!w.status_label)
        w.status_label = env && *env ? env : "status";
    status = known_systems(&w.known, &w.memory, w.config, &w.system_labels) == 0
                 ? work(&w)
                 : EXIT_FAILURE;
    arena_free(&w.memory);
    return status;
}

const struct command data_open_issues = {
    .name = "status-data open-issues",
    .args = "[OPTION…]",
    .summary = "GitHub issues for systems that are down",
    .help =
        "Opens one issue for a system whose newest checks say that it is down, with the\n"
        "labels status, critical, automated and its name; comments and closes it when the\n"
        "system is up again. A system in maintenance is left alone. The token is taken\n"
        "from GITHUB_TOKEN or GH_TOKEN only.\n",
    .run = run,
};
