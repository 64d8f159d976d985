/*
 * mod_tocsin_runstate: RunState's API over our monitors, for clients that speak it.
 *
 * Paths, texts, codes and the envelope {success, data, message, error} are its contract;
 * rules, passwords and limits of our own stand behind it. SQL does the work here too, what
 * SQL or sign-in refuses is said in the envelope by `refuse`.
 */
#include <httpd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "mod_tocsin.h"
#include "runstate.h"

module AP_MODULE_DECLARE_DATA tocsin_runstate_module;

runstate_core core;

/* ---------------------------------------------------------------- answers */

static const struct {
    int status, as;
    const char *text;
} refusals[] = {
    {HTTP_BAD_REQUEST, HTTP_BAD_REQUEST, "invalid request body"},
    {HTTP_UNPROCESSABLE_ENTITY, HTTP_BAD_REQUEST, "invalid request body"},
    {HTTP_UNAUTHORIZED, HTTP_UNAUTHORIZED, "invalid or expired token"},
    {HTTP_FORBIDDEN, HTTP_FORBIDDEN, "forbidden"},
    {HTTP_NOT_FOUND, HTTP_NOT_FOUND, "not found"},
    {HTTP_METHOD_NOT_ALLOWED, HTTP_METHOD_NOT_ALLOWED, "method not allowed"},
    {HTTP_CONFLICT, HTTP_CONFLICT, "already exists"},
    {HTTP_REQUEST_ENTITY_TOO_LARGE, HTTP_REQUEST_ENTITY_TOO_LARGE, "request body too large"},
    {HTTP_UNSUPPORTED_MEDIA_TYPE, HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported media type"},
    {HTTP_LOCKED, HTTP_TOO_MANY_REQUESTS, "too many attempts, try again later"},
    {HTTP_TOO_MANY_REQUESTS, HTTP_TOO_MANY_REQUESTS, "rate limit exceeded"},
    {HTTP_SERVICE_UNAVAILABLE, HTTP_SERVICE_UNAVAILABLE, "service unavailable"},
    {0, HTTP_INTERNAL_SERVER_ERROR, "internal server error"},
};

static int send_text(request_rec *r, int status, const char *text)
{
    r->status = status;
    r->status_line = NULL;
    ap_set_content_type(r, "application/json");
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    if (!r->header_only)
        ap_rputs(text, r);
    return OK;
}

int runstate_refuse(request_rec *r, int status, const char *text)
{
    json_t *said = json_string(text);
    char *quoted = json_dumps(said, JSON_ENCODE_ANY);

    send_text(r, status,
              apr_pstrcat(r->pool, "{\"success\":false,\"error\":", quoted ? quoted : "\"\"",
                          "}", NULL));
    free(quoted);
    json_decref(said);
    return OK;
}

/* The tocsin_problem_writer of these requests. */
static int refuse(request_rec *r, int status, const char *type, const char *detail,
                  json_t *errors)
{
    const runstate_route *rt =
        ap_get_module_config(r->request_config, &tocsin_runstate_module);
    int i = 0;

    json_decref(errors);
    if (type && !strcmp(type, "runstate")) /* said by our own SQL */
        return runstate_refuse(r, status, detail);
    if (status == HTTP_UNAUTHORIZED && rt && rt->unknown)
        return runstate_refuse(r, rt->unknown_status, rt->unknown);
    while (refusals[i].status && refusals[i].status != status)
        i++;
    return runstate_refuse(r, refusals[i].as, refusals[i].text);
}

int runstate_answer(request_rec *r, int status, const char *data, const char *message)
{
    return send_text(r, status,
                     apr_pstrcat(r->pool, "{\"success\":true", data ? ",\"data\":" : "",
                                 data ? data : "", message ? ",\"message\":\"" : "",
                                 message ? message : "", message ? "\"" : "", "}", NULL));
}

/* ---------------------------------------------------------------- browsers elsewhere */

static int origin_allowed(request_rec *r, const char *origin)
{
    const runstate_conf *conf =
        ap_get_module_config(r->server->module_config, &tocsin_runstate_module);

    for (int i = 0; conf->origins && i < conf->origins->nelts; i++)
        if (!strcmp(origin, APR_ARRAY_IDX(conf->origins, i, const char *)))
            return 1;
    return 0;
}

/* 1: a preflight, answered. */
static int cors(request_rec *r)
{
    const char *origin = apr_table_get(r->headers_in, "Origin");
    int preflight = !strcmp(r->method, "OPTIONS") &&
                    apr_table_get(r->headers_in, "Access-Control-Request-Method");

    apr_table_mergen(r->err_headers_out, "Vary", "Origin");
    if (origin && origin_allowed(r, origin)) {
        apr_table_setn(r->err_headers_out, "Access-Control-Allow-Origin", origin);
        apr_table_setn(r->err_headers_out, "Access-Control-Allow-Credentials", "true");
        if (preflight) {
            apr_table_setn(r->err_headers_out, "Access-Control-Allow-Methods",
                           "GET, POST, PUT, PATCH, DELETE, OPTIONS");
            apr_table_setn(r->err_headers_out, "Access-Control-Allow-Headers",
                           "Origin, Content-Type, Accept, Authorization");
            apr_table_setn(r->err_headers_out, "Access-Control-Max-Age", "43200");
            r->status = HTTP_NO_CONTENT;
            return 1;
        }
    }
    if (preflight)
        runstate_refuse(r, HTTP_FORBIDDEN, "forbidden");
    return preflight;
}

/* ---------------------------------------------------------------- one request */

/* What follows the base, without the slash that RunState's paths may end in. */
static const char *path_of(request_rec *r)
{
    const char *base = strstr(r->uri, RUNSTATE_BASE);
    char *path = apr_pstrdup(r->pool, base ? base + sizeof(RUNSTATE_BASE) - 1 : "");
    apr_size_t len = strlen(path);

    if (len > 1 && path[len - 1] == '/')
        path[len - 1] = '\0';
    return path;
}

/* A website's number: 0 when it is none, and then SQL says that there is no such website. */
static apr_int64_t number_of(const char *s, apr_size_t len)
{
    apr_int64_t n = 0;

    for (; len; len--, s++)
        if (!apr_isdigit(*s) || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, *s - '0', &n))
            return 0;
    return n;
}

