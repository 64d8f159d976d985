/* tocsin status-data sync: GitHub's issues become incidents.json and maintenance.json. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "day.h"
#include "file.h"
#include "git.h"
#include "github.h"
#include "github_issue.h"
#include "known.h"
#include "notes.h"
#include "rebuild.h"
#include "status_data.h"

#define ISSUES_MAX 50000

struct sync {
    struct github g;
    struct issue_rules rules;
    struct arena *memory;
    const char *dir, *config, *status_label;
    struct flag_list system_labels;
    bool write_incidents, write_maintenance, commit, no_cache;
    int64_t now;    /* seconds */
    json_t *issues; /* by number, each once */
    struct note *incident, *window;
    int incidents, windows, skipped;
};

/* Words of strangers, on one line. */
static const char *plain(struct sync *s, const char *text)
{
    char *out = arena_str(&s->memory, text), *p;

    for (p = out; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return out;
}

/* ---------------------------------------------------------------- reading */

/* All issues with a label: the open ones, and the closed ones that may still be kept. */
static int fetch(struct sync *s, const char *label)
{
    char path[1024], until[24], number[24], *escaped = curl_easy_escape(s->g.curl, label, 0);
    json_t *list, *one;
    size_t i;
    int state;

    day_print_s(s->now - (NOTES_KEEP_MAINTENANCE + 1) * (int64_t)DAY_S, until);
    for (state = 0; state < 2; state++) {
        snprintf(path, sizeof(path),
                 "/issues?state=%s&labels=%s&sort=updated&direction=desc&per_page=100",
                 state ? "closed" : "open", escaped);
        list = github_list(&s->g, path, NULL, state ? until : NULL);
        if (!list) {
            curl_free(escaped);
            return -1;
        }
        json_array_foreach(list, i, one)
        {
            snprintf(number, sizeof(number), "%lld",
                     (long long)json_integer_value(json_object_get(one, "number")));
            if (!json_object_get(one, "pull_request"))
                json_object_set(s->issues, number, one);
        }
        json_decref(list);
    }
    curl_free(escaped);
    return 0;
}

static int fetch_all(struct sync *s)
{
    size_t i;

    s->issues = json_object();
    if (fetch(s, s->status_label) != 0)
        return -1;
    for (i = 0; i < s->rules.maintenance.n; i++)
        if (fetch(s, s->rules.maintenance.item[i]) != 0)
            return -1;
    return 0;
}

/* Whether it will be written at all: nobody else's comments are asked for. */
static bool is_kept(const struct sync *s, const struct note *n, bool window)
{
    int64_t over = window ? n->ends_at : n->closed_at;
    int keep = window ? NOTES_KEEP_MAINTENANCE : NOTES_KEEP_INCIDENTS;

    return !over || over >= s->now - keep * (int64_t)DAY_S;
}

static int add_comments(struct sync *s, struct note *n, const json_t *issue)
{
    char path[128];
    json_t *list;

    if (json_integer_value(json_object_get(issue, "comments")) <= 0)
        return 0;
    snprintf(path, sizeof(path), "/issues/%lld/comments?per_page=100", (long long)n->id);
    /* of a closed issue they are as they were while the issue is */
    list = github_list(
        &s->g, path,
        n->closed_at ? json_string_value(json_object_get(issue, "updated_at")) : NULL, NULL);
    if (!list)
        return -1;
    issue_comments(n, &s->memory, list);
    json_decref(list);
    return 0;
}

static int take(struct sync *s, const json_t *issue)
{
    bool window = issue_is_window(issue, &s->rules);
    struct note *n = window ? &s->window[s->windows] : &s->incident[s->incidents];
    char why[300] = "";
    int rc = (window ? issue_window : issue_incident)(n, &s->memory, issue, &s->rules, why,
                                                      sizeof(why));

    if (rc < 0) {
        snprintf(s->g.error, sizeof(s->g.error), "%s", why);
        return -1;
    }
    if (rc == 0) {
        if (!n->closed_at) { /* of an old one nobody wants to hear at each run */
            complain("issue #%lld '%s' is left out: %s", (long long)n->id, plain(s, n->title),
                     plain(s, why));
            s->skipped++;
        }
        return 0;
    }
    if (!is_kept(s, n, window))
        return 0;
    if (window)
        s->windows++;
    else
        s->incidents++;
    return add_comments(s, n, issue);
}

static int take_all(struct sync *s)
{
    size_t n = json_object_size(s->issues);
    const char *number;
    json_t *issue;

    if (n > ISSUES_MAX) {
        snprintf(s->g.error, sizeof(s->g.error), "there are too many issues: %zu", n);
        return -1;
    }
    s->incident = arena_alloc(&s->memory, (n + 1) * sizeof(*s->incident));
    s->window = arena_alloc(&s->memory, (n + 1) * sizeof(*s->window));
    json_object_foreach(s->issues, number, issue)
    {
        if (take(s, issue) != 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- writing */

static int write_files(struct sync *s)
{
    char error[512];
    int a = 0, b = 0;

    if (s->write_incidents)
        a = notes_write_incidents(s->dir, s->incident, s->incidents, s->now,
                                  NOTES_KEEP_INCIDENTS, error, sizeof(error));
    if (a >= 0 && s->write_maintenance)
        b = notes_write_maintenance(s->dir, s->window, s->windows, s->now,
                                    NOTES_KEEP_MAINTENANCE, error, sizeof(error));
    if (a >= 0 && b >= 0)
        return 0;
    complain("%s", error);
    return -1;
}

/* What follows from these files where there are checks, too: status.json, status/v1. */
static int keep_up(const struct sync *s)
{
    const char *config = s->config ? s->config : MONITORRC_FILE;
    struct rebuild after = {REBUILD_UNSET, .dir = s->dir};
    struct monitorrc rc = {0};
    char path[4200];
    struct store *store;
    int rv = -1;

    snprintf(path, sizeof(path), "%.4000s/archives", s->dir);
    if (access(path, F_OK) != 0)
        return 0;
    if (access(config, R_OK) == 0 &&
        monitorrc_read(&rc, config, &(struct system){.method = "GET"}) == 0)
        after.rc = &rc;
    store = store_open(s->dir, true, DATA_LOCK_MS, path, sizeof(path));
    if (store)
        rv = rebuild(store, &after, s->now * 1000);
    else
        complain("%s", path);
    store_close(store);
    monitorrc_free(&rc);
    return rv;
}

static bool names(const struct note *n, const char *system)
{
    int i;

    for (i = 0; i < n->systems; i++)
        if (!strcmp(n->system[i], system))
            return true;
    return false;
}

/* Appends the systems that open incidents of this severity name; how many. */
static int affected(const struct sync *s, bool critical, buf *out)
{
    int i, k, j, n = 0;

    for (i = 0; i < s->incidents; i++) {
        const struct note *a = &s->incident[i];

        if (a->closed_at || critical != !strcmp(a->severity, "critical"))
            continue;
        for (k = 0; k < a->systems; k++) {
            for (j = 0; j < i; j++)
                if (!s->incident[j].closed_at && names(&s->incident[j], a->system[k]) &&
                    critical == !strcmp(s->incident[j].severity, "critical"))
                    break;
            if (j < i)
                continue;
            buf_puts(out, n++ ? ", " : "");
            buf_puts(out, a->system[k]);
        }
    }
    return n;
}

static int open_incidents(const struct sync *s, bool critical)
{
    int i, n = 0;

    for (i = 0; i < s->incidents; i++)
        n += !s->incident[i].closed_at &&
             (!critical || !strcmp(s->incident[i].severity, "critical"));
    return n;
}

static const char *commit_message(struct sync *s)
{
    buf t = {0};
    const char *out;

    buf_puts(&t, "🟥 Systems down: ");
    if (!affected(s, true, &t)) {
        buf_clear(&t);
        buf_puts(&t, "🟨 Systems degraded: ");
        if (!affected(s, false, &t)) {
            buf_clear(&t);
            buf_puts(&t, open_incidents(s, false) || !s->rules.systems
                             ? "📊 Update status data"
                             : "🟩 All systems operational");
        }
    }
    buf_puts(&t, " [skip ci]");
    out = plain(s, buf_end(&t));
    buf_free(&t);
    return out;
}

/* The outputs of a step of GitHub Actions. */
static void step_outputs(struct sync *s, const char *message)
{
    const char *path = getenv("GITHUB_OUTPUT");
    FILE *f = path && *path ? fopen(path, "a") : NULL;

    if (!f)
        return;
    fprintf(f, "commit_message=%s\nincidents_open=%d\ncritical=%s\n", message,
            open_incidents(s, false), open_incidents(s, true) ? "true" : "false");
    fclose(f);
}

static int finish(struct sync *s)
{
    const char *const files[] = {"incidents.json", "maintenance.json", "status.json", "status",
                                 NULL};
    const char *message = commit_message(s);

    printf("%d incidents (%d open), %d maintenance windows, %d left out; %d requests, %d "
           "unchanged\n",
           s->incidents, open_incidents(s, false), s->windows, s->skipped, s->g.requests,
           s->g.unchanged);
    step_outputs(s, message);
    if (s->commit && git_commit(s->dir, files, message) < 0) {
        complain("the files are written, but not committed");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int sync_run(struct sync *s)
{
    char error[512];
    int rc;

    if (file_mkdirs(s->dir, error, sizeof(error)) != 0) {
        complain("%s", error);
        return EXIT_FAILURE;
    }
    if (github_open(&s->g) != 0)
        return CLI_USAGE;
    if (!s->no_cache)
        github_cache_open(&s->g, s->dir);
    rc = fetch_all(s) == 0 && take_all(s) == 0 ? 0 : -1;
    if (!s->no_cache)
        github_cache_save(&s->g, s->dir, rc == 0);
    if (rc != 0)
        complain("%s; the files are as they were", plain(s, s->g.error));
    else if (write_files(s) != 0 || keep_up(s) != 0)
        rc = -1;
    rc = rc == 0 ? finish(s) : EXIT_FAILURE;
    json_decref(s->issues);
    github_close(&s->g);
    return rc;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct sync s = {.g = GITHUB_START, .dir = "status-data", .rules.separator = ":"};
    int64_t as_of = 0;
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &s.dir, "DIR", "folder of the data (status-data)"},
        {"write-incidents", FLAG_SWITCH, &s.write_incidents, NULL,
         "write incidents.json; without this and the next flag both are written"},
        {"write-maintenance", FLAG_SWITCH, &s.write_maintenance, NULL,
         "write maintenance.json"},
        {"status-label", FLAG_TEXT, &s.status_label, "LABEL",
         "of incidents ($STATUS_LABEL, status)"},
        {"maintenance-label", FLAG_LIST, &s.rules.maintenance, "LABEL,…",
         "of windows, any of them (maintenance,scheduled-maintenance)"},
        {"system-labels", FLAG_LIST, &s.system_labels, "NAME,…",
         "systems that labels may name ($SYSTEM_LABELS), besides --config's"},
        {"label-separator", FLAG_TEXT, &s.rules.separator, "TEXT",
         "between type and name of a label (:)"},
        {"config", FLAG_TEXT, &s.config, "FILE", "systems that are watched (.monitorrc.json)"},
        GITHUB_FLAGS(s.g),
        {"no-cache", FLAG_SWITCH, &s.no_cache, NULL, "ask for everything anew"},
        {"commit", FLAG_SWITCH, &s.commit, NULL, "commit what was written, with git"},
        {"as-of", FLAG_TIME, &as_of, "TIME", "another time than now"},
        {NULL},
    };
    static const char *const windows[] = {"maintenance", "scheduled-maintenance"};
    int status = flags_read(self, flags, argc, argv);

    if (status >= 0)
        return status;
    s.now = as_of ? as_of / 1000 : (int64_t)time(NULL);
    if (!s.status_label)
        s.status_label = getenv("STATUS_LABEL") && *getenv("STATUS_LABEL")
                             ? getenv("STATUS_LABEL")
                             : "status";
    if (!s.rules.maintenance.n)
        s.rules.maintenance = (struct flag_list){(const char **)windows, 2};
    if (!s.write_incidents && !s.write_maintenance)
        s.write_incidents = s.write_maintenance = true;
    status = known_systems(&s.rules, &s.memory, s.config, &s.system_labels) == 0
                 ? sync_run(&s)
                 : EXIT_FAILURE;
    arena_free(&s.memory);
    return status;
}

const struct command data_sync = {
    .name = "status-data sync",
    .args = "[OPTION…]",
    .summary = "incidents and maintenance out of GitHub issues",
    .help =
        "Issues with the status label are incidents; those with a maintenance label are\n"
        "windows, by the YAML at their beginning:\n\n"
        "    ---\n    start: @tomorrow 2am UTC\n    end: 2025-11-15T04:00:00Z\n"
        "    systems: [api, database]\n    ---\n\n"
        "The token is taken from GITHUB_TOKEN or GH_TOKEN only. When GitHub cannot be asked\n"
        "the files stay as they are and the exit status is 1.\n",
    .run = run,
};

const struct command data_update_status = {
    .name = "status-data update-status",
    .args = "[OPTION…]",
    .summary = "the old name of sync",
    .run = run,
};
