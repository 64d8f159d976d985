/*
 * live_database: one connection that listens and answers one question at a time,
 * without ever waiting for it.
 *
 * Whatever goes wrong has one end: the connection is closed, and another is tried a
 * quarter of a second later. A NOTIFY may have been lost meanwhile; the next reading
 * finds what it would have told of.
 */
#include "live.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <http_main.h>
#include <http_log.h>
#include <apr_strings.h>

APLOG_USE_MODULE(tocsin_live);

#define RETRY_AFTER apr_time_from_msec(250)
#define PATIENCE    apr_time_from_sec(5)

void live_database_init(live_database *db, const char *conninfo, int epoll)
{
    memset(db, 0, sizeof(*db));
    db->conninfo = conninfo;
    db->epoll = epoll;
    db->fd = -1;
}

static void watch(live_database *db, unsigned events)
{
    struct epoll_event ev = {.events = events, .data.ptr = db};
    int fd = PQsocket(db->conn);

    /* libpq may have closed its socket and got the same number again */
    if (epoll_ctl(db->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 && errno == ENOENT)
        epoll_ctl(db->epoll, EPOLL_CTL_ADD, fd, &ev);
    db->fd = fd;
}

void live_database_close(live_database *db)
{
    if (db->rows)
        PQclear(db->rows);
    if (db->conn)
        PQfinish(db->conn); /* takes the socket out of the epoll set */
    db->rows = NULL;
    db->conn = NULL;
    db->fd = -1;
    db->state = DB_AWAY;
}

/* why: a constant of ours or the server's words */
static void lose(live_database *db, const char *why)
{
    int was_up = db->state == DB_IDLE || db->state == DB_BUSY;

    if (!db->failing)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     "event stream: database is away: %s", why ? why : "no answer");
    db->failing = 1;
    live_database_close(db);
    db->retry_at = apr_time_now() + RETRY_AFTER;
    if (was_up)
        db->down();
}

static void listening(const PGresult *)
{
}

static void send_question(live_database *db)
{
    int left = PQflush(db->conn);

    if (left < 0)
        lose(db, PQerrorMessage(db->conn));
    else
        watch(db, left ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void live_database_ask(live_database *db, const char *sql, int nargs, const char *const *args,
                       void (*answered)(const PGresult *rows))
{
    db->answered = answered;
    db->deadline = apr_time_now() + PATIENCE;
    if (!PQsendQueryParams(db->conn, sql, nargs, NULL, args, NULL, NULL, 0)) {
        lose(db, PQerrorMessage(db->conn));
        return;
    }
    db->state = DB_BUSY;
    send_question(db);
}

static void connecting(live_database *db)
{
    switch (PQconnectPoll(db->conn)) {
    case PGRES_POLLING_READING:
        watch(db, EPOLLIN);
        break;
    case PGRES_POLLING_WRITING:
        watch(db, EPOLLOUT);
        break;
    case PGRES_POLLING_OK:
        PQsetnonblocking(db->conn, 1);
        live_database_ask(db, "listen tocsin_live", 0, NULL, listening);
        break;
    default:
        lose(db, PQerrorMessage(db->conn));
    }
}

/* All of the answer is there. */
static void answer(live_database *db)
{
    void (*answered)(const PGresult *) = db->answered;
    PGresult *rows = db->rows;
    ExecStatusType status = PQresultStatus(rows);

    db->rows = NULL;
    db->state = DB_IDLE;
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        lose(db, PQresultErrorField(rows, PG_DIAG_MESSAGE_PRIMARY));
    }
    else if (answered == listening) {
        if (db->failing)
            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf,
                         "event stream: database is back");
        db->failing = 0;
        db->up();
    }
    else {
        answered(rows);
    }
    PQclear(rows);
}

static void read_answer(live_database *db)
{
    PGresult *rows;
    PGnotify *n;

    if (!PQconsumeInput(db->conn)) {
        lose(db, PQerrorMessage(db->conn));
        return;
    }
    while ((n = PQnotifies(db->conn))) {
        db->notified = 1;
        PQfreemem(n);
    }
    if (db->state != DB_BUSY)
        return;
    while (!PQisBusy(db->conn)) {
        rows = PQgetResult(db->conn);
        if (!rows) {
            answer(db);
            return;
        }
        if (db->rows)
            PQclear(db->rows);
        db->rows = rows;
    }
    send_question(db); /* what of the question did not go out yet */
}

void live_database_ready(live_database *db)
{
    if (db->state == DB_CONNECTING)
        connecting(db);
    else if (db->state != DB_AWAY)
        read_answer(db);
}

void live_database_tick(live_database *db, apr_time_t now)
{
    if (db->state == DB_AWAY) {
        if (now < db->retry_at)
            return;
        db->conn = PQconnectStart(db->conninfo);
        db->deadline = now + PATIENCE;
        db->state = DB_CONNECTING;
        if (!db->conn || PQstatus(db->conn) == CONNECTION_BAD)
            lose(db, db->conn ? PQerrorMessage(db->conn) : "no memory");
        else
            watch(db, EPOLLOUT);
    }
    else if (db->state != DB_IDLE && now > db->deadline) {
        lose(db, "no answer");
    }
}
