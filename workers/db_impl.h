/*
 * db_impl: what the parts of db share: calls that wait (db_calls.c), the connection that
 * takes them one after the other (db.c).
 */
#ifndef TOCSIND_DB_IMPL_H
#define TOCSIND_DB_IMPL_H

#include "db.h"

#include <stdint.h>

struct call {
    struct call *next;
    char *sql;
    int nargs;
    char *args[DB_ARGS_MAX];
    int64_t deadline;
    db_done done;
    void *arg;
};

enum state { DOWN, CONNECTING, SETUP, UP };

struct db {
    struct event_base *base;
    struct db_hooks hooks;
    char *conninfo, *name, *listen;
    PGconn *conn;
    enum state state;
    struct event *io, *timer;
    short io_wants;
    int64_t deadline; /* of connecting and setting up; of the next try when down */
    int backoff_ms;
    unsigned connects;
    bool said; /* that it is away: once an absence */
    struct call *first, *last, *running;
    int waiting;
    PGresult *res; /* first result of the running call */
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t db_now(void);

/* p, or the end of the process: the master starts us again. */
void *db_need(void *p);

/* Set the one timer to the earliest of the deadlines. */
void db_arm(struct db *db);

/* End a call, which has been taken off the queue. */
void db_finish(struct call *c, enum db_end end, const PGresult *res);

/* End those that waited too long. */
void db_expire(struct db *db, int64_t now);

/* Send the first of those that wait; nothing runs now. */
void db_start_next(struct db *db);

#endif
