/*
 * live_group: clients that see the same, and what is to be said to them.
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

static apr_hash_t *groups; /* scope → live_group */

void live_group_init(apr_pool_t *p)
{
    groups = apr_hash_make(p);
}

live_group *live_group_find(apr_int64_t scope)
{
    return apr_hash_get(groups, &scope, sizeof(scope));
}

void live_group_join(live_client *client, apr_int64_t scope)
{
    live_group *g = live_group_find(scope);

    if (!g) {
        g = calloc(1, sizeof(*g));
        if (!g)
            abort();
        g->scope = scope;
        APR_RING_INIT(&g->clients, live_client, link);
        apr_hash_set(groups, &g->scope, sizeof(g->scope), g);
    }
    APR_RING_INSERT_TAIL(&g->clients, client, live_client, link);
    g->nclients++;
    client->group = g;
}

void live_group_leave(live_client *client)
{
    live_group *g = client->group;

    APR_RING_REMOVE(client, link);
    client->group = NULL;
    if (--g->nclients > 0)
        return;
    apr_hash_set(groups, &g->scope, sizeof(g->scope), NULL);
    buf_free(&g->text);
    buf_free(&g->checks);
    free(g);
}

void live_group_each(void (*call)(live_group *g, void *arg), void *arg)
{
    apr_hash_index_t *hi, *next;

    for (hi = apr_hash_first(NULL, groups); hi; hi = next) {
        live_group *g = apr_hash_this_val(hi);

        next = apr_hash_next(hi); /* the group may be gone after the call */
        call(g, arg);
    }
}

int live_group_owners(buf *array)
{
    apr_hash_index_t *hi;
    char number[24];

    if (live_group_find(0))
        return 0;
    buf_puts(array, "{");
    for (hi = apr_hash_first(NULL, groups); hi; hi = apr_hash_next(hi)) {
        const live_group *g = apr_hash_this_val(hi);

        apr_snprintf(number, sizeof(number), "%s%" APR_INT64_T_FMT, array->len > 1 ? "," : "",
                     g->scope);
        buf_puts(array, number);
    }
    live_feed_owners(array);
    buf_puts(array, "}");
    return 1;
}

static void add_row(buf *text, buf *checks, const char *kind, const char *body)
{
    if (strcmp(kind, "checks") != 0) {
        live_text_event(text, kind, body);
        return;
    }
    buf_puts(checks, checks->len ? "," : "[");
    buf_puts(checks, body);
}

static void end_checks(buf *text, buf *checks)
{
    if (checks->len == 0)
        return;
    buf_puts(checks, "]");
    live_text_event(text, "checks", buf_end(checks));
    buf_clear(checks);
}

static void end_group(live_group *g, void *cursor)
{
    end_checks(&g->text, &g->checks);
    live_text_id(&g->text, cursor);
}

static void add_resync(live_group *g, void *)
{
    live_text_event(&g->text, "resync", "{}");
}

int live_group_collect(const PGresult *rows)
{
    int i, accounts = 0;

    for (i = 1; i < PQntuples(rows); i++) {
        const char *kind = PQgetvalue(rows, i, 0), *body = PQgetvalue(rows, i, 2);
        apr_int64_t owner = apr_atoi64(PQgetvalue(rows, i, 1));
        apr_int64_t whose = owner < 0 ? -owner : owner; /* below 0: for nobody else */
        live_group *all = owner < 0 ? NULL : live_group_find(0);
        live_group *own = whose ? live_group_find(whose) : NULL;

        if (strcmp(kind, "account") == 0) {
            accounts = 1;
            continue;
        }
        if (strcmp(kind, "resync") == 0) {
            live_group_each(add_resync, NULL);
            accounts = 1; /* one of those that cannot be told may be of an account */
            continue;
        }
        if (all)
            add_row(&all->text, &all->checks, kind, body);
        if (own)
            add_row(&own->text, &own->checks, kind, body);
    }
    live_group_each(end_group, PQgetvalue(rows, 0, 2));
    return accounts;
}

void live_group_replay(const PGresult *rows, buf *text)
{
    buf checks = {0};
    int i;

    for (i = 1; i < PQntuples(rows); i++) {
        if (strcmp(PQgetvalue(rows, i, 0), "account") != 0 && *PQgetvalue(rows, i, 1) != '-')
            add_row(text, &checks, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 2));
    }
    end_checks(text, &checks);
    buf_free(&checks);
}
