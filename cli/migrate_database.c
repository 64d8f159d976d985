/* migrate_database: connects as the owner of the tables, and goes one way. */
#include "migrate_database.h"

#include "day.h"
#include "db.h"

const char *migrate_time(int64_t ms, char *out)
{
    if (ms == 0)
        return NULL;
    day_print_ms(ms, out);
    return out;
}

int migrate_database(struct migration *m, bool out)
{
    PGconn *db = db_open(m->database);
    int rv = -1;

    if (db && db_become_owner(db) == 0)
        rv = out ? migrate_export(m, db) : migrate_import(m, db);
    PQfinish(db);
    return rv;
}
