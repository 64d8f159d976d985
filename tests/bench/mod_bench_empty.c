/*
 * mod_bench_empty: what a handler costs that does nothing, to compare others with.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <string.h>

static int handler(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, "bench-empty"))
        return DECLINED;
    ap_set_content_type(r, "application/json");
    ap_rputs("{}", r);
    return OK;
}

static void register_hooks(apr_pool_t *)
{
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(bench_empty) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0,
};
