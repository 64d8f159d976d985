/*
 * tocsin probe: checks the systems of .monitorrc.json and keeps what it found as plain files.
 *
 * A run asks all systems first and writes then, so that the lock is held for moments only:
 * one append, one rebuild, whatever happened to single systems.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "notes.h"
#include "options.h"
#include "probe.h"

static volatile sig_atomic_t ended;

static const char *method_flag = "GET", *maintenance_flag = "record";
static struct flag_list codes_flag, allow_flag;

/* ---------------------------------------------------------------- one run */

static void said(struct probe *p, struct result *r)
{
    char line[1024];

    probe_line(r, line, sizeof(line));
    puts(line);
    if (p->verbose && !r->window)
        printf("   %s %s: code %d, %d ms of at most %ld, timeout %ld ms%s%s\n",
               r->system->method, r->system->url, r->code, r->lat, r->system->max_ms,
               r->system->timeout_ms, *r->err ? ", " : "", r->err);
    fflush(stdout);
}

/* The systems of the command line or of the file; -1: said. */
static int read_systems(struct probe *p)
{
    struct system *one;

    if (!p->url)
        return monitorrc_read(&p->rc, p->config, &p->unset);
    p->rc.system = one = arena_alloc(&p->rc.memory, sizeof(*one));
    *one = p->unset;
    one->name = one->label = p->system;
    one->url = p->url;
    one->wrong = url_wrong(p->url);
    p->rc.n = 1;
    return 0;
}

/* A result for each that is to be checked; -1: said. */
static int pick(struct probe *p)
{
    size_t i;

    p->n = 0;
    if (!(p->result = calloc(p->rc.n + 1, sizeof(*p->result))))
        abort();
    for (i = 0; i < p->rc.n; i++)
        if (!p->system || !strcmp(p->system, p->rc.system[i].name))
            p->result[p->n++].system = &p->rc.system[i];
    if (p->n > 0)
        return 0;
    if (p->system)
        complain("%s: no system '%s'", p->config, p->system);
    else
        complain("%s: no systems to check", p->config);
    return -1;
}

/* By either name, case aside; a window that names nobody is everybody's. What begins when it
 * ends is checked again. */
static bool covers(const struct note *w, const struct system *s, int64_t now)
{
    int i;

    if (note_window_state(w, now) != WINDOW_IN_PROGRESS || now == w->ends_at)
        return false;
    for (i = 0; i < w->systems; i++)
        if (!strcasecmp(w->system[i], s->name) || !strcasecmp(w->system[i], s->label))
            return true;
    return w->systems == 0;
}

static const char *window_of(const struct notes *notes, const struct system *s, int64_t now)
{
    int i;

    for (i = 0; i < notes->windows; i++)
        if (covers(&notes->window[i], s, now))
            return notes->window[i].title;
    return NULL;
}

/* A maintenance.json that cannot be read is said, and stops no check. */
static void mark_maintenance(struct probe *p, struct notes *notes, int64_t now)
{
    char error[512];
    size_t i;

    if (notes_read(notes, p->dir, error, sizeof(error)) != 0)
        complain("probe: %s", error);
    else if (notes->bad)
        complain("probe: %s", notes->trouble);
    for (i = 0; i < p->n; i++) {
        struct result *r = &p->result[i];

        if ((r->window = window_of(notes, r->system, now / 1000))) {
            r->state = STATE_MAINTENANCE;
            r->t = now;
        }
    }
}

static int check_and_keep(struct probe *p)
{
    struct notes notes = {0};
    int rv;

    mark_maintenance(p, &notes, p->as_of ? p->as_of : clock_ms());
    if ((rv = probe_http(p, said)) == 0) {
        probe_summary(p);
        if (!p->dry_run)
            rv = probe_keep(p) || probe_outputs(p) ? -1 : 0;
    }
    fflush(stdout);
    notes_free(&notes);
    return rv;
}

