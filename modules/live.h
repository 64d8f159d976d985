/*
 * live: the parts of the event stream.
 *
 * One thread a child serves all its clients (live_loop.c, live_ask.c). A request becomes a
 * client when its handler returns SUSPENDED: httpd's worker is free again, and the
 * connection belongs to the thread, which writes to it, notices its end and closes it
 * (live_client.c). Clients of the same sight form a group, for which each message is
 * built once (live_group.c). Who may listen is asked anew each minute (live_access.c).
 * All of it is read over one connection that LISTENs (live_database.c).
 *
 * A client may have a source of its own instead of a group (live_feed.c).
 *
 * Only live_add() and live_stop() are called by other threads.
 */
#ifndef TOCSIN_LIVE_H
#define TOCSIN_LIVE_H

#include "mod_tocsin.h"
#include "buf.h"

#include <apr_hash.h>
#include <apr_ring.h>
#include <apr_time.h>
#include <libpq-fe.h>

#define LIVE_CURSOR_MAX 4000 /* longest that is taken; api.live gives at most 1 020 */
#define LIVE_RETRY_MS   2000 /* when a browser comes back by itself */

/* ---------------------------------------------------------------- live_text.c */

/* One message; data has no line break. */
void live_text_event(buf *t, const char *kind, const char *data);
/* The last message gets the cursor, so that who has it has all before it, too. */
void live_text_id(buf *t, const char *cursor);
/* The greeting, with the server's time. */
void live_text_hello(buf *t);

/* ---------------------------------------------------------------- live_access.c */

/* What one account may see with one session or token; shared by all its clients. */
typedef struct {
    char key[64]; /* "account/session", or token, or empty without either */
    int refs;
    enum { ACCESS_UNKNOWN, ACCESS_ALLOWED, ACCESS_DENIED } state;
    apr_int64_t scope; /* 0: everybody's; else this owner's */
    int asked;         /* part of the question under way */
} live_access;

void live_access_init(apr_pool_t *p);
live_access *live_access_get(apr_int64_t account, const char *session);
void live_access_release(live_access *a);
/* The question as two SQL arrays: of all, or only of those not known; returns how many. */
int live_access_question(int all, buf *accounts, buf *sessions);
void live_access_answer(const PGresult *rows);

/* ---------------------------------------------------------------- live_client.c */

typedef struct live_client live_client;
typedef struct live_group live_group;
typedef struct live_feed live_feed;

struct live_client {
    APR_RING_ENTRY(live_client) link;
    request_rec *r;
    conn_rec *c;
    apr_bucket_brigade *bb;
    int fd;
    int dead; /* nothing more can be written */
    apr_time_t since;
    apr_int64_t account;
    const char *session; /* or token; NULL: neither */
    const char *cursor;  /* told up to here before; NULL: new */
    live_access *access; /* from here on the thread's */
    live_group *group;   /* NULL while it waits for its greeting */
    live_feed *feed;     /* it has a source of its own, and no group */
};

APR_RING_HEAD(live_ring, live_client);

/* One that has heard nothing yet. */
live_client *live_client_make(request_rec *r, apr_int64_t account, const char *session);
/* Send the head; NULL when the client is gone already. */
live_client *live_client_new(request_rec *r, apr_int64_t account, const char *session,
                             const char *cursor);
/* Never blocks: -1 when the client is gone or so far behind that it does not fit. */
int live_client_write(live_client *client, const char *data, size_t len);
/* Whether httpd's worker has let go of the connection, so that it may be closed. */
int live_client_released(const live_client *client, apr_time_t now);
/* Ends request and connection; the client is gone after this. */
void live_client_close(live_client *client);

/* ---------------------------------------------------------------- live_group.c */

struct live_group {
    apr_int64_t scope;
    struct live_ring clients;
    int nclients;
    buf text;   /* what is to be said next */
    buf checks; /* "[1,1,20,1700000000,1],[…": the checks in it */
};

void live_group_init(apr_pool_t *p);
/* The group of a scope, NULL when nobody is in it. */
live_group *live_group_find(apr_int64_t scope);
void live_group_join(live_client *client, apr_int64_t scope);
void live_group_leave(live_client *client);
/* Call with every group; a group may empty itself. */
void live_group_each(void (*call)(live_group *g, void *arg), void *arg);
/* The owners of all groups as an SQL array; 0 when everybody's are wanted. */
int live_group_owners(buf *array);
/* Put an answer of api.live() into the groups' texts; says whether an account changed. */
int live_group_collect(const PGresult *rows);
/* The same for one group alone, which need not exist: a replay. */
void live_group_replay(const PGresult *rows, buf *text);

/* ---------------------------------------------------------------- live_feed.c */

/* Of the thread; the epoll set reports a source with a pointer that live_feed_of() knows. */
void live_feed_init(int epoll);
/* A client with a source, which is its own from now on. Nothing is sent yet. */
live_client *live_feed_new(request_rec *r, apr_int64_t account, const char *session,
                           const tocsin_feed *source);
