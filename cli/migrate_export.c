/* migrate_export: the database into the tree: checks day by day, then what people said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adopt.h"
#include "cli.h"
#include "day.h"
#include "db.h"
#include "file.h"
#include "migrate_database.h"
#include "status.h"

static enum state state_of(int status)
{
    switch (status) {
    case STATUS_UP:
        return STATE_UP;
    case STATUS_DEGRADED:
        return STATE_DEGRADED;
    case STATUS_DOWN:
        return STATE_DOWN;
    default:
        return STATE_MAINTENANCE;
    }
}

/* How many were new, or -1. */
static long export_day(struct migration *m, PGconn *db, const char *owner, int day)
{
    char date[11];
    const char *values[] = {owner, date};
    struct reading *r;
    PGresult *res;
    long added;
    int n;

    day_print(day, date);
    res = db_query(db, "select * from tocsin.export_checks($1, $2)", 2, values);
    if (!res)
        return -1;
    n = PQntuples(res);
    r = calloc((size_t)n + 1, sizeof(*r));
    if (!r)
        abort();
    for (int i = 0; i < n; i++)
        r[i] = (struct reading){
            .t = strtoll(PQgetvalue(res, i, 0), NULL, 10),
            .svc = PQgetvalue(res, i, 1),
            .state = state_of(atoi(PQgetvalue(res, i, 2))),
            .code = atoi(PQgetvalue(res, i, 3)),
            .lat = atoi(PQgetvalue(res, i, 4)),
            .err = PQgetisnull(res, i, 5) ? NULL : PQgetvalue(res, i, 5),
        };
    added = store_append_new(m->store, r, (size_t)n);
    if (added < 0)
        complain("%s", store_error(m->store));
    free(r);
    PQclear(res);
    return added;
}

static int export_checks(struct migration *m, PGconn *db, const char *owner)
{
    const char *values[] = {owner};
    PGresult *res = db_query(db, "select first, last from tocsin.export_days($1)", 1, values);
    int first, last, days = 0;
    long added = 0, n = 0;

    if (!res)
        return -1;
    if (day_parse(PQgetvalue(res, 0, 0), strlen(PQgetvalue(res, 0, 0)), &first) &&
        day_parse(PQgetvalue(res, 0, 1), strlen(PQgetvalue(res, 0, 1)), &last))
        for (int day = first; day <= last && n >= 0; day++) {
            n = export_day(m, db, owner, day);
            added += n;
            days += n > 0;
        }
    PQclear(res);
    if (n < 0)
        return -1;
    printf("checks: %ld new, of %d days\n", added, days);
    return 0;
}

/* Of days whose checks are gone, as many are made as there were. */
static int export_old_days(struct migration *m, PGconn *db, const char *owner)
{
    const char *values[] = {owner};
    PGresult *res = db_query(db, "select * from tocsin.export_old_days($1)", 1, values);
    int n = res ? PQntuples(res) : 0, rv = res ? 0 : -1, made = 0;

    for (int i = 0; i < n && rv >= 0; i++) {
        const char *date = PQgetvalue(res, i, 0);
        struct made_day day = {
            .svc = PQgetvalue(res, i, 1),
            .total = atoi(PQgetvalue(res, i, 2)),
            .failed = atoi(PQgetvalue(res, i, 3)),
            .outages = atoi(PQgetvalue(res, i, 4)),
            .ms = atoi(PQgetvalue(res, i, 5)),
        };

        if (!day_parse(date, strlen(date), &day.day))
            continue;
        if ((rv = store_make_day(m->store, &day)) < 0)
            complain("%s", store_error(m->store));
        made += rv > 0;
    }
    PQclear(res);
    if (made > 0)
        printf("days made of their numbers: %d\n", made);
    return rv < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- what people said */

/* Both lists as files in a folder of their own are read back by the one reader there is. */
static int read_exported(PGconn *db, const char *owner, struct notes *out, char *error,
                         size_t size)
{
    const char *values[] = {owner};
    PGresult *res = db_query(db,
                             "select j->'incidents', j->'maintenance' from "
                             "(select tocsin.export_notes($1) as j) x",
                             1, values);
    int rv;

    if (!res) {
        snprintf(error, size, "incidents and maintenance were not read");
        return -1;
    }
    rv = notes_parse(out, PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), error, size);
    PQclear(res);
    return rv;
}

static bool same(const struct note *a, const struct note *b)
{
    return !strcmp(a->title, b->title) && a->created_at == b->created_at &&
           a->starts_at == b->starts_at;
}

/* Those of the database, and of the files those that it does not have. For free(). */
static struct note *joined(const struct note *db, int dbs, const struct note *old, int olds,
                           int *n)
{
    struct note *all = calloc((size_t)dbs + (size_t)olds + 1, sizeof(*all));

    if (!all)
        abort();
    if (dbs > 0)
        memcpy(all, db, (size_t)dbs * sizeof(*all));
    *n = dbs;
    for (int i = 0; i < olds; i++) {
        bool known = false;

        for (int k = 0; k < dbs && !known; k++)
            known = same(&db[k], &old[i]);
        if (!known)
            all[(*n)++] = old[i];
    }
    return all;
}

static int export_notes(struct migration *m, PGconn *db, const char *owner)
{
    char error[4400] = "";
    struct note *incidents, *windows;
    struct notes fresh;
    int n, k, rv = 0;

    if (read_exported(db, owner, &fresh, error, sizeof(error)) < 0) {
        complain("%s", error);
        return -1;
    }
    incidents =
        joined(fresh.incident, fresh.incidents, m->notes.incident, m->notes.incidents, &n);
    windows = joined(fresh.window, fresh.windows, m->notes.window, m->notes.windows, &k);
    if (notes_write_incidents(m->dir, incidents, n, m->now / 1000, 0, error, sizeof(error)) <
            0 ||
        notes_write_maintenance(m->dir, windows, k, m->now / 1000, 0, error, sizeof(error)) <
            0) {
        complain("%s", error);
        rv = -1;
    }
    else
        printf("incidents: %d, maintenance: %d\n", n, k);
    free(incidents);
    free(windows);
    notes_free(&fresh);
    return rv;
}

int migrate_export(struct migration *m, PGconn *db)
{
    char owner[24] = "";
    const char *values[] = {m->owner};

    if (m->owner) {
        PGresult *res = db_query(db, "select tocsin.import_owner($1)", 1, values);

        if (!res)
            return -1;
        snprintf(owner, sizeof(owner), "%s", PQgetvalue(res, 0, 0));
        PQclear(res);
    }
    if (export_checks(m, db, m->owner ? owner : NULL) < 0 ||
        export_old_days(m, db, m->owner ? owner : NULL) < 0 ||
        export_notes(m, db, m->owner ? owner : NULL) < 0)
        return -1;
    if (store_current(m->store, m->now, false) < 0 ||
        store_summarize(m->store, m->now, 90) < 0) {
        complain("%s", store_error(m->store));
        return -1;
    }
    return 0;
}
