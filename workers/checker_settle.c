/*
 * checker_settle: results and flips to the database, each of them once.
 *
 * One settle of a bucket is under way at a time. One whose answer was lost is sent again
 * with the same number and the same content; the database knows whether it has it. What
 * waits is bounded: plain results are dropped oldest first, a flip never is.
 */
#include "checker_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_MS    3000 /* a sign of life when there is nothing to tell */
#define SETTLE_ARGS 22
#define REFUSED_MAX 3

/* ---------------------------------------------------------------- results that wait */

static void clear(struct result *r)
{
    free(r->message);
    r->message = NULL;
}

/* Make room by an eighth: the oldest that are neither flips nor under way. */
static void thin(struct bucket *b)
{
    int drop = b->nresults / 8, to = b->sent, i;

    for (i = b->sent; i < b->nresults; i++) {
        if (drop > 0 && b->results[i].flip < 0) {
            drop--;
            b->c->figures.dropped++;
            continue;
        }
        b->results[to++] = b->results[i];
    }
    b->nresults = to;
}

static struct result *add(struct bucket *b)
{
    struct result *more;
    int room = b->room ? b->room * 2 : 256;

    if (b->nresults >= BUFFER_MAX)
        thin(b);
    if (b->nresults == b->room) {
        if (!(more = realloc(b->results, room * sizeof(*more)))) {
            b->c->figures.dropped++;
            return NULL;
        }
        b->results = more;
        b->room = room;
    }
    return &b->results[b->nresults++];
}

void settle_add(struct monitor *m, const struct probe_result *res, int64_t at_ms, bool flipped,
                int64_t since_ms)
{
    struct bucket *b = m->bucket;
    struct result *r = add(b);

    if (!r)
        return;
    r->at_ms = at_ms;
    r->slot = m->slot;
    r->status = (int16_t)res->status;
    r->reason = (int16_t)res->reason;
    r->code = (int16_t)res->code;
    r->total_us = (int32_t)res->total_us;
    memcpy(r->phase_us, res->phase_us, sizeof(r->phase_us));
    r->tls_not_after = res->tls_not_after;
    r->fails = verdict_pack(&m->verdict, &r->fail_ms);
    r->flip = flipped ? m->verdict.status : -1;
    r->flip_ms = since_ms;
    r->message = flipped && res->message[0] ? strdup(res->message) : NULL;
    if (!flipped)
        return;
    m->unsettled++;
    b->flipped = true;
    settle_send(b);
}

/* ---------------------------------------------------------------- as text */

/* Grows to what the largest batch needs and is used again. */
static struct text {
    char *bytes;
    size_t n, room;
} texts[SETTLE_ARGS];

static void put(struct text *t, const char *bytes, size_t n)
{
    size_t room = t->room ? t->room : 4096;
    char *more;

    while (room < t->n + n + 1)
        room *= 2;
    if (room > t->room) {
        if (!(more = realloc(t->bytes, room)))
            abort();
        t->bytes = more;
        t->room = room;
    }
    memcpy(t->bytes + t->n, bytes, n);
    t->n += n;
    t->bytes[t->n] = '\0';
}

static void put_int(struct text *t, int64_t v)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    *--p = t->n ? ',' : '{';
    put(t, p, digits + sizeof(digits) - p);
}

/* How long before now; a run of failures may be older than the type can say. */
static void put_age(struct text *t, int64_t now, int64_t at)
{
    put_int(t, now - at < INT32_MAX ? now - at : INT32_MAX);
}

static void put_null(struct text *t)
{
    put(t, t->n ? ",NULL" : "{NULL", 5);
}

static void put_text(struct text *t, const char *s)
{
    put(t, t->n ? ",\"" : "{\"", 2);
    for (; s && *s; s++) {
        if (*s == '"' || *s == '\\')
            put(t, "\\", 1);
        put(t, s, 1);
    }
    put(t, "\"", 1);
}

static void put_end(struct text *t)
{
    put(t, t->n ? "}" : "{}", t->n ? 1 : 2);
}

enum {
    SLOT,
    AGE,
    STATUS,
    REASON,
    CODE,
    TOTAL,
    PHASE,
    NOT_AFTER,
    FAILS,
    FAIL_AGE,
    FLIP_SLOT,
    FLIP_STATUS,
    FLIP_AGE,
    FLIP_REASON,
    FLIP_CODE,
    FLIP_MESSAGE,
    ARRAYS
};

static void put_result(const struct result *r, int64_t now)
{
    int i;

    put_int(&texts[SLOT], r->slot);
    put_age(&texts[AGE], now, r->at_ms);
    put_int(&texts[STATUS], r->status);
    put_int(&texts[REASON], r->reason);
    put_int(&texts[CODE], r->code);
    put_int(&texts[TOTAL], r->total_us);
    for (i = 0; i < 4; i++)
        put_int(&texts[PHASE], r->phase_us[i]);
    if (r->tls_not_after)
        put_int(&texts[NOT_AFTER], r->tls_not_after);
    else
        put_null(&texts[NOT_AFTER]);
    put_int(&texts[FAILS], r->fails);
    if (r->fails)
        put_age(&texts[FAIL_AGE], now, r->fail_ms);
    else
        put_null(&texts[FAIL_AGE]);
    if (r->flip < 0)
        return;
    put_int(&texts[FLIP_SLOT], r->slot);
    put_int(&texts[FLIP_STATUS], r->flip);
    put_age(&texts[FLIP_AGE], now, r->flip_ms);
    put_int(&texts[FLIP_REASON], r->reason);
    put_int(&texts[FLIP_CODE], r->code);
    put_text(&texts[FLIP_MESSAGE], r->message);
}

