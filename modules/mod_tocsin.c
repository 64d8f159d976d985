/*
 * mod_tocsin: what the other modules stand on: the API's handler, the database, errors,
 * identity, limits and counters. This file has the directives and the hooks.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>
#include <unistd.h>

#include "hash.h"
#include "tocsin_core.h"

#define RATE_DEFAULT  50.0
#define BURST_DEFAULT 200
#define ID_MIN        8
#define ID_MAX        64

static apr_uint64_t id_seed, id_count;

core_conf *core_conf_get(request_rec *r)
{
    return ap_get_module_config(r->server->module_config, &tocsin_module);
}

core_request *core_request_get(request_rec *r)
{
    core_request *cr = ap_get_module_config(r->request_config, &tocsin_module);

    if (!cr) {
        cr = apr_pcalloc(r->pool, sizeof(*cr));
        cr->slot = -1;
        ap_set_module_config(r->request_config, &tocsin_module, cr);
    }
    return cr;
}

/* ---------------------------------------------------------------- request ids, base URL */

static int id_valid(const char *s)
{
    apr_size_t n = strlen(s);

    return n >= ID_MIN && n <= ID_MAX &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

const char *tocsin_request_id(request_rec *r)
{
    core_request *cr = core_request_get(r);
    const char *said;

    if (cr->id)
        return cr->id;
    said = apr_table_get(r->headers_in, "X-Request-Id");
    if (said && id_valid(said)) {
        cr->id = said;
    }
    else {
        apr_uint64_t n = __atomic_add_fetch(&id_count, 1, __ATOMIC_RELAXED);

        cr->id =
            apr_psprintf(r->pool, "%016" APR_UINT64_T_HEX_FMT, hash64(&n, sizeof(n), id_seed));
    }
    apr_table_setn(r->err_headers_out, "X-Request-Id", cr->id);
    return cr->id;
}

const char *tocsin_public_url(request_rec *r)
{
    const core_conf *conf = core_conf_get(r);
    const char *base = strstr(r->uri, "/api/");
    const char *path =
        base ? apr_pstrmemdup(r->pool, r->uri, (apr_size_t)(base - r->uri)) : "";

    if (conf->public_url)
        return conf->public_url;
    return ap_construct_url(r->pool, path, r);
}

static const char *tocsin_public_set(server_rec *s)
{
    const core_conf *conf = ap_get_module_config(s->module_config, &tocsin_module);

    return conf->public_url;
}

static int tocsin_demo(request_rec *r)
{
    return core_conf_get(r)->demo;
}

/* ---------------------------------------------------------------- directives */

static void *conf_create(apr_pool_t *p, server_rec *)
{
    core_conf *conf = apr_pcalloc(p, sizeof(*conf));

    conf->rate = -1;
    conf->demo = -1;
    return conf;
}

/* What is not set here is taken from the main server. */
static void *conf_merge(apr_pool_t *p, void *base, void *add)
{
    core_conf *conf = apr_pmemdup(p, add, sizeof(*conf));
    const core_conf *from = base;

    conf->public_url = conf->public_url ? conf->public_url : from->public_url;
    conf->guard = conf->guard ? conf->guard : from->guard;
    if (conf->rate < 0) {
        conf->rate = from->rate;
        conf->burst = from->burst;
    }
    conf->demo = conf->demo < 0 ? from->demo : conf->demo;
    return conf;
}

static core_conf *conf_of(cmd_parms *cmd)
{
    return ap_get_module_config(cmd->server->module_config, &tocsin_module);
}

static const char *set_public_url(cmd_parms *cmd, void *, const char *url)
{
    static const tocsin_field field = {.name = "TocsinPublicURL", .type = T_URL};
    apr_size_t len = strlen(url);
    json_t *value = json_string(url);
    const char *rule = value ? field_check(cmd->pool, NULL, &field, value) : "must be UTF-8";

    json_decref(value);
    if (rule)
        return apr_pstrcat(cmd->pool, "TocsinPublicURL ", rule, NULL);
    while (len && url[len - 1] == '/')
        len--;
    conf_of(cmd)->public_url = apr_pstrmemdup(cmd->pool, url, len);
    return NULL;
}

static const char *set_rate(cmd_parms *cmd, void *, const char *rate, const char *burst)
{
    core_conf *conf = conf_of(cmd);
    apr_int64_t n;
    char *end;

    if (!ap_cstr_casecmp(rate, "off") && !burst) {
        conf->rate = 0;
        return NULL;
    }
    conf->rate = strtod(rate, &end);
    if (*end || !(conf->rate >= 0.001 && conf->rate <= 1e6) || !burst)
        return "TocsinRateLimit takes requests a second (0.001 to 1000000) and a burst, or "
               "off";
    n = apr_strtoi64(burst, &end, 10);
    if (*end || n < 1 || n > 1000000)
        return "TocsinRateLimit: the burst must be between 1 and 1000000";
    conf->burst = (int)n;
    return NULL;
}

static const char *add_target(cmd_parms *cmd, void *, const char *cidr)
{
    core_conf *conf = conf_of(cmd);

    if (!conf->guard) {
        conf->guard = apr_palloc(cmd->pool, sizeof(*conf->guard));
        guard_init(conf->guard);
    }
    if (guard_allow(conf->guard, cidr))
        return apr_psprintf(cmd->pool,
                            "TocsinAllowTarget: '%s' is no network like 10.0.0.0/8, has bits "
                            "beyond its prefix, or is one too many",
                            cidr);
    return NULL;
}

static const char *set_demo(cmd_parms *cmd, void *, int on)
{
    conf_of(cmd)->demo = on;
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_FLAG("TocsinDemo", set_demo, NULL, RSRC_CONF,
                 "Whether this server only shows made-up data: everybody may look at all of "
                 "it without signing in, and nothing can be changed."),
    AP_INIT_TAKE1("TocsinPublicURL", set_public_url, NULL, RSRC_CONF,
                  "The address under which people reach Tocsin, as in messages and links; "
                  "taken from each request when it is not set."),
    AP_INIT_TAKE12("TocsinRateLimit", set_rate, NULL, RSRC_CONF,
                   "Requests a second and the burst that one address, and one API token, may "
                   "make of the API; \"off\" for no limit. The default is 50 200."),
    AP_INIT_ITERATE("TocsinAllowTarget", add_target, NULL, RSRC_CONF,
                    "Networks that monitors and webhooks may point to although they are "
                    "private, loopback or otherwise special, such as 10.0.0.0/8."),
    {NULL}};

/* ---------------------------------------------------------------- hooks */

/* The module stays mapped over restarts: every static is set again. */
static int pre_config(apr_pool_t *, apr_pool_t *, apr_pool_t *)
{
    id_count = 0;
    openapi_config();
    return OK;
}

static void conf_defaults(server_rec *s)
{
    for (; s; s = s->next) {
        core_conf *conf = ap_get_module_config(s->module_config, &tocsin_module);

        if (conf->rate < 0) {
            conf->rate = RATE_DEFAULT;
            conf->burst = BURST_DEFAULT;
        }
        conf->demo = conf->demo > 0;
        if (!conf->guard) {
            conf->guard = apr_palloc(s->process->pconf, sizeof(*conf->guard));
            guard_init(conf->guard);
        }
    }
}

static int post_config(apr_pool_t *p, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK; /* the first of two passes only tries the configuration */
    conf_defaults(s);
    db_config();
    if (!db_loaded())
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "mod_dbd is not loaded: Tocsin answers 503 until it is");
    identity_config();
    if (count_config(s->process->pool, s) != OK)
        return HTTP_INTERNAL_SERVER_ERROR;
    return dispatch_config(p, s);
}

