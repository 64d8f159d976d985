/*
 * mod_tocsin_status: status pages: their settings, what is told in public, a look at a page
 * before it is so, and who may read the files that the publisher writes.
 */
#include "tocsin_status.h"

status_core core;

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = page_routes;
    return OK;
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *)
{
    core.invalid = APR_RETRIEVE_OPTIONAL_FN(tocsin_invalid);
    core.call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    core.send = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    core.problem = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem);
    core.check_fields = APR_RETRIEVE_OPTIONAL_FN(tocsin_check_fields);
    core.bytes = APR_RETRIEVE_OPTIONAL_FN(tocsin_bytes);
    core.hash_password = APR_RETRIEVE_OPTIONAL_FN(tocsin_hash_password);
    core.public_url = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_url);
    return OK;
}

static void register_hooks(apr_pool_t *)
{
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_status) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0,
};
