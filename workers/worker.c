#include "worker.h"
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TTL_S       10 /* without a beat for so long we count as dead */
#define CALL_MS     3000
#define BYE_MS      800
#define ORPHAN_MS   600 /* the master is gone: settle what is at hand, and leave */
#define COALESCE_MS 20  /* notices of one burst wake once */
#define NAME_TITLE  24

struct process {
    struct worker w; /* first: a worker is its process */
    const struct worker_conf *wc;
    struct event *tick, *wake, *orphan, *term, *intr, *last;
    unsigned why; /* collected for wake */
    bool known;   /* hello was answered on this connection */
    bool hello_runs, beat_runs, said_refused;
    bool bye;
    int64_t beat_ms; /* last beat or hello that was answered */
};

static const struct {
    const char *topic;
    enum wake bit;
} topics[] = {
    {"place", WAKE_PLACE},     {"monitor", WAKE_MONITOR}, {"check", WAKE_CHECK},
    {"test", WAKE_TEST},       {"outbox", WAKE_OUTBOX},   {"config", WAKE_CONFIG},
    {"publish", WAKE_PUBLISH}, {"fleet", WAKE_FLEET},
};

int64_t mono_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t mono_ms(void)
{
    return mono_us() / 1000;
}

void worker_uuid(char id[37])
{
    unsigned char b[16];

    if (getrandom(b, sizeof(b), 0) != sizeof(b))
        abort();
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    for (int i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        at += snprintf(id + at, 3, "%02x", b[i]);
    }
}

static void after(struct event *ev, int ms)
{
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    event_add(ev, &tv);
}

/* ---------------------------------------------------------------- waking the role */

static void wake_now(struct process *p, unsigned why)
{
    if (!p->w.stopping)
        p->w.role->wake(&p->w, why);
}

static void on_wake(evutil_socket_t, short, void *arg)
{
    struct process *p = arg;
    unsigned why = p->why;

    p->why = 0;
    wake_now(p, why);
}

static void on_notify(void *arg, const char *, const char *payload)
{
    struct process *p = arg;

    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        if (!strcmp(topics[i].topic, payload)) {
            p->why |= topics[i].bit;
            if (!event_pending(p->wake, EV_TIMEOUT, NULL))
                after(p->wake, COALESCE_MS);
        }
}

/* ---------------------------------------------------------------- hello, beat, bye */

static void on_hello(void *arg, enum db_end end, const PGresult *res)
{
    struct process *p = arg;

    p->hello_runs = false;
    if (end == DB_OK) {
        p->known = true;
        p->said_refused = false;
        p->beat_ms = mono_ms();
        wake_now(p, WAKE_ONLINE);
    }
    else if (end == DB_REFUSED && !p->said_refused) {
        p->said_refused = true; /* asked again each second, said once */
        log_error("the database refuses us sqlstate=%s error=\"%s\"", db_sqlstate(res),
                  db_message(end, res));
    }
}

static void hello(struct process *p)
{
    char host[256] = "", pid[16], ttl[8];
    const char *args[] = {p->w.id,         host, pid, p->w.role->name, p->w.conf->region,
                          PACKAGE_VERSION, "1",  ttl};

    if (p->hello_runs || p->bye)
        return;
    gethostname(host, sizeof(host) - 1);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    snprintf(ttl, sizeof(ttl), "%d", TTL_S);
    p->hello_runs = true;
    db_call(p->w.db, "select work.hello($1,$2,$3,$4,$5,$6,$7,$8)", 8, args, CALL_MS, on_hello,
            p);
}

static void on_beat(void *arg, enum db_end end, const PGresult *res)
{
    struct process *p = arg;

    p->beat_runs = false;
    if (end == DB_OK && PQntuples(res) == 1 && PQgetisnull(res, 0, 0))
        p->known = false; /* our row is gone */
    else if (end == DB_OK) {
        p->beat_ms = mono_ms();
        p->w.share = (int)db_int(res, 0, 0, -1);
    }
    else if (end == DB_REFUSED)
        log_warning("beat refused sqlstate=%s error=\"%s\"", db_sqlstate(res),
                    db_message(end, res));
}

static long resident_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return 0;
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void beat(struct process *p)
{
    char ttl[8], *stats;
    const char *args[] = {p->w.id, ttl, NULL};

    if (p->beat_runs || p->bye)
        return;
    snprintf(ttl, sizeof(ttl), "%d", TTL_S);
    json_object_set_new(p->w.stats, "rss_kb", json_integer(resident_kb()));
    json_object_set_new(p->w.stats, "db_connects", json_integer(db_connects(p->w.db)));
    json_object_set_new(p->w.stats, "db_waiting", json_integer(db_pending(p->w.db)));
    if (!(stats = json_dumps(p->w.stats, JSON_COMPACT)))
        return;
    args[2] = stats;
    p->beat_runs = true;
    db_call(p->w.db, "select work.beat($1,$2,$3)", 3, args, CALL_MS, on_beat, p);
    free(stats);
}

static void on_bye(void *arg, enum db_end, const PGresult *)
{
    struct process *p = arg;

    event_base_loopexit(p->w.base, NULL);
}

