#include "db.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Notices ("already exists, skipping") are not for the reader of a command. */
static void quiet(void *, const PGresult *)
{
}

PGconn *db_open(const char *conninfo)
{
    const char *keys[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *values[] = {NULL, "tocsin", "UTF8", NULL};
    PGconn *db;

    if (!conninfo)
        conninfo = getenv("TOCSIN_DATABASE");
    values[0] = conninfo && *conninfo ? conninfo : NULL;
    db = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db) == CONNECTION_OK) {
        PQsetNoticeReceiver(db, quiet, NULL);
        return db;
    }
    complain("cannot connect to the database: %s", db ? PQerrorMessage(db) : "out of memory");
    PQfinish(db);
    return NULL;
}

static int line_of(const char *sql, const char *position)
{
    int line = 1;
    long left = position ? atol(position) : 0;

    while (--left > 0 && *sql)
        line += *sql++ == '\n';
    return line;
}

/* The server's first line, and its hint: it knows best what is wrong. */
static void say(const PGresult *res, PGconn *db, const char *sql, const char *what)
{
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);

    if (!message)
        message = PQerrorMessage(db);
    if (what && position)
        complain("%s:%d: %s", what, line_of(sql, position), message);
    else if (what)
        complain("%s: %s", what, message);
    else
        complain("%s", message);
    if (detail)
        complain("detail: %s", detail);
    if (hint)
        complain("hint: %s", hint);
}

PGresult *db_query(PGconn *db, const char *sql, int nparams, const char *const *params)
{
    PGresult *res = PQexecParams(db, sql, nparams, NULL, params, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(res);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return res;
    say(res, db, sql, NULL);
    PQclear(res);
    return NULL;
}

int db_run(PGconn *db, const char *sql, const char *what)
{
    PGresult *res = PQexec(db, sql);
    ExecStatusType status = PQresultStatus(res);
    int ok =
        status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;

    if (!ok)
        say(res, db, sql, what);
    PQclear(res);
    return ok ? 0 : -1;
}

long db_number(PGconn *db, const char *sql)
{
    PGresult *res = db_query(db, sql, 0, NULL);
    long number = -1;

    if (res && PQntuples(res) > 0 && !PQgetisnull(res, 0, 0))
        number = atol(PQgetvalue(res, 0, 0));
    PQclear(res);
    return number;
}

int db_become_owner(PGconn *db)
{
    if (db_number(db, "select 1 from pg_catalog.pg_roles where rolname = 'tocsin_owner'") !=
        1) {
        complain("this database has no role tocsin_owner: run `tocsin migrate` first");
        return -1;
    }
    if (!strcmp(PQuser(db), "tocsin_owner"))
        return 0;
    return db_run(db, "set role tocsin_owner", "cannot act as tocsin_owner");
}
