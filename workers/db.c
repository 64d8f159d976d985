/* db: the connection: made, lost and made again; one call at a time goes over it. */
#include "db_impl.h"
#include "log.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define CONNECT_MS  3000
#define BACKOFF_MS  100 /* doubled to ... */
#define BACKOFF_MAX 700 /* ... so that work goes on within a second of "accepting" */
#define SETUP_MS    3000

static void step(struct db *db);

/* ---------------------------------------------------------------- the connection */

static void on_io(evutil_socket_t, short, void *arg)
{
    step(arg);
}

/* libpq may change its socket while it connects, so the event is made anew then. */
static void watch(struct db *db, short wants)
{
    int fd = PQsocket(db->conn);

    if (db->io && event_get_fd(db->io) == fd && db->io_wants == wants &&
        db->state != CONNECTING)
        return;
    if (db->io)
        event_free(db->io);
    db->io = db_need(event_new(db->base, fd, (short)(wants | EV_PERSIST), on_io, db));
    db->io_wants = wants;
    event_add(db->io, NULL);
}

static void drop(struct db *db)
{
    if (db->io)
        event_free(db->io);
    db->io = NULL;
    PQclear(db->res);
    db->res = NULL;
    PQfinish(db->conn);
    db->conn = NULL;
}

static void lost(struct db *db, const char *why)
{
    struct call *c = db->running;
    bool was_up = db->state == UP;

    if (!db->said)
        log_warning("database away reason=\"%.300s\"", why);
    db->said = true;
    drop(db);
    db->running = NULL;
    db->state = DOWN;
    db->backoff_ms = db->backoff_ms ? db->backoff_ms * 2 : BACKOFF_MS;
    if (db->backoff_ms > BACKOFF_MAX)
        db->backoff_ms = BACKOFF_MAX;
    db->deadline = db_now() + db->backoff_ms;
    if (c)
        db_finish(c, DB_LOST, NULL);
    if (was_up && db->hooks.offline)
        db->hooks.offline(db->hooks.arg);
    db_arm(db);
}

static void ignore_notice(void *, const char *)
{
}

static void connect_start(struct db *db)
{
    /* What stands before dbname are defaults: the administrator's string wins. */
    const char *const words[] = {"tcp_user_timeout",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "application_name",
                                 "dbname",
                                 NULL};
    const char *const values[] = {"3000", "10", "5", "3", db->name, db->conninfo, NULL};

    db->state = CONNECTING;
    db->deadline = db_now() + CONNECT_MS;
    db->conn = db_need(PQconnectStartParams(words, values, 1));
    if (PQstatus(db->conn) == CONNECTION_BAD) {
        lost(db, PQerrorMessage(db->conn));
        return;
    }
    PQsetNoticeProcessor(db->conn, ignore_notice, NULL);
    watch(db, EV_WRITE);
    db_arm(db);
}

static void flush(struct db *db)
{
    int r = PQflush(db->conn);

    if (r < 0)
        lost(db, PQerrorMessage(db->conn));
    else
        watch(db, r ? EV_READ | EV_WRITE : EV_READ);
}

/* A statement of a client that went away ends soon; then LISTEN. Notices are on the way
 * before the answer, so who reads after it misses nothing. */
static void setup(struct db *db)
{
    char sql[200];

    db->state = SETUP;
    db->deadline = db_now() + SETUP_MS;
    PQsetnonblocking(db->conn, 1);
    snprintf(sql, sizeof(sql), "set client_connection_check_interval = 2000%s%s",
             db->listen ? "; listen " : "", db->listen ? db->listen : "");
    if (!PQsendQuery(db->conn, sql))
        lost(db, PQerrorMessage(db->conn));
    else
        flush(db);
    db_arm(db);
}

static void connecting(struct db *db)
{
    switch (PQconnectPoll(db->conn)) {
    case PGRES_POLLING_READING:
        watch(db, EV_READ);
        break;
    case PGRES_POLLING_WRITING:
        watch(db, EV_WRITE);
        break;
    case PGRES_POLLING_OK:
        setup(db);
        break;
    default:
        lost(db, PQerrorMessage(db->conn));
    }
}

static void set_up(struct db *db)
{
    PGresult *res;

    while (!PQisBusy(db->conn)) {
        ExecStatusType status;

        if (!(res = PQgetResult(db->conn))) {
            db->state = UP;
            db->backoff_ms = 0;
            db->connects++;
            if (db->said)
                log_info("database back");
            db->said = false;
            if (db->hooks.online)
                db->hooks.online(db->hooks.arg);
            if (db->state == UP && !db->running)
                db_start_next(db);
            db_arm(db);
            return;
        }
        status = PQresultStatus(res);
        PQclear(res);
        if (status != PGRES_COMMAND_OK) {
            lost(db, PQerrorMessage(db->conn));
            return;
        }
    }
}