/*
 * What our handlers serve is no file, but httpd would look for one, part by part of the
 * path, eight system calls a request. Only while the name is translated it knows the
 * location's handler; nothing is answered then, for rewrite rules have a say, and if one
 * changes the address all goes as usual.
 */
static int translate_name(request_rec *r)
{
    const core_dir_config *conf = ap_get_core_module_config(r->per_dir_config);
    const char *error = NULL, *handler;

    if (!conf->expr_handler)
        return DECLINED;
    handler = ap_expr_str_exec(r, conf->expr_handler, &error);
    if (handler && !strncmp(handler, "tocsin-", 7))
        core_request_get(r)->uri = r->uri;
    return DECLINED;
}

static int map_to_storage(request_rec *r)
{
    const core_request *cr = ap_get_module_config(r->request_config, &tocsin_module);

    return cr && cr->uri && !strcmp(cr->uri, r->uri) ? OK : DECLINED;
}

static void child_init(apr_pool_t *p, server_rec *)
{
    apr_generate_random_bytes((unsigned char *)&id_seed, sizeof(id_seed));
    db_child_init();
    openapi_child_init(p);
}

static void register_functions(void)
{
    APR_REGISTER_OPTIONAL_FN(tocsin_identity_get);
    APR_REGISTER_OPTIONAL_FN(tocsin_reauth);
    APR_REGISTER_OPTIONAL_FN(tocsin_invalid);
    APR_REGISTER_OPTIONAL_FN(tocsin_call);
    APR_REGISTER_OPTIONAL_FN(tocsin_call_route);
    APR_REGISTER_OPTIONAL_FN(tocsin_rows);
    APR_REGISTER_OPTIONAL_FN(tocsin_rows_try);
    APR_REGISTER_OPTIONAL_FN(tocsin_send);
    APR_REGISTER_OPTIONAL_FN(tocsin_problem);
    APR_REGISTER_OPTIONAL_FN(tocsin_problem_as);
    APR_REGISTER_OPTIONAL_FN(tocsin_body);
    APR_REGISTER_OPTIONAL_FN(tocsin_bytes);
    APR_REGISTER_OPTIONAL_FN(tocsin_check_fields);
    APR_REGISTER_OPTIONAL_FN(tocsin_limit);
    APR_REGISTER_OPTIONAL_FN(tocsin_limit_refund);
    APR_REGISTER_OPTIONAL_FN(tocsin_client_key);
    APR_REGISTER_OPTIONAL_FN(tocsin_mark);
    APR_REGISTER_OPTIONAL_FN(tocsin_marked);
    APR_REGISTER_OPTIONAL_FN(tocsin_count_as);
    APR_REGISTER_OPTIONAL_FN(tocsin_request_id);
    APR_REGISTER_OPTIONAL_FN(tocsin_public_url);
    APR_REGISTER_OPTIONAL_FN(tocsin_public_set);
    APR_REGISTER_OPTIONAL_FN(tocsin_demo);
    APR_REGISTER_OPTIONAL_FN(tocsin_counters_get);
    APR_REGISTER_OPTIONAL_FN(tocsin_latency_bounds);
}

static void register_hooks(apr_pool_t *)
{
    register_functions();
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    /* last: the others have fetched their functions, and mod_dbd its settings */
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_LAST);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_translate_name(translate_name, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_map_to_storage(map_to_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(demo_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(dispatch_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_log_transaction(count_log, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, conf_create, conf_merge, commands, register_hooks,
    AP_MODULE_FLAG_NONE,
};
