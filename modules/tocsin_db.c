/*
 * tocsin_db: call SQL functions on mod_dbd's connections.
 *
 * mod_dbd only lends the PGconn, for one call: not for a request, whose client may read
 * slowly. It forgets that a reset connection has lost its statements, so those are
 * prepared here, at first use, and remembered together with the backend's pid. It logs
 * two lines for each failure to connect, so a breaker stands before it, one for all
 * children: after a failure nobody tries for a moment, then one thread does, and the
 * others are refused at once.
 */
#include <httpd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>
#include <apr_dbd.h>
#include <mod_dbd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

#define ARGS_MAX 8
#define DEADLINE apr_time_from_sec(8) /* a server that hangs; statement_timeout is less */
#define BREAK_US 100000               /* between two looks for a database that is away */
#define LOOK_US  3000000              /* more than a look takes, see server_learn() */

/* What is known of a pooled connection; lives in the connection's pool. */
typedef struct {
    int backend;
    apr_pool_t *pool;
    apr_hash_t *prepared; /* function → the function's name in the set's own memory */
} conn_state;

typedef struct {
    request_rec *r;
    ap_dbd_t *dbd;
    PGconn *conn;
    conn_state *state;
    int hung;
} lease;

typedef struct {
    const char *function;
    int write, nargs;
    const char *const *args;
} call;

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) * dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) * dbd_close;
static apr_int64_t *broken; /* in shared memory: not to be tried before; 0: all is well */
static const char *server;

void db_config(void)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
}

int db_loaded(void)
{
    return dbd_open && dbd_close;
}

void db_child_init(void)
{
    server = NULL;
}

apr_size_t db_memory_size(void)
{
    return sizeof(*broken);
}

void db_memory_attach(void *memory)
{
    broken = memory;
}

/* ---------------------------------------------------------------- the breaker */

/*
 * May this thread try? While broken only the one that moves the time on, and that one looks
 * first without mod_dbd, which would log it. A server that hangs keeps whoever looks for
 * seconds: nobody else looks meanwhile, nor for as long again.
 */
