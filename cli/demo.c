/*
 * tocsin demo: fill an empty database with made-up monitors and their past.
 *
 * All that is in it is made by SQL (tocsin.demo_make); the demo role of tocsind goes on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "db.h"

static int run(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, 'd'},
                                            CLI_OPTIONS_END};
    const char *conninfo = NULL;
    int opt, status, made = -1;
    PGconn *db;

    while ((opt = cli_option(self, argc, argv, options, &status)) != -1)
        if (opt == 'd')
            conninfo = optarg;
    if (status != -1)
        return status;

    db = db_open(conninfo);
    if (db && db_become_owner(db) == 0) {
        if (db_number(db, "select tocsin.demo_on()::int") == 1)
            made = 0;
        else if (db_run(db, "select tocsin.demo_make()", "demo") == 0)
            made = 1;
    }
    PQfinish(db);
    if (made >= 0)
        puts(made ? "made up a demonstration" : "it is a demonstration already");
    return made < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command cmd_demo = {
    .name = "demo",
    .args = "[--database CONNINFO]",
    .summary = "fill an empty database with made-up data to look at",
    .help = "The database must have been migrated and have no account. Beside it belong\n"
            "`demo = yes` in tocsind.conf and `TocsinDemo On` in httpd's configuration.\n",
    .run = run,
};
