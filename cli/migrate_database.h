/* migrate_database: the two halves of status-data migrate that need PostgreSQL. */
#ifndef TOCSIN_CLI_MIGRATE_DATABASE_H
#define TOCSIN_CLI_MIGRATE_DATABASE_H

#include <libpq-fe.h>

#include "data_migrate.h"

int migrate_import(struct migration *m, PGconn *db);
int migrate_export(struct migration *m, PGconn *db);

/* A time of ours as PostgreSQL reads it; 25 bytes. NULL for 0. */
const char *migrate_time(int64_t ms, char *out);

#endif