static int run_once(struct probe *p)
{
    int rv = -1;

    if (read_systems(p) == 0 && pick(p) == 0)
        rv = check_and_keep(p);
    free(p->result);
    p->result = NULL;
    monitorrc_free(&p->rc);
    return rv;
}

/* ---------------------------------------------------------------- the loop */

static void on_signal(int)
{
    ended = 1;
}

/* A signal is looked at only while we wait, so that none is missed between. */
static void wait_until(const struct timespec *at)
{
    struct timespec now, left;
    sigset_t both, before;

    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, &before);
    while (!ended) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        left.tv_sec = at->tv_sec - now.tv_sec;
        left.tv_nsec = at->tv_nsec - now.tv_nsec;
        if (left.tv_nsec < 0) {
            left.tv_sec--;
            left.tv_nsec += 1000000000;
        }
        if (left.tv_sec < 0)
            break;
        pselect(0, NULL, NULL, NULL, &left, &before);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Rounds keep their distance from the first one, whatever each took; one that was missed is
 * not made up for. */
static int run_loop(struct probe *p)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct timespec at, now;

    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    clock_gettime(CLOCK_MONOTONIC, &at);
    while (!ended) {
        run_once(p); /* what failed was said; the next round may do better */
        clock_gettime(CLOCK_MONOTONIC, &now);
        do
            at.tv_sec += p->loop_s;
        while (at.tv_sec < now.tv_sec ||
               (at.tv_sec == now.tv_sec && at.tv_nsec <= now.tv_nsec));
        wait_until(&at);
    }
    return 0;
}

/* ---------------------------------------------------------------- the command */

/* A person chooses these systems, or whoever may change the file: his own networks are
 * theirs to watch, but what a machine tells about itself on link-local addresses is not. */
static const char *const own_networks[] = {
    "127.0.0.0/8",   "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
    "100.64.0.0/10", "198.18.0.0/15", "::1",           "fc00::/7",
};

static int set_guard(struct probe *p)
{
    size_t i;

    guard_init(&p->guard);
    for (i = 0; i < sizeof(own_networks) / sizeof(*own_networks); i++)
        guard_allow(&p->guard, own_networks[i]);
    for (i = 0; i < allow_flag.n; i++)
        if (guard_allow(&p->guard, allow_flag.item[i]) != 0) {
            complain("probe: --allow-target '%s': no address or network like 169.254.0.0/16",
                     allow_flag.item[i]);
            return -1;
        }
    return 0;
}

static int set_codes(struct probe *p)
{
    struct codes more;
    size_t i, j;

    if (codes_flag.n == 0) {
        codes_parse(&p->unset.expected, "200,301,302");
        return 0;
    }
    for (i = 0; i < codes_flag.n; i++) {
        if (!codes_parse(&more, codes_flag.item[i])) {
            complain("probe: --expected-codes '%s': no code between 100 and 599",
                     codes_flag.item[i]);
            return -1;
        }
        for (j = 0; j < sizeof(more.bit); j++)
            p->unset.expected.bit[j] |= more.bit[j];
    }
    return 0;
}

static int wrong(const char *what)
{
    complain("probe: %s", what);
    fprintf(stderr, "`tocsin probe --help` explains the flags.\n");
    return -1;
}