static int breaker_pass(void)
{
    apr_int64_t until = __atomic_load_n(broken, __ATOMIC_RELAXED), mine;
    apr_time_t now, took;
    const char *where;

    if (!until)
        return 1;
    now = apr_time_now();
    mine = now + LOOK_US;
    if ((now < until && until <= mine) || /* later than that: the clock was set back */
        !__atomic_compare_exchange_n(broken, &until, mine, 0, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
        return 0;
    where = __atomic_load_n(&server, __ATOMIC_ACQUIRE);
    if (!where || PQping(where) == PQPING_OK)
        return 1;
    took = apr_time_now() - now;
    if (took < BREAK_US || took > LOOK_US)
        took = took < BREAK_US ? BREAK_US : LOOK_US;
    /* unless somebody found it well meanwhile */
    __atomic_compare_exchange_n(broken, &mine, apr_time_now() + took, 0, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    return 0;
}

static void breaker_trip(request_rec *r)
{
    if (!__atomic_exchange_n(broken, apr_time_now() + BREAK_US, __ATOMIC_RELAXED))
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "database is away");
}

static void breaker_reset(request_rec *r)
{
    if (__atomic_load_n(broken, __ATOMIC_RELAXED) &&
        __atomic_exchange_n(broken, 0, __ATOMIC_RELAXED))
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r, "database is back");
}

/* Where the server is, for PQping: that needs no user and no password. */
static void server_learn(PGconn *conn)
{
    const char *host = PQhost(conn), *port = PQport(conn), *none = NULL;
    char *where;

    if (__atomic_load_n(&server, __ATOMIC_RELAXED) || !host || strpbrk(host, "\\'"))
        return;
    where = malloc(strlen(host) + strlen(port) + 64);
    if (!where)
        return;
    sprintf(where, "host='%s' port=%s connect_timeout=2", host, port);
    if (!__atomic_compare_exchange_n(&server, &none, where, 0, __ATOMIC_RELEASE,
                                     __ATOMIC_RELAXED))
        free(where);
}

/* ---------------------------------------------------------------- a connection */

static conn_state *state_get(lease *l)
{
    conn_state *state;
    void *v = NULL;

    apr_pool_userdata_get(&v, "tocsin-conn", l->dbd->pool);
    if (!(state = v)) {
        state = apr_pcalloc(l->dbd->pool, sizeof(*state));
        apr_pool_create(&state->pool, l->dbd->pool);
        apr_pool_userdata_setn(state, "tocsin-conn", NULL, l->dbd->pool);
        server_learn(l->conn);
    }
    if (!state->prepared || state->backend != PQbackendPID(l->conn)) {
        apr_pool_clear(state->pool);
        state->prepared = apr_hash_make(state->pool);
        state->backend = PQbackendPID(l->conn);
    }
    return state;
}

static int lease_reset(lease *l)
{
    COUNT(db_resets);
    PQreset(l->conn);
    return PQstatus(l->conn) == CONNECTION_OK;
}

static void notice_ignore(void *, const char *)
{
}

/* For a write read what an idle server has said: a farewell first, and only then the end
 * of file. A read is simply done again. */
static int lease_alive(lease *l, int write)
{
    struct pollfd fd = {.fd = PQsocket(l->conn), .events = POLLIN};

    PQsetNoticeProcessor(l->conn, notice_ignore, NULL); /* or it goes to stderr */
    while (write && PQstatus(l->conn) == CONNECTION_OK && poll(&fd, 1, 0) > 0)
        if (!PQconsumeInput(l->conn))
            return 0;
    return PQstatus(l->conn) == CONNECTION_OK && PQtransactionStatus(l->conn) == PQTRANS_IDLE;
}

/*
 * A connection in working order, or 0. A server that restarted has left its farewell in
 * the socket: reading it now saves a write from being sent to nobody, after which nobody
 * could say whether it was done. The first read gets the farewell, the second the end.
 */
static int lease_open(lease *l, request_rec *r, int write)
{
    if (!dbd_open || !breaker_pass()) {
        COUNT(db_refused);
        return 0;
    }
    l->dbd = dbd_open(r->pool, r->server);
    if (!l->dbd) {
        breaker_trip(r);
        return 0;
    }
    l->conn = apr_dbd_native_handle(l->dbd->driver, l->dbd->handle);
    if (!lease_alive(l, write) && !lease_reset(l)) {
        dbd_close(r->server, l->dbd);
        breaker_trip(r);
        return 0;
    }
    l->state = state_get(l);
    return 1;
}

static void lease_close(lease *l)
{
    if (PQtransactionStatus(l->conn) == PQTRANS_INTRANS ||
        PQtransactionStatus(l->conn) == PQTRANS_INERROR)
        PQclear(PQexec(l->conn, "rollback"));
    dbd_close(l->r->server, l->dbd);
}

/* The result of what was sent, or NULL: broken, or past the deadline (then broken too:
 * the next lease resets it). */
static PGresult *await(lease *l)
{
    apr_time_t end = apr_time_now() + DEADLINE;
    struct pollfd fd = {.fd = PQsocket(l->conn), .events = POLLIN};
    PGresult *res, *last = NULL;

    for (;;) {
        while (PQisBusy(l->conn)) {
            apr_time_t left = end - apr_time_now();

            if (left <= 0 || poll(&fd, 1, (int)apr_time_as_msec(left) + 1) == 0) {
                ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, l->r, "database does not answer");
                breaker_trip(l->r);
                l->hung = 1;
                shutdown(fd.fd, SHUT_RDWR);
            }
            if (!PQconsumeInput(l->conn)) {
                PQclear(last);
                return PQgetResult(l->conn);
            }
        }
        if (!(res = PQgetResult(l->conn)))
            return last;
        PQclear(last);
        last = res;
    }
}

static const char *statement(apr_pool_t *p, const call *c)
{
    char *sql = apr_pstrcat(p, "select * from api.", c->function, "(", NULL);

    for (int i = 1; i <= c->nargs; i++)
        sql = apr_psprintf(p, "%s%s$%d", sql, i > 1 ? "," : "", i);
    return apr_pstrcat(p, sql, ")", NULL);
}

static PGresult *prepare(lease *l, const call *c)
{
    PGresult *res = NULL;

    if (PQsendPrepare(l->conn, c->function, statement(l->r->pool, c), c->nargs, NULL))
        res = await(l);
    if (PQresultStatus(res) == PGRES_COMMAND_OK) {
        const char *name = apr_pstrdup(l->state->pool, c->function);

        apr_hash_set(l->state->prepared, name, APR_HASH_KEY_STRING, name);
    }
    return res;
}

