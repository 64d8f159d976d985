/*
 * checker_schedule: when each monitor is probed, and what becomes of the result.
 *
 * The heap holds who is due when. Whoever is due becomes ready, and is started as soon as
 * there is room: tarpits (slow last time) get three quarters of it at most, so that those
 * that answer are on time whatever the others do.
 */
#include "checker_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schedule.h"

#define GRAIN_MS   5 /* monitors that are due so close together are started together */
#define PULSE_MS   250
#define AGAIN_MS   1000 /* after a check that failed for reasons of our own */
#define TROUBLE_MS 60000
#define HALF_MS    10000
#define SLOW_MS    2000 /* an answer that takes so long keeps a place from others */

/* ---------------------------------------------------------------- lag */

/* Bins 0 to 15 are single milliseconds, then eight to each doubling. */
static int lag_bin(int64_t ms)
{
    int log = 0, bin;

    if (ms < 16)
        return ms < 0 ? 0 : (int)ms;
    while (ms >> (log + 1))
        log++;
    bin = 16 + (log - 4) * 8 + (int)((ms >> (log - 3)) & 7);
    return bin < LAG_BINS ? bin : LAG_BINS - 1;
}

/* The least value that is not in the bin any more. */
static int64_t lag_end(int bin)
{
    int log = 4 + (bin - 16) / 8;

    if (bin < 16)
        return bin + 1;
    return ((int64_t)(8 + (bin - 16) % 8 + 1)) << (log - 3);
}

int64_t lag_percentile(const struct figures *f, int percent)
{
    int64_t seen = 0, n = 0, want;
    int i;

    for (i = 0; i < LAG_BINS; i++)
        n += f->late[0][i] + f->late[1][i];
    want = (n * percent + 99) / 100;
    for (i = 0; i < LAG_BINS && n > 0; i++)
        if ((seen += f->late[0][i] + f->late[1][i]) >= want)
            return lag_end(i) - 1;
    return 0;
}

int64_t lag_within(const struct figures *f, int64_t ms)
{
    int64_t seen = 0;
    int i;

    for (i = 0; i < LAG_BINS && lag_end(i) - 1 <= ms; i++)
        seen += f->lag[i];
    return seen;
}

static void note_lag(struct checker *c, int64_t ms)
{
    struct figures *f = &c->figures;
    int64_t now = mono_ms();

    if (now - f->late_ms > HALF_MS) {
        f->late_ms = now;
        memcpy(f->late[1], f->late[0], sizeof(f->late[0]));
        memset(f->late[0], 0, sizeof(f->late[0]));
    }
    f->lag_n++;
    f->lag_ms += ms > 0 ? ms : 0;
    f->lag[lag_bin(ms)]++;
    f->late[0][lag_bin(ms)]++;
}

/* ---------------------------------------------------------------- due */

void schedule_arm(struct checker *c)
{
    struct heap_node *first = heap_first(&c->due);
    int64_t wait;
    struct timeval tv;

    if (!first || c->w->stopping) {
        event_del(c->timer);
        return;
    }
    wait = first->key - mono_ms();
    wait = wait <= 0 ? 0 : wait + GRAIN_MS - first->key % GRAIN_MS;
    tv.tv_sec = wait / 1000;
    tv.tv_usec = wait % 1000 * 1000;
    event_add(c->timer, &tv);
}

void schedule_at(struct monitor *m, int64_t due_ms)
{
    heap_set(&m->bucket->c->due, &m->due, due_ms);
}

void schedule_regular(struct monitor *m)
{
    int64_t offset = m->bucket->c->offset_ms;

    schedule_at(m, schedule_next(m->id, m->interval_ms, mono_ms() + offset) - offset);
}

static void make_ready(struct monitor *m, int64_t due)
{
    struct checker *c = m->bucket->c;
    int q = m->slow;

    m->wanted_ms = due;
    m->ready = true;
    m->next = NULL;
    *c->ready_end[q] = m;
    c->ready_end[q] = &m->next;
}

/* Out of the queue of the ready; rare, so it may walk. */
static void unready(struct monitor *m)
{
    struct checker *c = m->bucket->c;
    struct monitor **at;
    int q;

    for (q = 0; q < 2; q++)
        for (at = &c->ready[q]; *at; at = &(*at)->next)
            if (*at == m) {
                if (!(*at = m->next))
                    c->ready_end[q] = at;
                m->ready = false;
                return;
            }
}

void schedule_forget(struct monitor *m)
{
    struct checker *c = m->bucket->c;

    heap_remove(&c->due, &m->due);
    if (m->ready)
        unready(m);
    if (m->running) {
        probe_cancel(m->running);
        m->running = NULL;
        c->running--;
        c->running_slow -= m->slow;
    }
}

/* ---------------------------------------------------------------- a check */

/*
 * Without an accepted settle for so long another may have the bucket, unless the database
 * is away: then nobody can have taken it, and probing goes on into the buffer. What comes
 * of it is decided by the epoch.
 */
bool bucket_may_probe(const struct bucket *b)
{
    if (b->lost || b->leaving)
        return false;
    return !db_online(b->c->w->db) || mono_ms() - b->acked_ms < FENCE_MS;
}

