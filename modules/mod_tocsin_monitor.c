/*
 * mod_tocsin_monitor: monitors, their history, incidents, and maintenance windows.
 *
 * Nearly all of it is the table: SQL does the work. What is left to do here is to keep the
 * full list for a second, and to look into the objects of a bulk request, which SQL trusts
 * as it trusts other input.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_config.h>
#include <string.h>

#include "maintenance_routes.h"
#include "mod_tocsin.h"
#include "monitor_cache.h"
#include "monitor_fields.h"

static APR_OPTIONAL_FN_TYPE(tocsin_check_fields) * check_fields;
static APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
static APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
static APR_OPTIONAL_FN_TYPE(tocsin_send) * send_json;
static APR_OPTIONAL_FN_TYPE(tocsin_counters_get) * counters_get;
static struct maintenance_calls maintenance;

/* The members of an object inside the body are fields like any other: args.interval. */
static void check_inside(tocsin_request *q, const char *name, const tocsin_field *fields)
{
    json_t *object = json_object_get(q->input, name), *errors, *rule;
    const char *field;

    errors = object ? check_fields(q->r, fields, object, 1) : NULL;
    json_object_foreach(errors, field, rule)
        invalid(q, apr_pstrcat(q->r->pool, name, ".", field, NULL), json_string_value(rule));
    json_decref(errors);
}

/* A bad item does not spoil the others: its errors go along, and come back as its own. */
static int check_bulk(tocsin_request *q)
{
    json_t *items = json_object_get(q->input, "items"), *item, *errors;
    size_t i;

    check_inside(q, "args", monitor_bulk_set);
    check_inside(q, "filter", monitor_bulk_filter);
    json_array_foreach(items, i, item)
    {
        errors = check_fields(q->r, monitor_settings, item, 0);
        if (errors)
            json_object_set_new(item, "@errors", errors);
    }
    return OK;
}

/* Everything in columns is kept for a moment; any other question goes to SQL. */
static int get_monitors(tocsin_request *q)
{
    const char *view = json_string_value(json_object_get(q->input, "view")), *json = NULL;
    tocsin_counters *counters = counters_get();
    int keep = counters && view && !strcmp(view, "list") && json_object_size(q->input) == 1;
    apr_uint64_t writes = keep ? __atomic_load_n(&counters->writes, __ATOMIC_ACQUIRE) : 0;
    apr_time_t now = apr_time_now();
    apr_size_t len;
    int status;

    if (keep && (json = monitor_cache_get(q->r->pool, q->who->account, writes, &len)))
        return send_json(q->r, HTTP_OK, json, len);
    if ((status = call_route(q, "monitor_list", &json, &len)) != OK)
        return status;
    if (keep)
        monitor_cache_put(q->who->account, writes, now, json, len);
    return send_json(q->r, HTTP_OK, json, len);
}