static PGresult *execute(lease *l, const call *c)
{
    PGresult *res;

    if (!apr_hash_get(l->state->prepared, c->function, APR_HASH_KEY_STRING)) {
        res = prepare(l, c);
        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            return res;
        PQclear(res);
    }
    if (!PQsendQueryPrepared(l->conn, c->function, c->nargs, c->args, NULL, NULL, 0))
        return NULL;
    return await(l);
}

/* ---------------------------------------------------------------- a call */

static void forget(lease *l, const char *function)
{
    PGresult *res;
    char *sql;

    apr_hash_set(l->state->prepared, function, APR_HASH_KEY_STRING, NULL);
    sql = apr_pstrcat(l->r->pool, "deallocate \"", function, "\"", NULL);
    res = PQexec(l->conn, sql);
    PQclear(res);
}

/* Is a second try safe and of use? Puts the connection in order for it. */
static int again(lease *l, const call *c, const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (PQstatus(l->conn) != CONNECTION_OK) {
        if (c->write || l->hung)
            return 0;
        if (!lease_reset(l)) {
            breaker_trip(l->r);
            return 0;
        }
        l->state = state_get(l);
        return 1;
    }
    if (!state)
        return 0;
    if (!strcmp(state, "0A000") || !strcmp(state, "26000")) { /* the function was replaced */
        forget(l, c->function);
        return 1;
    }
    return sqlstate_transient(state);
}

static int failed(const PGresult *res)
{
    return PQresultStatus(res) != PGRES_TUPLES_OK;
}

static PGresult *run(request_rec *r, const call *c)
{
    lease l = {.r = r};
    PGresult *res;

    COUNT(db_calls);
    if (!lease_open(&l, r, c->write))
        return NULL;
    res = execute(&l, c);
    if (failed(res) && again(&l, c, res)) {
        PQclear(res);
        res = execute(&l, c);
    }
    if (PQstatus(l.conn) == CONNECTION_OK)
        breaker_reset(r);
    else if (!failed(res) || !PQresultErrorField(res, PG_DIAG_SQLSTATE)) {
        PQclear(res);
        res = NULL;
    }
    if (failed(res))
        COUNT(db_errors);
    lease_close(&l);
    return res;
}

static apr_status_t result_clear(void *res)
{
    PQclear(res);
    return APR_SUCCESS;
}

static int query(request_rec *r, const call *c, PGresult **out)
{
    PGresult *res = run(r, c);

    *out = NULL;
    if (!res)
        return problem_away(r);
    apr_pool_cleanup_register(r->pool, res, result_clear, apr_pool_cleanup_null);
    if (failed(res))
        return sqlstate_reply(r, c->function, res);
    *out = res;
    return OK;
}

int tocsin_rows(request_rec *r, const char *function, int nargs, const char *const *args,
                struct pg_result **res)
{
    call c = {.function = function, .nargs = nargs, .args = args};

    return query(r, &c, res);
}

int tocsin_rows_try(request_rec *r, const char *function, int nargs, const char *const *args,
                    struct pg_result **res)
{
    call c = {.function = function, .write = 0, .nargs = nargs, .args = args};

    *res = run(r, &c);
    if (!*res)
        return HTTP_SERVICE_UNAVAILABLE;
    apr_pool_cleanup_register(r->pool, *res, result_clear, apr_pool_cleanup_null);
    if (!failed(*res))
        return OK;
    return sqlstate_log(r, function, *res);
}

int tocsin_call(request_rec *r, int write, const char *function, int nargs,
                const char *const *args, const char **json, apr_size_t *len)
{
    call c = {.function = function, .write = write, .nargs = nargs, .args = args};
    PGresult *res;
    int status = query(r, &c, &res);

    if (write) /* also when it failed: what became of it may be unknown */
        __atomic_fetch_add(&tocsin_counters_get()->writes, 1, __ATOMIC_RELEASE);
    *json = NULL;
    *len = 0;
    if (status != OK)
        return status;
    if (PQntuples(res) > 0 && !PQgetisnull(res, 0, 0)) {
        *json = PQgetvalue(res, 0, 0);
        *len = (apr_size_t)PQgetlength(res, 0, 0);
    }
    return OK;
}
