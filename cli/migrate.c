/*
 * tocsin migrate: bring a database to this release.
 *
 * Roles first (when allowed), then the numbered files that are new here, each in one
 * transaction, then every function and the grants in one more. A transaction-level
 * advisory lock is taken in each, so two at once only wait for one another, through
 * PgBouncer too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "db.h"
#include "sqldir.h"

#define SERVER_MIN 150000
#define LOCK       "select pg_catalog.pg_advisory_xact_lock(20261, 1)"

struct release {
    struct sqllist schema;    /* numbered, applied once */
    struct sqllist functions; /* replaced at every run: shared, api, work */
    struct sqllist tools;     /* in the order of enum tool */
};

enum tool { ROLES, DROP_ALL, FINISH, GRANTS };

static int tool_run(PGconn *db, const struct release *rel, enum tool tool)
{
    return db_run(db, rel->tools.files[tool].text, rel->tools.files[tool].name);
}

static void release_free(struct release *rel)
{
    sqllist_free(&rel->schema);
    sqllist_free(&rel->functions);
    sqllist_free(&rel->tools);
}

static int release_read(struct release *rel, const char *dir)
{
    if (sqllist_add(&rel->schema, dir, "schema") || sqllist_number(&rel->schema))
        return -1;
    if (rel->schema.count == 0) {
        complain("no migrations under '%s/schema': name the folder with --sql", dir);
        return -1;
    }
    if (sqllist_add(&rel->functions, dir, "shared") ||
        sqllist_add(&rel->functions, dir, "api") || sqllist_add(&rel->functions, dir, "work"))
        return -1;
    if (sqllist_add_file(&rel->tools, dir, "roles.sql") ||
        sqllist_add_file(&rel->tools, dir, "upgrade/drop.sql") ||
        sqllist_add_file(&rel->tools, dir, "upgrade/finish.sql") ||
        sqllist_add_file(&rel->tools, dir, "grants.sql"))
        return -1;
    return 0;
}

/* Roll back whatever is open; a connection that is gone needs none. */
static int give_up(PGconn *db)
{
    if (PQstatus(db) == CONNECTION_OK)
        PQclear(PQexec(db, "rollback"));
    return -1;
}

static int locked(PGconn *db)
{
    return db_run(db, "begin", NULL) || db_run(db, LOCK, NULL) ? -1 : 0;
}

static int check_server(PGconn *db)
{
    if (PQserverVersion(db) < SERVER_MIN) {
        complain("PostgreSQL %d is too old: %d or later is needed",
                 PQserverVersion(db) / 10000, SERVER_MIN / 10000);
        return -1;
    }
    if (strcmp(PQparameterStatus(db, "server_encoding"), "UTF8")) {
        complain("database '%s' is encoded in %s: create it with encoding 'UTF8'", PQdb(db),
                 PQparameterStatus(db, "server_encoding"));
        return -1;
    }
    return db_run(db, "set statement_timeout = 0; set lock_timeout = '30s'", NULL);
}

/* ---------------------------------------------------------------- roles */

static void print_roles_needed(PGconn *db, const char *dir)
{
    complain("'%s' may not create roles; let a superuser of this cluster run", PQuser(db));
    fprintf(stderr,
            "\n    create role tocsin_owner login;\n"
            "    create role tocsin_web login;\n"
            "    create role tocsin_work login;\n"
            "    alter database \"%s\" owner to tocsin_owner;\n\n"
            "in database '%s' (all that is in %s/roles.sql), then\n"
            "`tocsin migrate` again as tocsin_owner.\n",
            PQdb(db), PQdb(db), dir);
}

