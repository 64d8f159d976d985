/*
 * mod_tocsin_metrics: /metrics for Prometheus, and the health of the instance.
 *
 * Who may connect is httpd.conf's business (Require); what a scraper sees is that of the
 * identity it brings. One that brings none sees what TocsinMetricsAnonymous says.
 */
#include "metrics.h"

#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <apr_strings.h>

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

module AP_MODULE_DECLARE_DATA tocsin_metrics_module;

enum { ANONYMOUS_UNSET = -1, ANONYMOUS_NONE, ANONYMOUS_INSTANCE, ANONYMOUS_ALL };

/* What is shown; the key of the cache. Positive: the account, whatever it may see. */
enum { SHOW_ALL = 0, SHOW_INSTANCE = -1 };

typedef struct {
    int anonymous;
} dir_conf;

static struct {
    APR_OPTIONAL_FN_TYPE(tocsin_identity_get) * identity;
    APR_OPTIONAL_FN_TYPE(tocsin_problem) * problem;
    APR_OPTIONAL_FN_TYPE(tocsin_rows) * rows;
    APR_OPTIONAL_FN_TYPE(tocsin_count_as) * count_as;
    APR_OPTIONAL_FN_TYPE(tocsin_counters_get) * counters;
    APR_OPTIONAL_FN_TYPE(tocsin_latency_bounds) * bounds;
} core;

/* ---------------------------------------------------------------- what is written */

static PGresult *rows_of(request_rec *r, const char *function, int nargs, apr_int64_t arg)
{
    const char *args[] = {apr_psprintf(r->pool, "%" APR_INT64_T_FMT, arg)};
    PGresult *rows;

    return core.rows(r, function, nargs, args, &rows) == OK ? rows : NULL;
}

/* 0 when the database has refused; a problem is sent then. */
static int write_all(request_rec *r, apr_int64_t show, buf *b)
{
    apr_int64_t owner = 0;
    PGresult *rows;

    if (show > 0) {
        if (!(rows = rows_of(r, "metrics_scope", 1, show)))
            return 0;
        owner = apr_atoi64(PQgetvalue(rows, 0, 0));
    }
    metrics_build(b);
    if (owner == 0) {
        if (!(rows = rows_of(r, "metrics_instance", 0, 0)))
            return 0;
        metrics_rows(b, rows);
        metrics_counters(b, core.counters(), core.bounds());
    }
    if (show != SHOW_INSTANCE) {
        if (!(rows = rows_of(r, "metrics_monitors", 1, owner)))
            return 0;
        metrics_monitors(b, rows);
    }
    return 1;
}

static int send_text(request_rec *r, const char *text, size_t len)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, alloc);

    ap_set_content_type(r, CONTENT_TYPE);
    ap_set_content_length(r, (apr_off_t)len);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    if (!r->header_only) /* the cache keeps the text until the request's pool goes */
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_immortal_create(text, len, alloc));
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
    ap_pass_brigade(r->output_filters, bb);
    return OK;
}

/* ---------------------------------------------------------------- a request */

static int refuse(request_rec *r, int status, const char *detail)
{
    if (status == HTTP_UNAUTHORIZED)
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Bearer realm=\"Tocsin\"");
    core.problem(r, status, NULL, detail, NULL);
    return OK;
}

/* What this scraper is shown: OK, or it has been refused. */
static int admit(request_rec *r, apr_int64_t *show)
{
    const dir_conf *conf = ap_get_module_config(r->per_dir_config, &tocsin_metrics_module);
    const tocsin_identity *who = core.identity(r);

    if (who && !(who->scopes & SCOPE_METRICS)) {
        refuse(r, HTTP_FORBIDDEN, "this token has no scope `metrics`");
        return DONE;
    }
    if (who) {
        *show = who->account;
        return OK;
    }
    if (conf->anonymous <= ANONYMOUS_NONE || apr_table_get(r->notes, "tocsin-auth")) {
        refuse(r, HTTP_UNAUTHORIZED, "a token with the scope `metrics` is needed");
        return DONE;
    }
    *show = conf->anonymous == ANONYMOUS_ALL ? SHOW_ALL : SHOW_INSTANCE;
    return OK;
}

static int metrics_handler(request_rec *r)
{
    buf b = {0};
    apr_int64_t show;
    const char *text;
    size_t len;

    if (!r->handler || strcmp(r->handler, "tocsin-metrics"))
        return DECLINED;
    if (!core.rows)
        return HTTP_INTERNAL_SERVER_ERROR;
    core.count_as(r, "GET /metrics");
    if (r->method_number != M_GET) {
        apr_table_setn(r->err_headers_out, "Allow", "GET, HEAD");
        return refuse(r, HTTP_METHOD_NOT_ALLOWED, NULL);
    }
    if (admit(r, &show) != OK)
        return OK;
    if (metrics_cache_get(r, show, &text, &len))
        return send_text(r, text, len);
    if (!write_all(r, show, &b)) {
        buf_free(&b);
        return OK;
    }
    text = b.data;
    len = b.len;
    metrics_cache_put(r, show, &b);
    return send_text(r, text, len);
}

/* ---------------------------------------------------------------- configuration */

static void *make_dir_conf(apr_pool_t *p, char *)
{
    dir_conf *conf = apr_palloc(p, sizeof(*conf));

    conf->anonymous = ANONYMOUS_UNSET;
    return conf;
}

static void *merge_dir_conf(apr_pool_t *p, void *above, void *below)
{
    const dir_conf *a = above, *b = below;
    dir_conf *conf = apr_palloc(p, sizeof(*conf));

    conf->anonymous = b->anonymous == ANONYMOUS_UNSET ? a->anonymous : b->anonymous;
    return conf;
}

static const char *set_anonymous(cmd_parms *, void *mconfig, const char *word)
{
    static const char *const words[] = {"none", "instance", "all"};
    dir_conf *conf = mconfig;

    for (int i = ANONYMOUS_NONE; i <= ANONYMOUS_ALL; i++) {
        if (!strcasecmp(word, words[i])) {
            conf->anonymous = i;
            return NULL;
        }
    }
    return "TocsinMetricsAnonymous must be none, instance or all";
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("TocsinMetricsAnonymous", set_anonymous, NULL, RSRC_CONF | ACCESS_CONF,
                  "What a scraper without an identity sees: none, the instance without its "
                  "monitors, or all."),
    {NULL},
};

/* ---------------------------------------------------------------- lifecycle */

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = health_routes;
    return OK;
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    core.identity = APR_RETRIEVE_OPTIONAL_FN(tocsin_identity_get);
    core.problem = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem);
    core.rows = APR_RETRIEVE_OPTIONAL_FN(tocsin_rows);
    core.count_as = APR_RETRIEVE_OPTIONAL_FN(tocsin_count_as);
    core.counters = APR_RETRIEVE_OPTIONAL_FN(tocsin_counters_get);
    core.bounds = APR_RETRIEVE_OPTIONAL_FN(tocsin_latency_bounds);
    if (!core.rows)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "mod_tocsin_metrics needs mod_tocsin");
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *)
{
    metrics_cache_init(p);
}

static void register_hooks(apr_pool_t *)
{
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(metrics_handler, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_metrics) = {
    STANDARD20_MODULE_STUFF,
    make_dir_conf,
    merge_dir_conf,
    NULL,
    NULL,
    directives,
    register_hooks,
    0,
};