/* ---------------------------------------------------------------- the call */

void settle_accepted(struct bucket *b)
{
    int i;
    struct monitor *m;

    for (i = 0; i < b->sent; i++) {
        if (b->results[i].flip >= 0 && (m = b->slot[b->results[i].slot]) && m->unsettled > 0)
            m->unsettled--;
        clear(&b->results[i]);
    }
    if (b->sent > 0) {
        b->nresults -= b->sent;
        memmove(b->results, b->results + b->sent, b->nresults * sizeof(*b->results));
        b->batch++;
    }
    b->sent = b->refusals = b->most = 0;
    for (b->flipped = false, i = 0; i < b->nresults && !b->flipped; i++)
        b->flipped = b->results[i].flip >= 0;
}

/* What the database will never take (a defect) must not block what comes after it, and takes
 * nothing along: the batch is halved until it stands alone. Then it goes, and the verdicts
 * begin again from what the database knows, so that its flip is found once more. What cannot
 * be taken now (disk full, deadlock, a schema being changed) waits. */
static void refused(struct bucket *b, const PGresult *res)
{
    const char *state = db_sqlstate(res);

    b->acked_ms = b->sent_ms; /* it answers: nobody said that the bucket is another's */
    log_error("settle refused bucket=%d sqlstate=%s results=%d error=\"%s\"", b->id, state,
              b->sent, db_message(DB_REFUSED, res));
    if (strncmp(state, "22", 2) != 0 && strncmp(state, "23", 2) != 0)
        return;
    if (b->sent > 1) {
        b->most = b->sent / 2;
        b->sent = 0; /* nothing of it was applied: the next may be another */
        return;
    }
    if (++b->refusals < REFUSED_MAX)
        return;
    b->c->figures.dropped += b->sent;
    settle_accepted(b);
    load_anew(b);
}

static void settled(void *arg, enum db_end end, const PGresult *res)
{
    struct bucket *b = arg;
    struct checker *c = b->c;
    long long answer;

    b->settling = false;
    if (b->lost) {
        checker_drop(b, NULL);
        return;
    }
    if (end == DB_REFUSED)
        refused(b, res);
    if (end == DB_OK && b->sent_epoch == b->epoch) {
        answer = db_int(res, 0, 0, -1);
        c->figures.settles++;
        c->figures.settle_us += (mono_ms() - b->sent_ms) * 1000;
        if (answer == -1) {
            c->figures.fenced++;
            checker_drop(b, "another has it");
            return;
        }
        c->figures.settled += b->sent;
        b->acked_ms = b->sent_ms;
        settle_accepted(b); /* -2: it was accepted before, and the answer was lost */
        if (b->flipped || b->nresults >= BATCH_MAX)
            settle_send(b);
    }
    if (b->leaving && end != DB_REFUSED) /* else at the next tick */
        checker_drained(c);
}

void settle_send(struct bucket *b)
{
    static const char sql[] = "select work.settle($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,"
                              "$14,$15,$16,$17,$18,$19,$20,$21,$22)";
    char id[16], epoch[24], batch[24], ttl[16];
    const char *args[SETTLE_ARGS] = {b->c->w->id, b->c->w->conf->region, id, epoch, batch,
                                     ttl};
    int64_t now = mono_ms();
    int i, most = b->most ? b->most : BATCH_MAX;

    if (b->settling || b->lost || !db_online(b->c->w->db) ||
        (b->nresults == 0 && (b->leaving || now - b->sent_ms < RENEW_MS)))
        return;
    if (b->sent == 0) /* else the one whose answer was lost, as it was */
        b->sent = b->nresults < most ? b->nresults : most;
    snprintf(id, sizeof(id), "%d", b->id);
    snprintf(epoch, sizeof(epoch), "%lld", (long long)b->epoch);
    snprintf(batch, sizeof(batch), "%lld", (long long)b->batch + 1);
    snprintf(ttl, sizeof(ttl), "%d", TTL_MS);
    for (i = 0; i < ARRAYS; i++)
        texts[i].n = 0;
    for (i = 0; i < b->sent; i++)
        put_result(&b->results[i], now);
    for (i = 0; i < ARRAYS; i++) {
        put_end(&texts[i]);
        args[6 + i] = texts[i].bytes;
    }
    b->settling = true;
    b->sent_epoch = b->epoch;
    b->sent_ms = now;
    db_call(b->c->w->db, sql, SETTLE_ARGS, args, CALL_MS, settled, b);
}

void settle_free(struct bucket *b)
{
    int i;

    b->c->figures.dropped += b->nresults;
    for (i = 0; i < b->nresults; i++)
        clear(&b->results[i]);
    free(b->results);
    b->results = NULL;
    b->nresults = b->room = b->sent = 0;
}
