/* fleet_demo: what agents would answer in a demonstration, made up by SQL. */
#include "fleet.h"

#include <apr_strings.h>

static apr_status_t json_free(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

int demo_ask(request_rec *r, const gateway_question *ask, gateway_answer *out)
{
    const char *args[] = {apr_psprintf(r->pool, "%" APR_INT64_T_FMT, ask->host), ask->path};
    apr_pool_t *p = ask->pool ? ask->pool : r->pool;
    const char *text;
    apr_size_t len;
    int status = core.call(r, 0, "demo_agent", 2, args, &text, &len);

    if (status != OK)
        return status;
    if (!text || !(out->json = json_loadb(text, len, 0, NULL)))
        return gateway_refuse(r, HTTP_NOT_FOUND, NULL, 0);
    apr_pool_cleanup_register(p, out->json, json_free, apr_pool_cleanup_null);
    out->text = apr_pstrmemdup(p, text, len);
    out->len = len;
    out->etag = "\"demo\"";
    return OK;
}