static void leave(struct process *p)
{
    const char *args[] = {p->w.id};

    if (p->bye)
        return;
    p->bye = true;
    if (db_online(p->w.db))
        db_call(p->w.db, "select work.bye($1)", 1, args, BYE_MS, on_bye, p);
    else
        event_base_loopexit(p->w.base, NULL);
}

void worker_drained(struct worker *w)
{
    leave((struct process *)w);
}

/* ---------------------------------------------------------------- the loop's events */

static void online(void *arg)
{
    struct process *p = arg;

    p->known = false;
    hello(p);
}

static void offline(void *arg)
{
    struct process *p = arg;

    p->known = false;
    wake_now(p, WAKE_OFFLINE);
}

static void on_tick(evutil_socket_t, short, void *arg)
{
    struct process *p = arg;

    if (p->wc->master_fd >= 0 && write(p->wc->master_fd, "B", 1) < 0 && errno == EPIPE)
        return; /* on_orphan sees it */
    /* frozen for longer than we count as alive: our row may have been taken away */
    if (p->known && mono_ms() - p->beat_ms > TTL_S * 1000)
        p->known = false;
    if (db_online(p->w.db)) {
        if (!p->known)
            hello(p);
        else
            beat(p);
    }
    wake_now(p, WAKE_TICK);
}

static void on_last(evutil_socket_t, short, void *arg)
{
    struct process *p = arg;

    if (p->bye) {
        event_base_loopexit(p->w.base, NULL);
        return;
    }
    log_warning("drain not finished in time");
    leave(p);
    after(p->last, BYE_MS);
}

static void stop(struct process *p, int most_ms)
{
    after(p->last, most_ms);
    if (p->w.stopping)
        return;
    p->w.stopping = true;
    if (p->w.role->stop)
        p->w.role->stop(&p->w);
    else
        leave(p);
}

static void on_signal(evutil_socket_t, short, void *arg)
{
    struct process *p = arg;

    if (!p->w.stopping)
        log_debug("stopping");
    stop(p, p->wc->drain_ms);
}

/* The master writes nothing: what comes is its end. */
static void on_orphan(evutil_socket_t fd, short, void *arg)
{
    struct process *p = arg;
    char c[16];
    ssize_t n = read(fd, c, sizeof(c));

    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    log_warning("the master is gone, leaving");
    event_del(p->orphan);
    stop(p, ORPHAN_MS);
}

/* ---------------------------------------------------------------- life */

void worker_database(struct worker *w, const struct tocsind_conf *conf)
{
    struct process *p = (struct process *)w;
    struct db_hooks hooks = {online, offline, on_notify, p};
    char name[NAME_TITLE + 16];

    db_free(w->db);
    p->hello_runs = p->beat_runs = p->known = false;
    w->conf = conf;
    snprintf(name, sizeof(name), "tocsind %.*s", NAME_TITLE, w->role->name);
    w->db =
        db_new(w->base, conf->database, name, conf->poll_only ? NULL : "tocsin_work", hooks);
}

static struct event *made(struct event *ev)
{
    if (!ev)
        abort();
    return ev;
}

static void make_events(struct process *p)
{
    static const struct timeval second = {1, 0};
    struct event_base *b = p->w.base;

    p->tick = made(event_new(b, -1, EV_PERSIST, on_tick, p));
    p->wake = made(event_new(b, -1, 0, on_wake, p));
    p->last = made(event_new(b, -1, 0, on_last, p));
    p->term = made(evsignal_new(b, SIGTERM, on_signal, p));
    p->intr = made(evsignal_new(b, SIGINT, on_signal, p));
    event_add(p->tick, &second);
    event_add(p->term, NULL);
    event_add(p->intr, NULL);
    if (p->wc->master_fd >= 0) {
        p->orphan = made(event_new(b, p->wc->master_fd, EV_READ | EV_PERSIST, on_orphan, p));
        event_add(p->orphan, NULL);
    }
}

static void unmake(struct process *p)
{
    struct event *all[] = {p->tick, p->wake, p->last, p->term, p->intr, p->orphan};

    db_free(p->w.db);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i])
            event_free(all[i]);
    event_base_free(p->w.base);
    json_decref(p->w.stats);
}

int worker_run(const struct worker_conf *wc)
{
    struct process p = {.wc = wc, .w = {.role = wc->role, .conf = wc->conf, .share = -1}};
    struct event_config *ec = event_config_new();
    sigset_t none;
    int r = 0;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* meant for the master, which takes it in its start() */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    snprintf(p.w.id, sizeof(p.w.id), "%s", wc->id);
    if (!ec || !(p.w.base = event_base_new_with_config(ec)) || !(p.w.stats = json_object()))
        abort();
    event_config_free(ec);
    make_events(&p);
    sigemptyset(&none); /* the master forks with signals blocked: from here on we take them */
    sigprocmask(SIG_SETMASK, &none, NULL);
    worker_database(&p.w, wc->conf);
    if (wc->role->start && wc->role->start(&p.w)) {
        r = 1;
    }
    else {
        if (wc->master_fd >= 0 && write(wc->master_fd, "R", 1) != 1)
            r = 1;
        event_base_dispatch(p.w.base);
    }
    unmake(&p);
    return r;
}
