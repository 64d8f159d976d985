/*
 * db: one connection as the owner of the tables.
 *
 * What goes wrong is said on stderr by these functions; callers only give up.
 */
#ifndef TOCSIN_CLI_DB_H
#define TOCSIN_CLI_DB_H

#include <libpq-fe.h>

/*
 * Connect: conninfo, or TOCSIN_DATABASE, or what PGHOST, PGUSER and their like say.
 * NULL on failure. The caller closes it with PQfinish.
 */
PGconn *db_open(const char *conninfo);

/* Act as tocsin_owner, whoever connected. 0, or -1. */
int db_become_owner(PGconn *db);

/* Run one statement with text parameters. NULL on failure; PQclear what comes back. */
PGresult *db_query(PGconn *db, const char *sql, int nparams, const char *const *params);

/* Run statements that return nothing. `what` names them in errors, with the line where
 * the server says so: "schema/0001_ground.sql". 0, or -1. */
int db_run(PGconn *db, const char *sql, const char *what);

/* The first field of the first row as a number, -1 when there is none or on failure. */
long db_number(PGconn *db, const char *sql);

#endif