void db_start_next(struct db *db)
{
    struct call *c = db->first;

    if (!c)
        return;
    if (!(db->first = c->next))
        db->last = NULL;
    c->next = NULL;
    db->waiting--;
    db->running = c;
    if (!PQsendQueryParams(db->conn, c->sql, c->nargs, NULL, (const char *const *)c->args,
                           NULL, NULL, 0))
        lost(db, PQerrorMessage(db->conn));
    else
        flush(db);
}

/* An error that ends the connection leaves open what became of the statement. */
static bool is_end(const PGresult *res)
{
    const char *state = db_sqlstate(res);

    return !strncmp(state, "08", 2) || !strncmp(state, "57P", 3) || !*state;
}

static void answered(struct db *db)
{
    struct call *c = db->running;
    PGresult *res = db->res;
    ExecStatusType status = res ? PQresultStatus(res) : PGRES_FATAL_ERROR;

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && is_end(res)) {
        lost(db, db_message(DB_REFUSED, res));
        return;
    }
    db->running = NULL;
    db->res = NULL;
    db_finish(c, status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? DB_OK : DB_REFUSED,
              res);
    PQclear(res);
}

static void notices(struct db *db)
{
    PGnotify *n;

    while (db->conn && (n = PQnotifies(db->conn))) {
        if (db->hooks.notify)
            db->hooks.notify(db->hooks.arg, n->relname, n->extra);
        PQfreemem(n);
    }
}

static void working(struct db *db)
{
    PGresult *res;

    while (db->running && !PQisBusy(db->conn)) {
        if ((res = PQgetResult(db->conn))) {
            if (db->res)
                PQclear(res);
            else
                db->res = res;
            continue;
        }
        answered(db);
        if (db->state != UP)
            return;
        if (!db->running)
            db_start_next(db);
        if (db->state != UP)
            return;
        db_arm(db);
    }
    notices(db);
}

static void step(struct db *db)
{
    if (db->state == CONNECTING) {
        connecting(db);
        return;
    }
    if (!PQconsumeInput(db->conn)) {
        notices(db);
        lost(db, PQerrorMessage(db->conn));
        return;
    }
    if (db->io_wants & EV_WRITE)
        flush(db);
    if (db->state == SETUP)
        set_up(db);
    else if (db->state == UP)
        working(db);
    if (db->state == UP && PQstatus(db->conn) == CONNECTION_BAD)
        lost(db, PQerrorMessage(db->conn));
}

static void on_timer(evutil_socket_t, short, void *arg)
{
    struct db *db = arg;
    int64_t now = db_now();

    if (db->state == UP && db->running && db->running->deadline <= now)
        lost(db, "no answer before the deadline");
    else if (db->state == DOWN && db->deadline <= now)
        connect_start(db);
    else if (db->state != UP && db->state != DOWN && db->deadline <= now)
        lost(db, "no answer while connecting");
    db_expire(db, now);
    db_arm(db);
}

/* ---------------------------------------------------------------- outside */

struct db *db_new(struct event_base *base, const char *conninfo, const char *name,
                  const char *listen, struct db_hooks hooks)
{
    struct db *db = db_need(calloc(1, sizeof(*db)));

    db->base = base;
    db->hooks = hooks;
    db->conninfo = db_need(strdup(conninfo));
    db->name = db_need(strdup(name));
    db->listen = listen ? db_need(strdup(listen)) : NULL;
    db->timer = db_need(event_new(base, -1, 0, on_timer, db));
    db->deadline = db_now();
    db_arm(db);
    return db;
}

void db_free(struct db *db)
{
    struct call *c;

    if (!db)
        return;
    if (db->conn)
        drop(db);
    db->state = DOWN; /* callbacks that ask see that nothing goes out any more */
    if (db->running)
        db_finish(db->running, DB_LOST, NULL);
    while ((c = db->first)) {
        db->first = c->next;
        db_finish(c, DB_AWAY, NULL);
    }
    event_free(db->timer);
    explicit_bzero(db->conninfo, strlen(db->conninfo)); /* may hold a password */
    free(db->conninfo);
    free(db->name);
    free(db->listen);
    free(db);
}

bool db_online(const struct db *db)
{
    return db->state == UP;
}

int db_pending(const struct db *db)
{
    return db->waiting + (db->running != NULL);
}

unsigned db_connects(const struct db *db)
{
    return db->connects;
}
