/* db_value: reading a result's columns and errors, writing arrays. */
#include "db.h"

#include <stdio.h>
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

int db_array(char *buf, size_t size, const long long *values, int n)
{
    size_t used = 0;

    if (size < 3)
        return -1;
    buf[used++] = '{';
    for (int i = 0; i < n; i++) {
        int w = snprintf(buf + used, size - used, i ? ",%lld" : "%lld", values[i]);

        if (w < 0 || (size_t)w + 2 > size - used)
            return -1;
        used += (size_t)w;
    }
    buf[used++] = '}';
    buf[used] = '\0';
    return (int)used;
}
