/* db_calls: calls that wait for the connection, and their deadlines. */
#include "db_impl.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

int64_t db_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void *db_need(void *p)
{
    if (!p) {
        log_error("out of memory");
        abort(); /* the master starts us again */
    }
    return p;
}

static void call_free(struct call *c)
{
    for (int i = 0; i < c->nargs; i++)
        free(c->args[i]);
    free(c->sql);
    free(c);
}

void db_finish(struct call *c, enum db_end end, const PGresult *res)
{
    if (c->done)
        c->done(c->arg, end, res);
    else if (end != DB_OK)
        log_warning("call failed call=\"%.60s\" sqlstate=%s error=\"%s\"", c->sql,
                    db_sqlstate(res), db_message(end, res));
    call_free(c);
}

static struct call *call_new(const char *sql, int nargs, const char *const *args)
{
    struct call *c = db_need(calloc(1, sizeof(*c)));

    c->sql = db_need(strdup(sql));
    c->nargs = nargs;
    for (int i = 0; i < nargs; i++)
        c->args[i] = args[i] ? db_need(strdup(args[i])) : NULL;
    return c;
}

static void reject(evutil_socket_t, short, void *arg)
{
    db_finish(arg, DB_AWAY, NULL);
}

/* One timer for all: the earliest of the deadlines. */
void db_arm(struct db *db)
{
    int64_t at = db->state == UP ? INT64_MAX : db->deadline, in;
    struct timeval tv;

    if (db->running && db->running->deadline < at)
        at = db->running->deadline;
    for (const struct call *c = db->first; c; c = c->next)
        if (c->deadline < at)
            at = c->deadline;
    if (at == INT64_MAX) {
        event_del(db->timer);
        return;
    }
    in = at - db_now();
    if (in < 0)
        in = 0;
    tv.tv_sec = in / 1000;
    tv.tv_usec = in % 1000 * 1000;
    event_add(db->timer, &tv);
}

void db_call(struct db *db, const char *sql, int nargs, const char *const *args,
             int deadline_ms, db_done done, void *arg)
{
    struct call *c = call_new(sql, nargs, args);

    c->done = done;
    c->arg = arg;
    c->deadline = db_now() + deadline_ms;
    if (db->waiting >= DB_QUEUE_MAX) {
        static const struct timeval soon = {0, 0};

        event_base_once(db->base, -1, EV_TIMEOUT, reject, c, &soon);
        return;
    }
    if (db->last)
        db->last->next = c;
    else
        db->first = c;
    db->last = c;
    db->waiting++;
    if (db->state == UP && !db->running)
        db_start_next(db);
    db_arm(db);
}

/* Calls that waited too long never went out. Taken off first: a callback may add calls. */
void db_expire(struct db *db, int64_t now)
{
    struct call **at = &db->first, *c, *gone = NULL, **end = &gone;

    db->last = NULL;
    while ((c = *at)) {
        if (c->deadline <= now) {
            *at = c->next;
            c->next = NULL;
            *end = c;
            end = &c->next;
            db->waiting--;
        }
        else {
            db->last = c;
            at = &c->next;
        }
    }
    while ((c = gone)) {
        gone = c->next;
        db_finish(c, DB_AWAY, NULL);
    }
}
