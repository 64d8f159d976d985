/*
 * checker: probes the monitors of the buckets it holds.
 *
 * Each second it takes free buckets up to its share, looks for changed settings, and
 * settles what was found. A bucket that it holds is its own until another has it: the
 * database says so with the epoch, and until it does nothing is forgotten.
 */
#include "checker_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_ROOM 8 /* places for "test now" beside the monitors' */

/* ---------------------------------------------------------------- buckets */

static void set_epoch(struct bucket *b, const PGresult *res, int row, int64_t asked_ms)
{
    int64_t batch = db_int(res, row, 2, 0);

    /* taken again by ourselves: was the batch applied whose answer got lost? */
    if (b->sent > 0 && batch > b->batch)
        settle_accepted(b);
    b->epoch = db_int(res, row, 1, 0);
    b->batch = batch;
    b->acked_ms = asked_ms;
}

static void hold(struct checker *c, const PGresult *res, int row, int64_t asked_ms)
{
    int id = (int)db_int(res, row, 0, -1), i;
    struct bucket *b;

    for (i = 0; i < c->nbuckets; i++)
        if (c->bucket[i]->id == id) {
            set_epoch(c->bucket[i], res, row, asked_ms);
            return;
        }
    if (c->nbuckets == BUCKETS_MAX || !(b = calloc(1, sizeof(*b))))
        return; /* its lease runs out, another takes it */
    b->c = c;
    b->id = id;
    b->sent_ms = asked_ms;
    set_epoch(b, res, row, asked_ms);
    c->bucket[c->nbuckets++] = b;
    log_info("bucket acquired bucket=%d epoch=%lld", id, (long long)b->epoch);
    checker_load(b);
}

/* Its memory stays until the calls that carry it have come back. */
void checker_drop(struct bucket *b, const char *why)
{
    struct checker *c = b->c;
    int i;

    if (why)
        log_warning("bucket lost bucket=%d epoch=%lld why=\"%s\" results=%d", b->id,
                    (long long)b->epoch, why, b->nresults);
    if (!b->lost) {
        b->lost = true;
        load_forget(b);
        settle_free(b);
        for (i = 0; c->bucket[i] != b;)
            i++;
        c->bucket[i] = c->bucket[--c->nbuckets];
    }
    if (b->loading || b->settling || b->releasing)
        return;
    free(b->slot);
    free(b);
}

static void acquired(void *arg, enum db_end end, const PGresult *res)
{
    struct checker *c = arg;
    int i;

    c->acquiring = false;
    if (end == DB_REFUSED)
        log_error("cannot acquire buckets error=\"%s\"", db_message(end, res));
    if (end != DB_OK || c->w->stopping)
        return;
    for (i = 0; i < PQntuples(res); i++)
        hold(c, res, i, c->asked_ms);
    if (i > 0)
        c->w->share = -1; /* what the last beat said is older than this: wait for the next */
}

static void acquire(struct checker *c)
{
    char ttl[16];
    const char *args[] = {c->w->id, c->w->conf->region, ttl};

    if (c->acquiring || !db_online(c->w->db) || mono_ms() - c->online_ms < ONLINE_MS)
        return;
    snprintf(ttl, sizeof(ttl), "%d", TTL_MS);
    c->acquiring = true;
    c->asked_ms = mono_ms();
    db_call(c->w->db, "select bucket, epoch, batch from work.acquire($1,$2,$3)", 3, args,
            CALL_MS, acquired, c);
}

static void released(void *arg, enum db_end, const PGresult *)
{
    struct bucket *b = arg;
    struct checker *c = b->c;

    b->releasing = false;
    checker_drop(b, NULL); /* without an answer the lease runs out */
    checker_drained(c);
}

static void release(struct bucket *b)
{
    char id[16], epoch[24];
    const char *args[] = {b->c->w->id, b->c->w->conf->region, id, epoch};

    if (b->releasing)
        return;
    if (!db_online(b->c->w->db)) { /* nothing to be lost, and nobody to tell */
        checker_drop(b, NULL);
        return;
    }
    snprintf(id, sizeof(id), "%d", b->id);
    snprintf(epoch, sizeof(epoch), "%lld", (long long)b->epoch);
    b->releasing = true;
    db_call(b->c->w->db, "select work.release($1,$2,$3,$4)", 4, args, CALL_MS, released, b);
}

/* Stop probing a bucket, settle what is there, then give it back. */
static void leave(struct bucket *b)
{
    b->leaving = true;
    load_forget(b);
    settle_send(b);
}

/* One that leaves is not counted; one a second, so that the load moves gently. */
static void shed(struct checker *c)
{
    int i, held = 0;

    for (i = 0; i < c->nbuckets; i++)
        held += !c->bucket[i]->leaving;
    if (c->w->share < 0 || held <= c->w->share)
        return;
    for (i = c->nbuckets - 1; c->bucket[i]->leaving;)
        i--;
    log_info("bucket given back bucket=%d held=%d share=%d", c->bucket[i]->id, held,
             c->w->share);
    leave(c->bucket[i]);
}