/* Compare with "/websites/:id/checks"; what stands for the ":word" goes into the request. */
static int path_match(tocsin_request *q, const char *pattern, const char *path)
{
    const char *hole = strchr(pattern, ':');
    apr_size_t head, len;

    if (!hole)
        return !strcmp(pattern, path);
    head = (apr_size_t)(hole - pattern);
    if (strncmp(pattern, path, head))
        return 0;
    path += head;
    len = strcspn(path, "/");
    if (!len || strcmp(path + len, hole + strcspn(hole, "/")))
        return 0;
    q->id = number_of(path, len);
    q->key = apr_pstrmemdup(q->r->pool, path, len);
    return 1;
}

static const runstate_route *route_of(tocsin_request *q, const char *path, const char **allow)
{
    const char *method = strcmp(q->r->method, "HEAD") ? q->r->method : "GET";

    *allow = NULL;
    for (const runstate_route *rt = runstate_routes; rt->method; rt++) {
        if (!path_match(q, rt->path, path))
            continue;
        if (!strcmp(rt->method, method))
            return rt;
        *allow = *allow ? apr_pstrcat(q->r->pool, *allow, ", ", rt->method, NULL) : rt->method;
    }
    return NULL;
}

/* Only a Bearer token counts here: no cookie, no token of a script, no other sign-in. */
static const char *admit(tocsin_request *q)
{
    const char *said = apr_table_get(q->r->headers_in, "Authorization");

    if (!said || !*said)
        return "missing authorization header";
    if (ap_cstr_casecmpn(said, "Bearer ", 7))
        return "invalid authorization format";
    q->who = core.identity(q->r);
    if (!q->who || strcmp(q->who->via, "bearer"))
        return "invalid or expired token";
    return NULL;
}

static int limited(request_rec *r)
{
    const runstate_conf *conf =
        ap_get_module_config(r->server->module_config, &tocsin_runstate_module);
    double rate = conf->rate < 0 ? RUNSTATE_RATE : conf->rate;
    int burst = conf->rate < 0 ? RUNSTATE_BURST : conf->burst, retry_s;

    if (rate <= 0 || core.limit(r, apr_pstrcat(r->pool, "runstate ", core.client_key(r), NULL),
                                rate, burst, &retry_s))
        return 0;
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, retry_s));
    return 1;
}