/* What the flags say together; -1: said. */
static int check_flags(struct probe *p)
{
    static char method[24];

    if (p->url && flags_given("config"))
        return wrong("--url and --config exclude each other");
    if (p->url && !p->system)
        return wrong("--url needs a --system to be called by");
    if (p->system && name_wrong(p->system))
        return wrong("--system is no name (text of up to 256 bytes)");
    if (!p->url && !flags_given("config") && access(p->config, R_OK) != 0)
        return wrong("neither --system and --url nor --config, and no " MONITORRC_FILE
                     " here");
    if (p->as_of && p->loop_s)
        return wrong("--as-of is for one run, not for a --loop");
    if (!method_take(method_flag, method, sizeof(method)))
        return wrong("--method is none");
    if (!strcmp(maintenance_flag, "skip"))
        p->skip_maintenance = true;
    else if (strcmp(maintenance_flag, "record") != 0)
        return wrong("--maintenance is 'record' or 'skip'");
    p->unset.method = method;
    return set_codes(p) || set_guard(p) ? -1 : 0;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct probe p = {
        .dir = "status-data",
        .config = MONITORRC_FILE,
        .unset = {.timeout_ms = 10000, .max_ms = 30000},
        .parallel = 1,
        .max_body = 1 << 20,
        .after = {REBUILD_UNSET},
    };
    const struct flag flags[] = {
        {"config", FLAG_TEXT, &p.config, "FILE", "systems to check (" MONITORRC_FILE ")"},
        {"system", FLAG_TEXT, &p.system, "NAME", "the one of --url, or only this one of FILE"},
        {"url", FLAG_TEXT, &p.url, "URL", "check this instead of a file's systems"},
        {"method", FLAG_TEXT, &method_flag, "METHOD", "how it is asked (GET)"},
        {"timeout", FLAG_MS, &p.unset.timeout_ms, "MS",
         "for all of a check: name, connection, answer (10000)", 1, MONITORRC_MS_MAX},
        {"expected-codes", FLAG_LIST, &codes_flag, "LIST",
         "HTTP codes that are good, like 200-299,401 (200,301,302)"},
        {"max-response-time", FLAG_MS, &p.unset.max_ms, "MS",
         "what is slower is degraded (30000)", 1, MONITORRC_MS_MAX},
        {"redirects", FLAG_INT, &p.unset.redirects, "N", "follow so many (0)", 0, 20},
        {"retries", FLAG_INT, &p.unset.retries, "N",
         "ask so often again before it is down (0)", 0, RETRIES_MOST},
        {"output-dir", FLAG_TEXT, &p.dir, "DIR", "folder of the files (status-data)"},
        {"parallel", FLAG_INT, &p.parallel, "N", "check so many at a time (1)", 1, 1000},
        {"loop", FLAG_INT, &p.loop_s, "SECONDS", "again and again, until told to end", 1,
         86400},
        {"maintenance", FLAG_TEXT, &maintenance_flag, "record|skip",
         "what is in maintenance gets a reading that says so, or none (record)"},
        {"max-body", FLAG_INT, &p.max_body, "BYTES", "read no more of an answer (1048576)", 0,
         1 << 30},
        {"allow-target", FLAG_LIST, &allow_flag, "LIST",
         "networks that may be dialled though they are link-local or reserved"},
        REBUILD_FLAGS(p.after),
        {"as-of", FLAG_TIME, &p.as_of, "TIME", "as if it were then"},
        {"dry-run", FLAG_SWITCH, &p.dry_run, NULL, "check and print, write nothing"},
        {"verbose", FLAG_SWITCH, &p.verbose, NULL, "say more of each check"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);

    if (status >= 0)
        return status;
    if (check_flags(&p) != 0)
        return CLI_USAGE;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    signal(SIGPIPE, SIG_IGN);
    status = p.loop_s ? run_loop(&p) : run_once(&p);
    curl_global_cleanup();
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command cmd_probe = {
    .name = "probe",
    .args = "[--config FILE | --system NAME --url URL] [OPTION…]",
    .summary = "check systems and keep the readings as plain files, with no server",
    .help =
        "A system is down when it does not answer with an expected code in time, degraded "
        "when\n"
        "it answers later than --max-response-time. What maintenance.json says to be in\n"
        "maintenance now is not checked. Times are in ms, or with a unit: 10s, 2m.\n\n"
        "Private and loopback addresses may be checked; link-local ones (where clouds keep\n"
        "their metadata), multicast and reserved ones only with --allow-target.\n\n"
        "Ends with 0 when all was checked and kept, also when systems are down; with 1 when\n"
        "nothing could be checked or kept, with 2 when called wrongly. In a GitHub workflow\n"
        "the step has outputs: commit_message, status, status_code, response_time (of the\n"
        "worst), systems (JSON, of all), and the names that are up, degraded, down and in\n"
        "maintenance, a line each.\n",
    .run = run,
};
