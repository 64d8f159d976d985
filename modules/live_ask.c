/*
 * live_ask: what the thread asks the database, and what it does with the answers.
 *
 * One question at a time, the most pressing first: what is new for those who listen, who
 * may still listen, who may begin, and what those missed who were here before.
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#define POLL_EVERY   apr_time_from_sec(1)    /* without a NOTIFY */
#define POLL_GAP     apr_time_from_msec(100) /* with as many as you like */
#define ACCESS_EVERY apr_time_from_sec(60)
#define LIFE         apr_time_from_sec(3600) /* then come again, with what identifies you */

static void greet(live_client *client, const buf *missed)
{
    buf text = {0};

    live_text_hello(&text);
    if (missed)
        buf_add(&text, missed->data, missed->len);
    live_text_id(&text, hub.cursor);
    APR_RING_REMOVE(client, link);
    live_group_join(client, client->access->scope);
    live_say(client, text.data, text.len);
    buf_free(&text);
}

/* ---------------------------------------------------------------- what is asked */

static void got_news(const PGresult *rows)
{
    apr_cpystrn(hub.cursor, PQgetvalue(rows, 0, 2), sizeof(hub.cursor));
    hub.read_at = apr_time_now();
    if (PQntuples(rows) > 1 && strcmp(PQgetvalue(rows, 1, 0), "resync") == 0)
        hub.resync = 0; /* is among the rows */
    if (live_group_collect(rows))
        hub.access_at = 0;
    live_say_what_is_new();
    if (hub.resync) {
        hub.resync = 0;
        live_say_to_all("resync", "{}", hub.cursor);
    }
}

static void ask_news(apr_time_t now)
{
    buf owners = {0};
    const char *args[] = {hub.cursor[0] ? hub.cursor : NULL, NULL};

    if (live_group_owners(&owners))
        args[1] = buf_end(&owners);
    hub.db.notified = 0;
    hub.asked_at = hub.read_at = now;
    live_database_ask(&hub.db,
                      "select kind, owner, body from api.live($1, null, $2::bigint[])", 2,
                      args, got_news);
    buf_free(&owners);
}

static void check_access(live_group *g, void *)
{
    live_client *client = APR_RING_FIRST(&g->clients), *next;
    apr_time_t now = apr_time_now();
    int n = g->nclients;

    for (; n-- > 0; client = next) {
        next = n ? APR_RING_NEXT(client, link) : NULL;
        if (client->access->state == ACCESS_DENIED || client->access->scope != g->scope)
            live_dismiss(client, "access");
        else if (now - client->since > LIFE)
            live_dismiss(client, "age");
    }
}

static void got_access(const PGresult *rows)
{
    live_client *client, *next;

    live_access_answer(rows);
    live_group_each(check_access, NULL);
    for (client = APR_RING_FIRST(&hub.waiting);
         client != APR_RING_SENTINEL(&hub.waiting, live_client, link); client = next) {
        next = APR_RING_NEXT(client, link);
        if (client->access->state == ACCESS_DENIED)
            live_dismiss(client, "access");
    }
    live_feed_denied();
}

/* Returns 0 when there is nothing to ask. */
static int ask_access(int all)
{
    buf accounts = {0}, sessions = {0};
    int n = live_access_question(all, &accounts, &sessions);
    const char *args[] = {buf_end(&accounts), buf_end(&sessions)};

    if (n)
        live_database_ask(&hub.db,
                          "select account, session, scope from "
                          "api.live_access($1::bigint[], $2::text[])",
                          2, args, got_access);
    buf_free(&accounts);
    buf_free(&sessions);
    return n;
}

/* The same for what each client with a source listens to. */
static void ask_feeds(void)
{
    buf accounts = {0}, about = {0};
    int n = live_feed_question(hub.feeds_due == FEEDS_ALL, &accounts, &about);
    const char *args[] = {buf_end(&accounts), buf_end(&about)};

    hub.feeds_due = FEEDS_KNOWN;
    if (n)
        live_database_ask(&hub.db, "select n from api.live_feeds($1::bigint[], $2::bigint[])",
                          2, args, live_feed_answer);
    buf_free(&accounts);
    buf_free(&about);
}

static void got_replay(const PGresult *rows)
{
    buf missed = {0};
    live_client *client, *next;
    apr_int64_t scope;
    char *cursor;

    if (!hub.replaying)
        return; /* it has gone; the others with its gap ask again */
    scope = hub.replaying->access->scope;
    cursor = strdup(hub.replaying->cursor);
    live_group_replay(rows, &missed);
    for (client = APR_RING_FIRST(&hub.waiting);
         cursor && client != APR_RING_SENTINEL(&hub.waiting, live_client, link);
         client = next) {
        next = APR_RING_NEXT(client, link);
        if (client->access->state == ACCESS_ALLOWED && client->access->scope == scope &&
            client->cursor && strcmp(client->cursor, cursor) == 0)
            greet(client, &missed);
    }
    hub.replaying = NULL;
    free(cursor);
    buf_free(&missed);
}

static void ask_replay(const live_client *client)
{
    char owner[24] = "";
    const char *args[] = {client->cursor, hub.cursor, NULL};

    if (client->access->scope != 0) {
        apr_snprintf(owner, sizeof(owner), "{%" APR_INT64_T_FMT "}", client->access->scope);
        args[2] = owner;
    }
    hub.replaying = client;
    live_database_ask(&hub.db, "select kind, owner, body from api.live($1, $2, $3::bigint[])",
                      3, args, got_replay);
}

/*
 * Greet who may be greeted; ask for the gap of the first who has one. Another child may
 * have told him more than this one knows of, so our own news are read after he came: else
 * he would hear again what he knows.
 */
static void greet_waiting(apr_time_t now)
{
    live_client *client, *next;
    int behind = 0;

    for (client = APR_RING_FIRST(&hub.waiting);
         client != APR_RING_SENTINEL(&hub.waiting, live_client, link); client = next) {
        next = APR_RING_NEXT(client, link);
        if (client->access->state != ACCESS_ALLOWED)
            continue;
        if (!client->cursor || strcmp(client->cursor, hub.cursor) == 0) {
            greet(client, NULL);
        }
        else if (client->since >= hub.asked_at) {
            behind = 1;
        }
        else {
            ask_replay(client);
            return;
        }
    }
    if (behind)
        ask_news(now);
}

void live_ask(apr_time_t now)
{
    if (hub.db.state != DB_IDLE)
        return;
    if (live_reserved() == 0) {
        hub.cursor[0] = '\0'; /* nobody listens, nothing is missed */
        hub.db.notified = 0;
    }
    else if (!hub.cursor[0] || now - hub.read_at >= POLL_EVERY ||
             (hub.db.notified && now - hub.read_at >= POLL_GAP)) {
        ask_news(now);
    }
    else if (now - hub.access_at >= ACCESS_EVERY) {
        hub.access_at = now;
        hub.feeds_due = FEEDS_ALL;
        ask_access(1);
    }
    else if (hub.feeds_due != FEEDS_KNOWN) {
        if (!ask_access(0))
            ask_feeds();
    }
    else if (!APR_RING_EMPTY(&hub.waiting, live_client, link)) {
        if (!ask_access(0))
            greet_waiting(now);
    }
}

void live_database_up(void)
{
    hub.db.notified = 1; /* who knows what was said meanwhile */
}

void live_database_down(void)
{
    hub.replaying = NULL;
    hub.resync = 1;
    live_count(live_lost, 1);
    live_say_to_all("health", "{\"database\":false}", NULL);
}