static bool stood_still(const struct checker *c)
{
    return mono_ms() - c->pulse_ms > STALL_MS;
}

static void next_check(struct monitor *m, int raw, int64_t now)
{
    int64_t soon = now + m->recheck_ms;

    if (m->due.at != 0 && m->due.key <= now)
        return; /* asked for meanwhile */
    schedule_regular(m);
    if (verdict_open(&m->verdict, raw) && soon < m->due.key)
        schedule_at(m, soon);
}

/* It says nothing about the target: no result, and said in the log now and then. */
static void note_trouble(struct checker *c, const struct probe_result *res)
{
    int64_t now = mono_ms();

    if (res->reason != REASON_INTERNAL)
        return;
    c->figures.trouble++;
    if (now - c->figures.trouble_ms < TROUBLE_MS && c->figures.trouble_ms)
        return;
    c->figures.trouble_ms = now;
    log_error("checks fail for reasons of our own newest=\"%s\" total=%lld", res->message,
              (long long)c->figures.trouble);
}

static void ended(void *arg, const struct probe_result *res)
{
    struct monitor *m = arg;
    struct checker *c = m->bucket->c;
    int64_t now = mono_ms(), since = 0;
    bool flipped;

    m->running = NULL;
    c->running--;
    c->running_slow -= m->slow;
    if (stood_still(c) || res->reason == REASON_INTERNAL) {
        note_trouble(c, res);
        schedule_at(m, now + AGAIN_MS + schedule_spread(m->id, AGAIN_MS));
        schedule_arm(c);
        return;
    }
    c->figures.checks++;
    m->slow = res->total_us / 1000 > SLOW_MS;
    flipped = verdict_add(&m->verdict, res->status, m->retries, now, &since);
    settle_add(m, res, now, flipped, since);
    next_check(m, res->status, now);
    schedule_run(c);
}

static void start(struct monitor *m)
{
    struct checker *c = m->bucket->c;

    if (!bucket_may_probe(m->bucket)) {
        schedule_regular(m);
        return;
    }
    note_lag(c, mono_ms() - m->wanted_ms);
    if (!(m->running = probe_http_start(c->fetch, m->spec, 0, ended, m))) {
        schedule_at(m, mono_ms() + 100);
        return;
    }
    c->running++;
    c->running_slow += m->slow;
    schedule_regular(m); /* should this check still run then, that one is skipped */
}

static struct monitor *pop(struct checker *c, int q)
{
    struct monitor *m = c->ready[q];

    if (!(c->ready[q] = m->next))
        c->ready_end[q] = &c->ready[q];
    m->ready = false;
    return m;
}

static void start_ready(struct checker *c)
{
    int most_slow = c->most - (c->most + 3) / 4;

    while (c->running < c->most) {
        if (c->ready[0])
            start(pop(c, 0));
        else if (c->ready[1] && c->running_slow < (most_slow > 0 ? most_slow : 1))
            start(pop(c, 1));
        else
            break;
    }
}

void schedule_run(struct checker *c)
{
    int64_t now = mono_ms();
    struct heap_node *first;
    struct monitor *m;

    while (!c->w->stopping && (first = heap_first(&c->due)) && first->key <= now) {
        m = (struct monitor *)first;
        heap_remove(&c->due, first);
        if (m->running || m->ready) { /* still at the one before: this one is skipped */
            c->figures.skipped++;
            schedule_regular(m);
        }
        else {
            make_ready(m, first->key);
        }
    }
    if (!c->w->stopping)
        start_ready(c);
    schedule_arm(c);
}

static void on_timer(evutil_socket_t, short, void *arg)
{
    schedule_run(arg);
}

/*
 * After the process was stopped (a debugger, a suspended machine, no CPU) each probe that
 * ran has waited for us and not for its target: they are dropped and made again.
 */
static void on_pulse(evutil_socket_t, short, void *arg)
{
    struct checker *c = arg;
    bool stood = stood_still(c);
    int i, s, n = 0;
    struct monitor *m;

    for (i = 0; stood && i < c->nbuckets; i++)
        for (s = 0; s < c->bucket[i]->nslots; s++)
            if ((m = c->bucket[i]->slot[s]) && m->running) {
                schedule_forget(m);
                schedule_at(m, mono_ms() + schedule_spread(m->id, 1000));
                n++;
            }
    if (stood) {
        log_warning("stood still, checks that ran are made again stood_ms=%lld checks=%d",
                    (long long)(mono_ms() - c->pulse_ms), n);
        schedule_arm(c);
    }
    c->pulse_ms = mono_ms();
    if (c->w->stopping)
        checker_drained(c); /* a settle whose answer was lost is sent again */
}

int schedule_start(struct checker *c)
{
    static const struct timeval pulse = {0, PULSE_MS * 1000};
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    c->pulse_ms = mono_ms();
    c->offset_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - c->pulse_ms;
    c->ready_end[0] = &c->ready[0];
    c->ready_end[1] = &c->ready[1];
    c->timer = evtimer_new(c->w->base, on_timer, c);
    c->pulse = event_new(c->w->base, -1, EV_PERSIST, on_pulse, c);
    return c->timer && c->pulse ? event_add(c->pulse, &pulse) : -1;
}
