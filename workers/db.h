/*
 * db: one PostgreSQL connection on a libevent loop, with deadlines of its own.
 *
 * Calls are queued and sent one after the other; each ends once, through its callback.
 * A lost connection comes back by itself (back-off 0.1 s to 0.7 s). libpq's own waiting is
 * never used: a server that is frozen still acknowledges packets, so the deadline is ours.
 */
#ifndef TOCSIND_DB_H
#define TOCSIND_DB_H

#include <stdbool.h>
#include <libpq-fe.h>
#include <event2/event.h>

#define DB_QUEUE_MAX 256 /* calls that may wait; the next is DB_AWAY at once */
#define DB_ARGS_MAX  24

struct db;

enum db_end {
    DB_OK,      /* res holds the rows */
    DB_REFUSED, /* the server answered with an error: nothing happened; res holds the error */
    DB_LOST,    /* sent, and no answer: it may have happened or not; res is NULL */
    DB_AWAY,    /* never sent: no connection before the deadline, or the queue is full */
};

/* res belongs to db and is cleared after the callback. The callback may make new calls. */
typedef void (*db_done)(void *arg, enum db_end end, const PGresult *res);

struct db_hooks {
    void (*online)(void *arg);  /* connected and listening; also after each reconnect */
    void (*offline)(void *arg); /* it was online and is not any more */
    void (*notify)(void *arg, const char *channel, const char *payload);
    void *arg;
};

/* Never fails but for memory: the connection is made by the loop. listen: a channel, or NULL.
 * name: application_name. */
struct db *db_new(struct event_base *base, const char *conninfo, const char *name,
                  const char *listen, struct db_hooks hooks);

/* Every waiting call ends DB_AWAY or DB_LOST first. */
void db_free(struct db *db);

/*
 * "select * from work.f($1,$2)" with text arguments (NULL is SQL's null), copied.
 * deadline_ms counts from now, waiting included. done may be NULL: an error is then
 * logged. Never calls done before it returns.
 */
void db_call(struct db *db, const char *sql, int nargs, const char *const *args,
             int deadline_ms, db_done done, void *arg);

bool db_online(const struct db *db);

/* Calls that wait or run. */
int db_pending(const struct db *db);

/* SQLSTATE and primary message of an error result; "" and a word for NULL. */
const char *db_sqlstate(const PGresult *res);
const char *db_message(enum db_end end, const PGresult *res);

/* The number that a column says, or another when it is null. */
long long db_int(const PGresult *res, int row, int col, long long otherwise);

/* Times connected, for the beat. */
unsigned db_connects(const struct db *db);

#endif