static const tocsin_route routes[] = {
    {"GET", "/monitors", ROLE_VIEWER, .query = monitor_list_query, .handler = get_monitors,
     .summary = "The monitors one may see, in columns or plain.", .tag = "monitors"},
    {"POST", "/monitors", ROLE_MEMBER, "monitor_create", R_CREATED, .body = monitor_settings,
     .summary = "Watch an address.", .tag = "monitors"},
    {"POST", "/monitors/bulk", ROLE_MEMBER, "monitor_bulk", .body = monitor_bulk,
     .check = check_bulk, .summary = "One operation on many monitors, or many new ones.",
     .tag = "monitors"},
    {"POST", "/monitors/test", ROLE_MEMBER, "monitor_test_start", R_ACCEPTED,
     .body = monitor_test, .summary = "Check settings once without keeping them.",
     .tag = "monitors"},
    {"GET", "/monitors/test/{uuid}", ROLE_MEMBER, "monitor_test_get",
     .summary = "What a test found, when it is done.", .tag = "monitors"},
    {"GET", "/monitors/{id}", ROLE_VIEWER, "monitor_read",
     .summary = "A monitor: its settings and how it is.", .tag = "monitors"},
    {"PATCH", "/monitors/{id}", ROLE_MEMBER, "monitor_patch", .body = monitor_settings,
     .summary = "Change settings; pause and resume.", .tag = "monitors"},
    {"DELETE", "/monitors/{id}", ROLE_MEMBER, "monitor_delete", R_EMPTY,
     .summary = "Delete; it can be restored for seven days.", .tag = "monitors"},
    {"POST", "/monitors/{id}/restore", ROLE_MEMBER, "monitor_restore",
     .summary = "Take a deletion back.", .tag = "monitors"},
    {"POST", "/monitors/{id}/check", ROLE_MEMBER, "monitor_check", R_ACCEPTED,
     .summary = "Check now.", .tag = "monitors"},
    {"GET", "/monitors/{id}/checks", ROLE_VIEWER, "monitor_checks",
     .query = monitor_checks_query, .summary = "Single checks, newest first.",
     .tag = "history"},
    {"GET", "/monitors/{id}/series", ROLE_VIEWER, "monitor_series",
     .query = monitor_series_query, .summary = "Response times for a chart.",
     .tag = "history"},
    {"GET", "/monitors/{id}/uptime", ROLE_VIEWER, "monitor_uptime",
     .query = monitor_uptime_query, .summary = "Seconds in each status, and percent.",
     .tag = "history"},
    {"GET", "/monitors/{id}/daily", ROLE_VIEWER, "monitor_daily", .query = monitor_daily_query,
     .summary = "The same by days.", .tag = "history"},
    {"GET", "/monitors/{id}/incidents", ROLE_VIEWER, "monitor_incidents",
     .query = monitor_page_query, .summary = "Its incidents, newest first.", .tag = "history"},
    {"GET", "/monitors/{id}/notifications", ROLE_VIEWER, "monitor_notifications",
     .query = monitor_page_query, .summary = "Who was told what, newest first.",
     .tag = "history"},
    {"GET", "/admin/monitors", ROLE_ADMIN, "admin_monitors", .query = monitor_admin_query,
     .summary = "Everybody's monitors.", .tag = "admin"},

    {"GET", "/incidents", ROLE_VIEWER, "incident_list", .query = incident_list_query,
     .summary = "Incidents, newest first.", .tag = "incidents"},
    {"POST", "/incidents", ROLE_MEMBER, "incident_create", R_CREATED, .body = incident_new,
     .summary = "Open an incident by hand.", .tag = "incidents"},
    {"GET", "/incidents/{id}", ROLE_VIEWER, "incident_read",
     .summary = "An incident and what happened in it.", .tag = "incidents"},
    {"PATCH", "/incidents/{id}", ROLE_MEMBER, "incident_patch", .body = incident_edit,
     .summary = "Change title, severity or times.", .tag = "incidents"},
    {"POST", "/incidents/{id}/ack", ROLE_MEMBER, "incident_ack", .body = incident_word,
     .summary = "Say that somebody is on it.", .tag = "incidents"},
    {"POST", "/incidents/{id}/comments", ROLE_MEMBER, "incident_comment",
     .body = incident_comment, .summary = "Add to the timeline.", .tag = "incidents"},
    {"POST", "/incidents/{id}/resolve", ROLE_MEMBER, "incident_resolve", .body = incident_word,
     .summary = "Say that it is over.", .tag = "incidents"},

    {"GET", "/overview", ROLE_VIEWER, "overview",
     .summary = "Counts, and what needs attention.", .tag = "monitors"},
    {0},
};

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = maintenance_routes(&maintenance);
    return OK;
}

static void fetch(void)
{
    check_fields = APR_RETRIEVE_OPTIONAL_FN(tocsin_check_fields);
    invalid = APR_RETRIEVE_OPTIONAL_FN(tocsin_invalid);
    call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    send_json = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    counters_get = APR_RETRIEVE_OPTIONAL_FN(tocsin_counters_get);
    maintenance = (struct maintenance_calls){
        .invalid = invalid,
        .call_route = call_route,
        .public_url = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_url),
    };
}

static void child_init(apr_pool_t *p, server_rec *)
{
    monitor_cache_init(p);
}

static void register_hooks(apr_pool_t *)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_optional_fn_retrieve(fetch, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_monitor) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0,
};