static int make_roles(PGconn *db, const struct release *rel, const char *dir)
{
    long may = db_number(db, "select 1 from pg_catalog.pg_roles where rolname = current_user"
                             " and rolsuper");
    long have = db_number(db, "select count(*) from pg_catalog.pg_roles where rolname in"
                              " ('tocsin_owner', 'tocsin_web', 'tocsin_work')");

    if (have < 0)
        return -1;
    if (may == 1) {
        if (locked(db) || tool_run(db, rel, ROLES) || db_run(db, "commit", NULL))
            return give_up(db);
        return 0;
    }
    if (have == 3)
        return 0;
    print_roles_needed(db, dir);
    return -1;
}

/* ---------------------------------------------------------------- numbered files */

/* The last migration this database has, 0 for an empty one, -1 on failure. */
static long level(PGconn *db)
{
    long exists = db_number(db, "select (to_regclass('tocsin.migration') is not null)::int");

    if (exists <= 0)
        return exists;
    return db_number(db, "select coalesce(max(number), 0) from tocsin.migration");
}

/* What is applied must be what this release has, byte for byte. */
static int check_applied(PGconn *db, const struct sqllist *schema, long have)
{
    PGresult *res;
    int i, rv = 0;

    if (have <= 0)
        return have < 0 ? -1 : 0;
    if (have > (long)schema->count) {
        complain("database '%s' is at migration %ld, this release knows %zu: "
                 "install the newer release",
                 PQdb(db), have, schema->count);
        return -1;
    }
    res =
        db_query(db, "select number, checksum from tocsin.migration order by number", 0, NULL);
    if (!res)
        return -1;
    for (i = 0; i < PQntuples(res); i++) {
        const struct sqlfile *file = &schema->files[atoi(PQgetvalue(res, i, 0)) - 1];

        if (strcmp(file->checksum, PQgetvalue(res, i, 1))) {
            complain("'%s' is not the file that was applied to database '%s': "
                     "a released migration is never edited",
                     file->name, PQdb(db));
            rv = -1;
        }
    }
    PQclear(res);
    return rv;
}

static int apply(PGconn *db, const struct sqllist *schema, const struct sqlfile *file)
{
    char number[12];
    const char *values[] = {number, file->name, file->checksum};
    long have;
    PGresult *res;

    if (locked(db))
        return give_up(db);
    have = level(db); /* another one may have been faster */
    if (have < 0 || check_applied(db, schema, have))
        return give_up(db);
    if (have >= file->number)
        return db_run(db, "commit", NULL);
    if (db_run(db, file->text, file->name))
        return give_up(db);
    snprintf(number, sizeof(number), "%d", file->number);
    res = db_query(db,
                   "insert into tocsin.migration (number, name, checksum) values ($1, $2, $3)",
                   3, values);
    PQclear(res);
    if (!res || db_run(db, "commit", NULL))
        return give_up(db);
    printf("applied %s\n", file->name);
    return 0;
}

/* ---------------------------------------------------------------- functions */

/* Bodies are checked by finish.sql, when all functions are there: files need no order. */
static const char prepare[] = "set local check_function_bodies = off;"
                              " select pg_catalog.pg_current_xact_id(); savepoint replace";

enum replaced { REPLACED, REPLACE_CHANGED, REPLACE_FAILED };

static enum replaced replace(PGconn *db, const struct sqllist *functions, int tell)
{
    size_t i;

    for (i = 0; i < functions->count; i++) {
        const struct sqlfile *file = &functions->files[i];
        PGresult *res = PQexec(db, file->text);
        const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
        int changed = state && !strcmp(state, "42P13");

        PQclear(res);
        if (!state)
            continue;
        if (changed && !tell)
            return REPLACE_CHANGED;
        /* once more for the message, in the same state */
        PQclear(PQexec(db, "rollback to savepoint replace"));
        for (size_t k = 0; k <= i; k++)
            if (db_run(db, functions->files[k].text, functions->files[k].name))
                break;
        return REPLACE_FAILED;
    }
    return REPLACED;
}

