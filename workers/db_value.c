/* db_value: reading a result's columns and errors. */
#include "db.h"

#include <stdlib.h>

const char *db_sqlstate(const PGresult *res)
{
    const char *s = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;

    return s ? s : "";
}

/* The primary message only: DETAIL quotes rows, and rows hold secrets. */
const char *db_message(enum db_end end, const PGresult *res)
{
    const char *s = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    if (s)
        return s;
    return end == DB_AWAY   ? "no connection"
           : end == DB_LOST ? "connection lost"
                            : "no message";
}

long long db_int(const PGresult *res, int row, int col, long long otherwise)
{
    return PQgetisnull(res, row, col) ? otherwise
                                      : strtoll(PQgetvalue(res, row, col), NULL, 10);
}
