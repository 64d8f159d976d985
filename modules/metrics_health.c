/*
 * metrics_health: GET /admin/health, the numbers and what to do about them.
 *
 * Everything is decided in SQL; httpd adds what only its shared memory knows.
 */
#include "metrics.h"

#include <http_config.h>

static int get_health(tocsin_request *q)
{
    APR_OPTIONAL_FN_TYPE(tocsin_counters_get) *counters_get =
        APR_RETRIEVE_OPTIONAL_FN(tocsin_counters_get);
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) *call =
        APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    APR_OPTIONAL_FN_TYPE(tocsin_send) *send = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    APR_OPTIONAL_FN_TYPE(tocsin_live_max) *max = APR_RETRIEVE_OPTIONAL_FN(tocsin_live_max);
    const tocsin_counters *c = counters_get();
    const char *json;
    apr_size_t len;
    int status;

    json_object_set_new(
        q->input, "live",
        json_pack("{s:I, s:i, s:I, s:I, s:I}", "clients", (json_int_t)c->live_clients, "max",
                  max ? max() : 0, "opened", (json_int_t)c->live_adopted, "dropped",
                  (json_int_t)c->live_dropped, "database_lost", (json_int_t)c->live_lost));
    status = call(q, "admin_health", &json, &len);
    return status == OK ? send(q->r, HTTP_OK, json, len) : status;
}

const tocsin_route health_routes[] = {
    {.method = "GET",
     .path = "/admin/health",
     .role = ROLE_ADMIN,
     .handler = get_health,
     .summary = "How the instance is, and what to do about what is not well.",
     .tag = "admin"},
    {0},
};