static int replace_functions(PGconn *db, const struct release *rel)
{
    long have;
    enum replaced rv;

    if (locked(db))
        return give_up(db);
    have = level(db);
    if (have < 0 || check_applied(db, &rel->schema, have) || db_run(db, prepare, NULL))
        return give_up(db);
    rv = replace(db, &rel->functions, 0);
    if (rv == REPLACE_CHANGED) {
        if (db_run(db, "rollback to savepoint replace", NULL) || tool_run(db, rel, DROP_ALL) ||
            db_run(db, "savepoint replace", NULL))
            return give_up(db);
        rv = replace(db, &rel->functions, 1);
    }
    if (rv != REPLACED || tool_run(db, rel, FINISH) || tool_run(db, rel, GRANTS) ||
        db_run(db, "commit", NULL))
        return give_up(db);
    return 0;
}

/* ---------------------------------------------------------------- the command */

static int print_status(PGconn *db, const struct sqllist *schema, int pending_only)
{
    long have = level(db);
    size_t i;

    if (have < 0 || check_applied(db, schema, have))
        return EXIT_FAILURE;
    for (i = 0; i < schema->count; i++) {
        int applied = schema->files[i].number <= have;

        if (!applied || !pending_only)
            printf("%s %s\n", applied ? "applied" : "pending", schema->files[i].name);
    }
    return EXIT_SUCCESS;
}

static int migrate(PGconn *db, const struct release *rel, const char *dir)
{
    long have;
    size_t i;

    if (make_roles(db, rel, dir) || db_become_owner(db))
        return EXIT_FAILURE;
    have = level(db);
    if (have < 0 || check_applied(db, &rel->schema, have))
        return EXIT_FAILURE;
    for (i = (size_t)have; i < rel->schema.count; i++)
        if (apply(db, &rel->schema, &rel->schema.files[i]))
            return EXIT_FAILURE;
    if (replace_functions(db, rel))
        return EXIT_FAILURE;
    printf("database '%s' is at migration %zu\n", PQdb(db), rel->schema.count);
    return EXIT_SUCCESS;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, 'd'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {"sql", required_argument, NULL, 's'},
                                            {"status", no_argument, NULL, 'l'},
                                            CLI_OPTIONS_END};
    const char *conninfo = NULL, *dir = SQLDIR;
    struct release rel = {0};
    int opt, status, list = 0, dry = 0;
    PGconn *db = NULL;

    while ((opt = cli_option(self, argc, argv, options, &status)) != -1) {
        switch (opt) {
        case 'd':
            conninfo = optarg;
            break;
        case 'n':
            dry = 1;
            break;
        case 's':
            dir = optarg;
            break;
        case 'l':
            list = 1;
            break;
        }
    }
    if (status != -1)
        return status;

    status = EXIT_FAILURE;
    if (release_read(&rel, dir) == 0 && (db = db_open(conninfo)) && check_server(db) == 0)
        status = list || dry ? print_status(db, &rel.schema, !list) : migrate(db, &rel, dir);
    PQfinish(db);
    release_free(&rel);
    return status;
}

const struct command cmd_migrate = {
    .name = "migrate",
    .args = "[--database CONNINFO] [--sql DIR] [--dry-run | --status]",
    .summary = "bring a database to this release",
    .help =
        "  --database CONNINFO  a libpq connection string or URI; without it "
        "TOCSIN_DATABASE,\n"
        "                       then PGHOST, PGDATABASE, PGUSER and their like\n"
        "  --sql DIR            where the SQL files are [" SQLDIR "]\n"
        "  --dry-run            print the migrations that would be applied, change nothing\n"
        "  --status             print every migration, applied or pending\n"
        "\n"
        "Connect as a superuser the first time (it makes the roles tocsin_owner, tocsin_web\n"
        "and tocsin_work), as tocsin_owner or a superuser later. Run it after every upgrade;\n"
        "it may run while the old release works, twice, or on several hosts at once.\n",
    .run = run,
};
