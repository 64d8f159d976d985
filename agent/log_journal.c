/*
 * log_tap's journald: `journalctl -o export`.
 *
 * It begins at a cursor with the line of it, which is then left out: were it asked for what is
 * behind, and the line gone, it would leave out another one and not tell.
 */
#include "log_export.h"
#include "log_tap_impl.h"
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 15000 /* of what does not follow */
#define ARGS_MAX    20

struct journal {
    struct run *run;
    struct log_export export;
    bool begun; /* the first line was seen */
};

static bool on_line(void *arg, const struct log_line *line)
{
    struct tap *t = arg;
    struct journal *j = t->own;

    if (!j->begun && t->cursor[0]) {
        j->begun = true;
        if (!strcmp(line->cursor, t->cursor))
            return true;
        if (t->spec.level >= LOG_LEVEL) /* else it may only have been left out */
            tap_gap(t);
    }
    return tap_line(t, line);
}

static size_t on_data(void *arg, const char *bytes, size_t n)
{
    struct tap *t = arg;
    struct journal *j = t->own;

    if (t->closed)
        return n;
    t->inside = true;
    log_export_feed(&j->export, bytes, n);
    t->inside = false;
    if (j->export.broken && !t->closed)
        kill(run_pid(j->run), SIGKILL); /* its end will tell */
    return n;
}

static void on_end(void *arg, const struct run_end *end)
{
    struct tap *t = arg;
    struct journal *j = t->own;
    char words[TAP_ERROR_MAX];

    j->run = NULL;
    if (j->export.stopped)
        return;
    if (j->export.broken)
        snprintf(words, sizeof(words), "what journalctl said cannot be read");
    else if (end->code == 0)
        words[0] = '\0';
    else if (end->late)
        snprintf(words, sizeof(words), "journalctl took too long");
    else if (end->signal)
        snprintf(words, sizeof(words), "journalctl was killed by signal %d", end->signal);
    else
        snprintf(words, sizeof(words), "journalctl: %.*s",
                 end->err[0] ? (int)strcspn(end->err, "\n") : 6,
                 end->err[0] ? end->err : "failed");
    tap_end(t, words[0] ? words : NULL);
}

static void add_time(const char *args[], int *n, char text[48], const char *option, int64_t us)
{
    snprintf(text, 48, "--%s=@%lld.%06lld", option, (long long)(us / 1000000),
             (long long)(us % 1000000));
    args[(*n)++] = text;
}

static int journal_open(struct tap *t)
{
    struct journal *j = calloc(1, sizeof(*j));
    const struct tap_spec *s = &t->spec;
    char cursor[LOG_CURSOR_MAX + 16], since[48], until[48], most[32], level[24];
    const char *args[ARGS_MAX] = {t->agent->conf->journalctl,           "-q", "-o",   "export",
                                  "--output-fields=" LOG_EXPORT_FIELDS, "-u", t->name};
    struct run_spec spec = {.argv = args,
                            .deadline_ms = s->follow ? 0 : DEADLINE_MS,
                            .data = on_data,
                            .end = on_end,
                            .arg = t};
    int n = 7;

    if (s->follow) {
        args[n++] = "-f";
        args[n++] = "--no-tail";
    }
    if (s->back)
        args[n++] = "-r";
    if (t->cursor[0]) {
        snprintf(cursor, sizeof(cursor), "--cursor=%s", t->cursor);
        args[n++] = cursor;
    }
    else if (s->since_us > 0 || !s->back) { /* all of it, or -f and -n begin at the end */
        add_time(args, &n, since, "since", s->since_us);
    }
    if (s->until_us > 0)
        add_time(args, &n, until, "until", s->until_us);
    if (s->back &&
        s->most > 0) { /* with the cursor's own line; forward it may mean the last */
        snprintf(most, sizeof(most), "-n%ld", s->most + 1);
        args[n++] = most;
    }
    if (s->level < LOG_LEVEL) { /* lines that say none are no worse than that */
        snprintf(level, sizeof(level), "-p0..%d", s->level & 7);
        args[n++] = level;
    }
    args[n] = NULL;
    j->export.line = on_line;
    j->export.arg = t;
    t->own = j;
    return (j->run = run_start(t->agent, &spec)) ? 0 : -1;
}

static void journal_pause(struct tap *t, bool pause)
{
    struct journal *j = t->own;

    if (j->run && pause)
        run_pause(j->run);
    else if (j->run)
        run_go_on(j->run);
}

static void journal_close(struct tap *t)
{
    struct journal *j = t->own;

    if (j->run)
        run_stop(j->run);
    log_export_free(&j->export);
    free(j);
}

const struct tap_kind tap_journal = {journal_open, journal_pause, journal_close};