/* What waits for the end of settles and releases, at the end or for a single bucket. */
void checker_drained(struct checker *c)
{
    struct bucket *b;
    int i;

    for (i = c->nbuckets - 1; i >= 0; i--) { /* a drop moves the last one to its place */
        b = c->bucket[i];
        if (!b->leaving || b->settling || b->loading)
            continue;
        if (b->nresults > 0)
            settle_send(b);
        else
            release(b);
    }
    if (c->w->stopping && c->nbuckets == 0)
        worker_drained(c->w);
}

/* ---------------------------------------------------------------- figures */

static void set(json_t *o, const char *name, int64_t v)
{
    json_object_set_new(o, name, json_integer(v));
}

static void tell(struct checker *c)
{
    static const struct {
        const char *name;
        int64_t ms;
    } bounds[] = {{"10", 10}, {"100", 100}, {"1000", 1000}, {"10000", 10000}};
    const struct figures *f = &c->figures;
    json_t *s = c->w->stats, *lag = json_object();
    int64_t buffered = 0, monitors = 0;
    size_t i;
    int k;

    for (k = 0; k < c->nbuckets; k++) {
        buffered += c->bucket[k]->nresults;
        monitors += c->bucket[k]->nmonitors;
    }
    for (i = 0; i < sizeof(bounds) / sizeof(*bounds); i++)
        set(lag, bounds[i].name, lag_within(f, bounds[i].ms));
    set(lag, "inf", f->lag_n);
    json_object_set_new(s, "lag_le_ms", lag);
    json_object_set_new(s, "lag_sum_s", json_real((double)f->lag_ms / 1000));
    set(s, "lag_p50_ms", lag_percentile(f, 50));
    set(s, "lag_p99_ms", lag_percentile(f, 99));
    json_object_set_new(s, "settle_seconds_sum", json_real((double)f->settle_us / 1e6));
    set(s, "settle_seconds_count", f->settles);
    set(s, "settle_total", f->settled);
    set(s, "checks_total", f->checks);
    set(s, "dropped_total", f->dropped);
    set(s, "fenced_total", f->fenced);
    set(s, "skipped_total", f->skipped);
    set(s, "trouble_total", f->trouble);
    set(s, "buckets", c->nbuckets);
    set(s, "monitors", monitors);
    set(s, "buffered", buffered);
    set(s, "running", c->running);
}

/* ---------------------------------------------------------------- the role */

static int count(const struct tocsind_conf *conf)
{
    return conf->demo ? 0 : conf->checkers;
}

static void each_bucket(struct checker *c, unsigned why)
{
    int i;

    for (i = 0; i < c->nbuckets; i++) {
        if (why & WAKE_ONLINE) /* a crashed server may give transaction numbers again */
            c->bucket[i]->rev[0] = '\0';
        if (why & (WAKE_TICK | WAKE_ONLINE))
            settle_send(c->bucket[i]);
        if (why & WAKE_ONLINE)
            load_anew(c->bucket[i]);
        else if (why & (WAKE_TICK | WAKE_MONITOR | WAKE_CHECK))
            checker_load(c->bucket[i]);
    }
}

static void wake(struct worker *w, unsigned why)
{
    struct checker *c = w->data;

    if (why & WAKE_OFFLINE)
        c->online_ms = INT64_MAX;
    /* who began while the database was away is no better than who waited for it */
    if (why & WAKE_ONLINE && (c->online_ms != 0 || mono_ms() - c->began_ms > ONLINE_MS))
        c->online_ms = mono_ms();
    each_bucket(c, why);
    if (why & (WAKE_TICK | WAKE_ONLINE | WAKE_PLACE | WAKE_MONITOR))
        acquire(c);
    if (why & (WAKE_TICK | WAKE_ONLINE | WAKE_TEST))
        test_claim(c);
    if (why & WAKE_TICK) {
        shed(c);
        checker_drained(c);
        tell(c);
    }
}

static void stop(struct worker *w)
{
    struct checker *c = w->data;
    int i;

    test_drop(c);
    for (i = 0; i < c->nbuckets; i++)
        leave(c->bucket[i]);
    checker_drained(c);
}

static int start(struct worker *w)
{
    const struct tocsind_conf *conf = w->conf;
    struct checker *c = calloc(1, sizeof(*c));
    char agent[256];
    struct guard guard;
    struct fetch_conf fetch = {.base = w->base, .guard = &guard, .user_agent = agent};
    int i;

    if (!c)
        return -1;
    guard_init(&guard);
    for (i = 0; i < conf->allow_target.n; i++)
        if (guard_allow(&guard, conf->allow_target.item[i]) != 0) {
            log_error("allow_target is no network value=%s", conf->allow_target.item[i]);
            return -1;
        }
    if (conf->public_url)
        snprintf(agent, sizeof(agent), "Tocsin/1.0 (+%.200s)", conf->public_url);
    else
        snprintf(agent, sizeof(agent), "Tocsin/1.0");
    c->w = w;
    c->began_ms = mono_ms();
    c->most = conf->concurrency;
    fetch.most = c->most + TESTS_ROOM;
    w->data = c;
    if (!(c->fetch = fetch_new(&fetch)) || schedule_start(c) != 0) {
        log_error("cannot start: out of memory, or a libcurl without what is needed");
        return -1;
    }
    return 0;
}

const struct role role_checker = {
    .name = "checker", .count = count, .start = start, .wake = wake, .stop = stop};