void live_feed_add(live_client *client);
/* Whose source an epoll pointer stands for; NULL: it is no source. */
live_client *live_feed_of(void *ptr);
/* One of the two sockets is ready; the client may be gone after this. */
void live_feed_ready(live_client *client, unsigned events, int source);
/* Say bye at the end of its event, or now and then nothing when it is in the middle of one. */
void live_feed_end(live_client *client, const char *reason, int now);
void live_feed_end_all(const char *reason, int now);
/* The source goes. */
void live_feed_close(live_client *client);
/* Who is too slow, too silent or too old? */
void live_feed_tick(apr_time_t now);
/* Add to an SQL array those whose accounts' changes matter. */
void live_feed_owners(buf *array);
/* The question who may see what he listens to, as SQL arrays: of all, or only of those never
 * asked about; how many they are. */
int live_feed_question(int all, buf *accounts, buf *about);
void live_feed_answer(const PGresult *rows);
/* Those whose account or session has ended. */
void live_feed_denied(void);

/* ---------------------------------------------------------------- live_database.c */

typedef struct {
    const char *conninfo;
    int epoll;
    PGconn *conn;
    int fd;
    enum { DB_AWAY, DB_CONNECTING, DB_IDLE, DB_BUSY } state;
    int notified;        /* something happened since this was cleared */
    apr_time_t retry_at; /* DB_AWAY */
    apr_time_t deadline; /* DB_CONNECTING, DB_BUSY */
    int failing;         /* said in the log; not said again until it works */
    PGresult *rows;
    void (*answered)(const PGresult *rows); /* of the question under way */
    void (*up)(void);
    void (*down)(void);
} live_database;

/* The epoll set reports the connection with data.ptr = db. */
void live_database_init(live_database *db, const char *conninfo, int epoll);
/* Connect when it is time, give up what takes too long. */
void live_database_tick(live_database *db, apr_time_t now);
/* The socket is ready. */
void live_database_ready(live_database *db);
/* Ask; only while DB_IDLE. An error closes the connection, answered is not called. */
void live_database_ask(live_database *db, const char *sql, int nargs, const char *const *args,
                       void (*answered)(const PGresult *rows));
void live_database_close(live_database *db);

/* ---------------------------------------------------------------- live_loop.c and live_ask.c
 */

typedef struct {
    const char *conninfo;
    int max; /* clients a child */
    tocsin_counters *counters;
} live_settings;

/* What the thread's two files share; only the thread touches it after live_start(). */
typedef struct {
    live_settings set;
    live_database db;
    struct live_ring waiting;                             /* for the database's word */
    struct live_ring feeds;                               /* those with a source */
    enum { FEEDS_KNOWN, FEEDS_NEW, FEEDS_ALL } feeds_due; /* asked whether they may listen */
    char cursor[LIVE_CURSOR_MAX + 1]; /* told up to here; empty: nobody listens */
    apr_time_t asked_at, read_at, access_at;
    int resync;                   /* something may have been missed */
    const live_client *replaying; /* the client whose gap is being read */
} live_hub;

extern live_hub hub;

#define live_count(what, n) __atomic_fetch_add(&hub.set.counters->what, (n), __ATOMIC_RELAXED)

/* Write to one client; one that cannot take it is let go. */
void live_say(live_client *client, const char *data, size_t len);
/* What the groups' texts hold, to all of them. */
void live_say_what_is_new(void);
/* One message to everybody; cursor NULL: it does not count. */
void live_say_to_all(const char *kind, const char *data, const char *cursor);
/* `bye`: the browser comes back by itself; not all in the same moment. */
void live_dismiss(live_client *client, const char *reason);
/* Out of where it is, to be closed when httpd has let go. */
void live_leave(live_client *client);
/* The same for one that is gone. */
void live_drop(live_client *client);
/* Clients from handler to close. */
int live_reserved(void);

/* ---------------------------------------------------------------- live_ask.c */

/* Ask what is due, if nothing is being asked. */
void live_ask(apr_time_t now);
/* The connection is there, or was lost. */
void live_database_up(void);
void live_database_down(void);

/* ---------------------------------------------------------------- called by others */

apr_status_t live_start(apr_pool_t *pchild, const live_settings *settings);
/* Take over a suspended client. */
void live_add(live_client *client);
/* A place for a client: NULL, or why there is none, as a sentence. */
const char *live_reserve(void);
void live_unreserve(void);
/* Tell all clients to come back, and take no more; returns at once. */
void live_stop(void);

/* ---------------------------------------------------------------- live_slot.c */

/* In the parent, before children are made; 0 without memory. */
int live_slots_make(apr_pool_t *p);
/* In a child: a slot for it, and streams in it. */
void live_slot_take(apr_pool_t *pchild);
void live_slot_count(int n);
/* In a child: a stream with a source of this account more; 0: it has `most` already, or
 * there is no place to remember it. */
int live_slot_feed(apr_int64_t account, int most);
void live_slot_feed_gone(apr_int64_t account);
/* In the parent: a child is gone; how many streams it had not counted out. */
int live_slot_bury(pid_t pid);

/* ---------------------------------------------------------------- live_limits.c */

/* The text of a directive anywhere in the configuration, NULL when it is not there. */
const char *live_directive(apr_pool_t *p, const char *name);
/* How many streams a child may hold so that httpd goes on accepting others; warns when
 * the MPM's settings leave little room. wanted: TocsinLiveMax, 0 when not set. */
int live_limit(server_rec *s, apr_pool_t *p, int wanted);

/* ---------------------------------------------------------------- live_polled.c */

/* Answer what is new since the cursor and end: for HTTP/2 and other MPMs. */
int live_polled(request_rec *r, apr_int64_t account, const char *cursor);

/* Head of either answer. */
void live_head(request_rec *r);

#endif
