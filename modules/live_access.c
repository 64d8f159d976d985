/*
 * live_access: who may still listen, and to whom.
 *
 * A token says who somebody was when it was made; the rows say who he is. The clients of
 * one account and session share an entry, so that thousands of streams are one question.
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

static apr_hash_t *entries; /* key → live_access */

void live_access_init(apr_pool_t *p)
{
    entries = apr_hash_make(p);
}

live_access *live_access_get(apr_int64_t account, const char *session)
{
    char key[sizeof(((live_access *)0)->key)];
    live_access *a;

    apr_snprintf(key, sizeof(key), "%" APR_INT64_T_FMT "/%s", account, session ? session : "");
    a = apr_hash_get(entries, key, APR_HASH_KEY_STRING);
    if (!a) {
        a = calloc(1, sizeof(*a));
        if (!a)
            abort();
        memcpy(a->key, key, sizeof(a->key));
        apr_hash_set(entries, a->key, APR_HASH_KEY_STRING, a);
    }
    a->refs++;
    return a;
}

void live_access_release(live_access *a)
{
    if (--a->refs > 0)
        return;
    apr_hash_set(entries, a->key, APR_HASH_KEY_STRING, NULL);
    free(a);
}

int live_access_question(int all, buf *accounts, buf *sessions)
{
    apr_hash_index_t *hi;
    int n = 0;

    buf_puts(accounts, "{");
    buf_puts(sessions, "{");
    for (hi = apr_hash_first(NULL, entries); hi; hi = apr_hash_next(hi)) {
        live_access *a = apr_hash_this_val(hi);
        const char *slash = strchr(a->key, '/');

        a->asked = all || a->state == ACCESS_UNKNOWN;
        if (!a->asked)
            continue;
        if (n++) {
            buf_puts(accounts, ",");
            buf_puts(sessions, ",");
        }
        buf_add(accounts, a->key, slash - a->key);
        buf_puts(sessions, slash[1] ? slash + 1 : "null");
    }
    buf_puts(accounts, "}");
    buf_puts(sessions, "}");
    return n;
}

void live_access_answer(const PGresult *rows)
{
    apr_hash_index_t *hi;
    int i;

    for (hi = apr_hash_first(NULL, entries); hi; hi = apr_hash_next(hi)) {
        live_access *a = apr_hash_this_val(hi);

        if (a->asked)
            a->state = ACCESS_DENIED;
    }
    for (i = 0; i < PQntuples(rows); i++) {
        char key[sizeof(((live_access *)0)->key)];
        live_access *a;

        apr_snprintf(key, sizeof(key), "%s/%s", PQgetvalue(rows, i, 0),
                     PQgetvalue(rows, i, 1));
        a = apr_hash_get(entries, key, APR_HASH_KEY_STRING);
        if (a) { /* or its last client left meanwhile */
            a->state = ACCESS_ALLOWED;
            a->scope = apr_atoi64(PQgetvalue(rows, i, 2));
        }
    }
}