static apr_status_t json_free(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

static int serve(tocsin_request *q, const runstate_route *rt)
{
    const char *why, *json;
    apr_size_t len;
    int status;

    if (!rt->open && (why = admit(q)))
        return runstate_refuse(q->r, HTTP_UNAUTHORIZED, why);
    if (rt->handler)
        return rt->handler(q);
    status = core.call_route(q, rt->function, &json, &len);
    if (status != OK)
        return OK; /* `refuse` has answered */
    if (rt->bare)
        return send_text(q->r, HTTP_OK, json);
    return runstate_answer(q->r, rt->status,
                           rt->no_data ? NULL
                           : json      ? json
                                       : "null",
                           rt->message);
}

/* The one query parameter there is; what is wrong with it SQL decides. */
static void take_limit(tocsin_request *q)
{
    const char *args = q->r->args;
    apr_size_t n;

    while (args && strncmp(args, "limit=", 6))
        args = (args = strchr(args, '&')) ? args + 1 : NULL;
    if (!args)
        return;
    args += 6;
    n = strspn(args, "0123456789");
    if (n <= 9 && (!args[n] || args[n] == '&'))
        json_object_set_new(q->input, "limit", json_stringn_nocheck(args, n));
}

static int handler(request_rec *r)
{
    tocsin_request q = {.r = r};
    const runstate_route *rt;
    const char *allow;

    if (!r->handler || strcmp(r->handler, "tocsin-runstate"))
        return DECLINED;
    core.problem_as(r, refuse);
    if (cors(r))
        return OK;
    rt = route_of(&q, path_of(r), &allow);
    core.count_as(r, rt ? apr_pstrcat(r->pool, rt->method, " /runstate", rt->path, NULL)
                        : "unknown");
    if (limited(r))
        return runstate_refuse(r, HTTP_TOO_MANY_REQUESTS, "rate limit exceeded");
    if (!rt && allow) {
        apr_table_setn(r->err_headers_out, "Allow", allow);
        return runstate_refuse(r, HTTP_METHOD_NOT_ALLOWED, "method not allowed");
    }
    if (!rt)
        return runstate_refuse(r, HTTP_NOT_FOUND, "not found");
    ap_set_module_config(r->request_config, &tocsin_runstate_module, (void *)rt);
    q.input = json_object();
    apr_pool_cleanup_register(r->pool, q.input, json_free, apr_pool_cleanup_null);
    if (q.key && json_object_set_new(q.input, "key", json_string(q.key)) != 0)
        return runstate_refuse(r, HTTP_NOT_FOUND, "website not found"); /* not UTF-8 */
    take_limit(&q);
    return serve(&q, rt);
}

/* ---------------------------------------------------------------- configuration */

static void *conf_create(apr_pool_t *p, server_rec *)
{
    runstate_conf *conf = apr_pcalloc(p, sizeof(*conf));

    conf->rate = -1;
    return conf;
}

static void *conf_merge(apr_pool_t *p, void *base, void *add)
{
    runstate_conf *conf = apr_pmemdup(p, add, sizeof(*conf)), *from = base;

    if (!conf->origins)
        conf->origins = from->origins;
    if (conf->rate < 0) {
        conf->rate = from->rate;
        conf->burst = from->burst;
    }
    return conf;
}

static const char *set_origin(cmd_parms *cmd, void *, const char *origin)
{
    runstate_conf *conf =
        ap_get_module_config(cmd->server->module_config, &tocsin_runstate_module);
    const char *host = strstr(origin, "://");

    if (!host || !host[3] || strpbrk(host + 3, "/?# ") ||
        (strncmp(origin, "http://", 7) && strncmp(origin, "https://", 8)))
        return apr_psprintf(cmd->pool,
                            "TocsinRunstateOrigin: '%s' is no origin such as "
                            "https://app.example.org",
                            origin);
    if (!conf->origins)
        conf->origins = apr_array_make(cmd->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(conf->origins, const char *) = origin;
    return NULL;
}

static const char *set_rate(cmd_parms *cmd, void *, const char *rate, const char *burst)
{
    runstate_conf *conf =
        ap_get_module_config(cmd->server->module_config, &tocsin_runstate_module);
    char *end1, *end2;
    long n = strtol(burst, &end2, 10);

    conf->rate = strtod(rate, &end1);
    conf->burst = (int)n;
    if (*end1 || *end2 || !(conf->rate >= 0 && conf->rate <= 1e6) || n < 1 || n > 1000000)
        return "TocsinRunstateRate: requests a second (0: no limit) and a burst of 1 to "
               "1000000";
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_ITERATE("TocsinRunstateOrigin", set_origin, NULL, RSRC_CONF,
                    "Origins whose pages may use RunState's API from browsers."),
    AP_INIT_TAKE2("TocsinRunstateRate", set_rate, NULL, RSRC_CONF,
                  "Requests a second and burst of one address at RunState's API; 20 40 unless "
                  "set."),
    {NULL},
};

static void fetch(void)
{
    core.identity = APR_RETRIEVE_OPTIONAL_FN(tocsin_identity_get);
    core.call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    core.problem_as = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem_as);
    core.body = APR_RETRIEVE_OPTIONAL_FN(tocsin_body);
    core.check_fields = APR_RETRIEVE_OPTIONAL_FN(tocsin_check_fields);
    core.limit = APR_RETRIEVE_OPTIONAL_FN(tocsin_limit);
    core.count_as = APR_RETRIEVE_OPTIONAL_FN(tocsin_count_as);
    core.verify = APR_RETRIEVE_OPTIONAL_FN(tocsin_verify_password);
    core.hash = APR_RETRIEVE_OPTIONAL_FN(tocsin_hash_password);
    core.issue = APR_RETRIEVE_OPTIONAL_FN(tocsin_tokens_issue);
    core.refresh = APR_RETRIEVE_OPTIONAL_FN(tocsin_tokens_refresh);
    core.revoke = APR_RETRIEVE_OPTIONAL_FN(tocsin_tokens_revoke);
    core.signup = APR_RETRIEVE_OPTIONAL_FN(tocsin_signup_policy);
    core.signup_allow = APR_RETRIEVE_OPTIONAL_FN(tocsin_signup_allow);
    core.client_key = APR_RETRIEVE_OPTIONAL_FN(tocsin_client_key);
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    fetch();
    if (core.call_route && core.verify)
        return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                 "mod_tocsin_runstate needs mod_tocsin and mod_tocsin_auth");
    return HTTP_INTERNAL_SERVER_ERROR;
}

static void register_hooks(apr_pool_t *)
{
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_runstate) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, conf_create, conf_merge, commands, register_hooks, 0,
};
