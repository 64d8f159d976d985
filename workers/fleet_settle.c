#include "fleet_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BATCH_MOST   400
#define BATCH_FIRST  50
#define BATCH_LEAST  10
#define SLOW_MS      1000
#define BATCH_BYTES  (4 * 1024 * 1024)
#define BUFFER_BYTES (48 * 1024 * 1024) /* while the database is away */
#define FLIP_MS      20                 /* what flips together is settled together */
#define SETTLE_MS    30000
#define KNOWN        (-2)
#define FENCED       (-1)

static void leave_when_done(struct fleet *f)
{
    if (f->w->stopping && !f->settles)
        worker_drained(f->w);
}

/* ---------------------------------------------------------------- waiting answers */

static void drop(struct fleet *f, struct answer **at)
{
    struct answer *a = *at;

    if (!(*at = a->next))
        f->last = at;
    f->answers--;
    f->buffered -= a->size;
    free(a->text);
    free(a);
}

void answers_drop(struct fleet *f)
{
    while (f->first)
        drop(f, &f->first);
    f->sent = 0;
    f->most = BATCH_FIRST;
}

/* Nobody misses a measurement as much as a change: those go last. */
static void make_room(struct fleet *f)
{
    while (f->buffered > BUFFER_BYTES && f->answers > f->sent) {
        struct answer **at = &f->first;
        int i = 0;

        while (i++ < f->sent)
            at = &(*at)->next;
        for (struct answer **n = at; *n; n = &(*n)->next)
            if (!(*n)->flip) {
                at = n;
                break;
            }
        drop(f, at);
        f->dropped++;
    }
}

void answers_add(struct fleet *f, long long host, bool flip, char *text)
{
    static const struct timeval soon = {0, FLIP_MS * 1000};
    struct answer *a = calloc(1, sizeof(*a));

    if (!a)
        abort();
    a->host = host;
    a->at_ms = mono_ms();
    a->flip = flip;
    a->text = text;
    a->size = strlen(text) + sizeof(*a);
    *f->last = a;
    f->last = &a->next;
    f->answers++;
    f->buffered += a->size;
    make_room(f);
    if (flip && !event_pending(f->flush, EV_TIMEOUT, NULL))
        event_add(f->flush, &soon);
}

/* ---------------------------------------------------------------- into the database */

/* Bad data in one answer must not keep back all others. */
static void refused(struct fleet *f, const PGresult *res)
{
    const char *state = db_sqlstate(res);
    bool data = !strncmp(state, "22", 2) || !strncmp(state, "23", 2);

    log_error("cannot settle answers n=%d sqlstate=%s error=\"%s\"", f->sent, state,
              db_message(DB_REFUSED, res));
    if (data && f->sent == 1) {
        log_error("answer dropped host=%lld", f->first->host);
        drop(f, &f->first);
        f->dropped++;
    }
    if (data)
        f->most = f->sent > 1 ? f->sent / 2 : 1;
    f->sent = 0;
    f->batch++; /* not applied, and the next is another one */
}

/* A busy database gets smaller batches: a settle keeps its rows locked, and the lease too. */
static void pace(struct fleet *f, int64_t took_ms)
{
    if (took_ms > SLOW_MS && f->most > BATCH_LEAST)
        f->most /= 2;
    else if (took_ms < SLOW_MS / 4 && f->most < BATCH_MOST)
        f->most *= 2;
}

static void settled(struct fleet *f, long long result)
{
    int n = f->sent;

    f->sent = 0;
    f->batch++;
    if (result == FENCED) {
        if (f->epoch == f->settle_epoch)
            fleet_fenced(f);
        return; /* else the lease had run out and is ours again: once more, with its epoch */
    }
    while (n-- > 0 && f->first)
        drop(f, &f->first);
    pace(f, mono_ms() - f->settle_ms);
}

static void on_settled(void *arg, enum db_end end, const PGresult *res)
{
    struct fleet *f = arg;

    f->settles = false;
    if (end == DB_OK) {
        settled(f, db_int(res, 0, 0, KNOWN));
        if (f->again || f->answers >= f->most)
            answers_settle(f);
    }
    else if (end == DB_REFUSED) {
        refused(f, res);
    }
    /* else the same batch again, under its number, as soon as the database is back */
    leave_when_done(f);
}

static void write_batch(struct fleet *f, buf *out)
{
    int64_t now = mono_ms();
    int n = 0;
    char head[80];

    buf_puts(out, "[");
    for (struct answer *a = f->first; a; a = a->next) {
        if (f->sent ? n == f->sent : n > 0 && (n >= f->most || out->len > BATCH_BYTES))
            break;
        snprintf(head, sizeof(head), "%s{\"host\":%lld,\"age_ms\":%lld,", n ? "," : "",
                 a->host, (long long)(now - a->at_ms));
        buf_puts(out, head);
        buf_puts(out, a->text + 1); /* without its brace */
        n++;
    }
    buf_puts(out, "]");
    f->sent = n;
}

void answers_settle(struct fleet *f)
{
    static buf answers;
    char epoch[24], batch[24];
    const char *args[] = {f->w->id, epoch, batch, NULL};

    f->again = f->settles;
    if (f->settles || !f->first || !f->epoch || !db_online(f->db))
        return;
    f->settles = true;
    f->settle_ms = mono_ms();
    f->settle_epoch = f->epoch;
    snprintf(epoch, sizeof(epoch), "%lld", f->epoch);
    snprintf(batch, sizeof(batch), "%lld", f->batch);
    buf_clear(&answers);
    write_batch(f, &answers);
    args[3] = buf_end(&answers);
    db_call(f->db, "select work.fleet_settle($1,$2,$3,$4)", 4, args, SETTLE_MS, on_settled, f);
}

static void on_flush(evutil_socket_t, short, void *arg)
{
    answers_settle(arg);
}

static void on_online(void *arg)
{
    answers_settle(arg);
}

int answers_start(struct fleet *f)
{
    struct db_hooks hooks = {.online = on_online, .arg = f};

    /* a settle may take a while: who renews his lease meanwhile keeps it */
    f->db = db_new(f->w->base, f->w->conf->database, "tocsind fleet answers", NULL, hooks);
    f->last = &f->first;
    f->most = BATCH_FIRST;
    f->batch = 1;
    return (f->flush = event_new(f->w->base, -1, 0, on_flush, f)) ? 0 : -1;
}

void answers_stop(struct fleet *f)
{
    event_del(f->flush);
    answers_settle(f);
    leave_when_done(f);
}
