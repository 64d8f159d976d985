/*
 * mod_tocsin_status: status pages: their settings, what is told in public, a look at a page
 * before it is so, and who may read the files that the publisher writes.
 */
#include <httpd.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <mpm_common.h>
#include <string.h>

#include "status_kept.h"
#include "tocsin_status.h"

status_core core;

/* ---------------------------------------------------------------- directives */

static void *conf_create(apr_pool_t *p, server_rec *)
{
    return apr_pcalloc(p, sizeof(status_conf));
}

static const char *set_dir(cmd_parms *cmd, void *, const char *dir)
{
    status_conf *conf =
        ap_get_module_config(cmd->server->module_config, &tocsin_status_module);
    apr_size_t len;
    char *whole;

    if (apr_filepath_merge(&whole, NULL, dir, APR_FILEPATH_NOTRELATIVE | APR_FILEPATH_TRUENAME,
                           cmd->pool) != APR_SUCCESS)
        return "TocsinStatusDir must be the folder of the status pages, beginning with a "
               "slash";
    for (len = strlen(whole); len && whole[len - 1] == '/'; len--)
        whole[len - 1] = '\0';
    if (!len)
        return "TocsinStatusDir must not be the root of the file system";
    conf->dir = whole;
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_TAKE1("TocsinStatusDir", set_dir, NULL, RSRC_CONF,
                  "The folder below which tocsind writes status pages (its status_dir): what "
                  "lies there is served to those whom each page lets in."),
    {NULL}};

/* ---------------------------------------------------------------- hooks */

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = page_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = subscribe_routes;
    return OK;
}

static int post_config(apr_pool_t *p, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    core.invalid = APR_RETRIEVE_OPTIONAL_FN(tocsin_invalid);
    core.call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    core.send = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    core.problem = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem);
    core.problem_as = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem_as);
    core.check_fields = APR_RETRIEVE_OPTIONAL_FN(tocsin_check_fields);
    core.bytes = APR_RETRIEVE_OPTIONAL_FN(tocsin_bytes);
    core.hash_password = APR_RETRIEVE_OPTIONAL_FN(tocsin_hash_password);
    core.password_holds = APR_RETRIEVE_OPTIONAL_FN(tocsin_password_holds);
    core.client_key = APR_RETRIEVE_OPTIONAL_FN(tocsin_client_key);
    core.limit = APR_RETRIEVE_OPTIONAL_FN(tocsin_limit);
    core.refund = APR_RETRIEVE_OPTIONAL_FN(tocsin_limit_refund);
    core.public_url = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_url);
    core.public_set = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_set);
    guard_config(p);
    for (; s; s = s->next) {
        status_conf *conf = ap_get_module_config(s->module_config, &tocsin_status_module);

        conf->policy = guard_policy(p, core.public_set ? core.public_set(s) : NULL);
        if (conf->dir)
            guard_add(conf->dir);
    }
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *)
{
    kept_child_init(p);
}

static void register_hooks(apr_pool_t *)
{
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    /* ahead of all that could answer or lead elsewhere, rewrite rules and indexes too */
    ap_hook_fixups(guard_fixup, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

AP_DECLARE_MODULE(tocsin_status) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, conf_create, NULL, commands, register_hooks,
    AP_MODULE_FLAG_NONE,
};
