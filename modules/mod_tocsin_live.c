/*
 * mod_tocsin_live: GET /events, the stream of what happens, for pages that are open.
 */
#include "live.h"

#include <ap_mpm.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <mpm_common.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIVE_MAX_MAX 100000
#define FEEDS_MAX    20 /* log streams of an account */

module AP_MODULE_DECLARE_DATA tocsin_live_module;

static struct {
    int max;              /* TocsinLiveMax; 0: not said */
    const char *conninfo; /* TocsinLiveDatabase; NULL: as DBDParams */
} conf;

static live_settings settings;
static APR_OPTIONAL_FN_TYPE(tocsin_problem) * problem;

/* ---------------------------------------------------------------- a request */

/* Last-Event-ID of a browser that comes back, or ?after= of one that has a list. What is
 * no cursor becomes one that SQL does not know: a header may hold any bytes, and an error
 * would cost the connection that all streams share. */
static const char *cursor_of(tocsin_request *q)
{
    const char *said = apr_table_get(q->r->headers_in, "Last-Event-ID");

    if (!said || !*said)
        said = json_string_value(json_object_get(q->input, "after"));
    if (!said || !*said)
        return NULL;
    return strspn(said, "0123456789.:,") == strlen(said) && strlen(said) <= LIVE_CURSOR_MAX
               ? said
               : "?";
}

static int tocsin_live_can(request_rec *r)
{
    int async = 0;

    ap_mpm_query(AP_MPMQ_IS_ASYNC, &async);
    return async && r->connection->cs && !r->connection->master && !r->main;
}

static int busy(request_rec *r, const char *why)
{
    apr_table_setn(r->err_headers_out, "Retry-After", "2");
    problem(r, HTTP_SERVICE_UNAVAILABLE, "busy", why, NULL);
    return HTTP_SERVICE_UNAVAILABLE;
}

static int get_events(tocsin_request *q)
{
    request_rec *r = q->r;
    live_client *client;
    const char *why;

    if (r->header_only) {
        live_head(r);
        return OK;
    }
    if (!tocsin_live_can(r))
        return live_polled(r, q->who->account, cursor_of(q));
    why = live_reserve();
    if (why)
        return busy(r, why);
    client = live_client_new(r, q->who->account,
                             q->who->token ? q->who->token : q->who->session, cursor_of(q));
    if (!client) {
        live_unreserve();
        return DONE;
    }
    ap_set_module_config(r->connection->conn_config, &tocsin_live_module, client);
    return SUSPENDED;
}

static int tocsin_live_feed(tocsin_request *q, const tocsin_feed *feed)
{
    const tocsin_identity *who = q->who;
    const char *why = live_reserve();

    if (!why && !live_slot_feed(who->account, FEEDS_MAX)) {
        live_unreserve();
        why = "this account has 20 log streams open";
    }
    if (why) {
        close(feed->fd);
        return busy(q->r, why);
    }
    ap_set_module_config(
        q->r->connection->conn_config, &tocsin_live_module,
        live_feed_new(q->r, who->account, who->token ? who->token : who->session, feed));
    return SUSPENDED;
}

/* The worker is about to let go: from here on the connection is the thread's. */
static void suspended(conn_rec *c, request_rec *)
{
    live_client *client = ap_get_module_config(c->conn_config, &tocsin_live_module);

    if (client && c->cs && c->cs->state == CONN_STATE_SUSPENDED)
        live_add(client);
}

static const tocsin_field query[] = {
    {.name = "after",
     .type = T_STRING,
     .min = 1,
     .max = LIVE_CURSOR_MAX,
     .help = "rev of a list, or the id of an event: what happened since then comes first"},
    {0},
};

static const tocsin_route routes[] = {
    {.method = "GET",
     .path = "/events",
     .role = ROLE_VIEWER,
     .handler = get_events,
     .query = query,
     .summary =
         "The stream of events (text/event-stream); Last-Event-ID goes on where it ended.",
     .tag = "events"},
    {0},
};

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = routes;
    return OK;
}

/* ---------------------------------------------------------------- configuration */

static const char *set_max(cmd_parms *cmd, void *, const char *value)
{
    const char *err = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    char *end;
    long n = strtol(value, &end, 10);

    if (err)
        return err;
    if (*end || n < 1 || n > LIVE_MAX_MAX)
        return apr_psprintf(cmd->pool, "TocsinLiveMax must be a number from 1 to %d",
                            LIVE_MAX_MAX);
    conf.max = (int)n;
    return NULL;
}

static const char *set_database(cmd_parms *cmd, void *, const char *value)
{
    const char *err = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    char *words = NULL;
    PQconninfoOption *options = PQconninfoParse(value, &words);

    if (err || !options) {
        err = err ? err : apr_psprintf(cmd->pool, "TocsinLiveDatabase: %s", words);
        PQfreemem(words);
        return err;
    }
    PQconninfoFree(options);
    conf.conninfo = value;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("TocsinLiveMax", set_max, NULL, RSRC_CONF,
                  "The most event streams that one child process holds open."),
    AP_INIT_TAKE1("TocsinLiveDatabase", set_database, NULL, RSRC_CONF,
                  "The connection that event streams listen on, as libpq takes it; DBDParams "
                  "when not set. A transaction-pooling proxy cannot be in between."),
    {NULL},
};

/* ---------------------------------------------------------------- lifecycle */

static int pre_config(apr_pool_t *, apr_pool_t *, apr_pool_t *)
{
    memset(&conf, 0, sizeof(conf));
    memset(&settings, 0, sizeof(settings));
    return OK;
}

static int post_config(apr_pool_t *p, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    APR_OPTIONAL_FN_TYPE(tocsin_counters_get) * counters;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK;
    counters = APR_RETRIEVE_OPTIONAL_FN(tocsin_counters_get);
    problem = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem);
    if (!counters || !problem) { /* then nobody asks us either */
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "mod_tocsin_live needs mod_tocsin");
        return OK;
    }
    settings.conninfo = conf.conninfo ? conf.conninfo : live_directive(p, "DBDParams");
    if (!settings.conninfo) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "event streams need DBDParams or TocsinLiveDatabase");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    settings.max = live_limit(s, p, conf.max);
    settings.counters = counters();
    if (!live_slots_make(p)) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "no shared memory for event streams");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* In the parent. */
static void child_status(server_rec *, pid_t pid, ap_generation_t, int,
                         mpm_child_status status)
{
    if (status == MPM_CHILD_EXITED && settings.counters)
        __atomic_fetch_sub(&settings.counters->live_clients, live_slot_bury(pid),
                           __ATOMIC_RELAXED);
}

static void child_init(apr_pool_t *p, server_rec *s)
{
    apr_status_t rv;

    if (!settings.conninfo)
        return;
    rv = live_start(p, &settings);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "no thread for event streams");
}

static void child_stopping(apr_pool_t *, int)
{
    live_stop();
}

static int tocsin_live_max(void)
{
    return settings.max;
}

static void register_hooks(apr_pool_t *)
{
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_LAST); /* counters are made before */
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_status(child_status, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_stopping(child_stopping, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_suspend_connection(suspended, NULL, NULL, APR_HOOK_LAST);
    APR_REGISTER_OPTIONAL_FN(tocsin_live_max);
    APR_REGISTER_OPTIONAL_FN(tocsin_live_can);
    APR_REGISTER_OPTIONAL_FN(tocsin_live_feed);
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_live) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, directives, register_hooks, 0,
};
