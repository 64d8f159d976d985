/*
 * tocsin_dispatch: the way of a request under SetHandler tocsin-api.
 *
 * Route, limit, who, input, SQL function, reply: each step refuses with a problem or
 * hands on. The base of the API is found in the address itself, at the first /api/v1, so
 * the same lines of configuration serve under any sub-path.
 */
#include <httpd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

APR_IMPLEMENT_OPTIONAL_HOOK_RUN_ALL(tocsin, TOCSIN, int, routes, (apr_array_header_t * tables),
                                    (tables), OK, DECLINED)

static route_map *map;
static int slot_unknown;

const route_map *dispatch_routes(void)
{
    return map;
}

int dispatch_config(apr_pool_t *p, server_rec *s)
{
    apr_array_header_t *tables = apr_array_make(p, 16, sizeof(const tocsin_route *));
    const char *error = NULL;

    APR_ARRAY_PUSH(tables, const tocsin_route *) = openapi_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = health_routes;
    tocsin_run_routes(tables);
    map = route_map_make(p, tables, &error);
    if (!map) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "tocsin: %s", error);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    for (int i = 0; i < map->entries->nelts; i++) {
        route_entry *e = APR_ARRAY_IDX(map->entries, i, route_entry *);

        e->slot = count_slot(apr_pstrcat(p, e->route->method, " ", e->route->path, NULL));
    }
    slot_unknown = count_slot("unknown");
    return OK;
}

/* What follows /api/v1, or NULL. */
static const char *path_under_base(const char *uri)
{
    const char *base = strstr(uri, BASE);

    while (base && base[sizeof(BASE) - 1] != '/' && base[sizeof(BASE) - 1])
        base = strstr(base + 1, BASE);
    return base ? base + sizeof(BASE) - 1 : NULL;
}

static int no_route(request_rec *r, const route_match *m)
{
    count_start(r, slot_unknown);
    if (!m->allow)
        return problem_status(r, HTTP_NOT_FOUND);
    apr_table_setn(r->err_headers_out, "Allow", m->allow);
    if (strcmp(r->method, "OPTIONS"))
        return problem_status(r, HTTP_METHOD_NOT_ALLOWED);
    r->status = HTTP_NO_CONTENT;
    return OK;
}

const char *tocsin_client_key(request_rec *r)
{
    const unsigned char *a = r->useragent_addr->ipaddr_ptr;

    if (!strchr(r->useragent_ip, ':'))
        return r->useragent_ip;
    return apr_psprintf(r->pool, "%02x%02x:%02x%02x:%02x%02x:%02x%02x", a[0], a[1], a[2], a[3],
                        a[4], a[5], a[6], a[7]);
}

static int limited(request_rec *r)
{
    const core_conf *conf = core_conf_get(r);
    const char *key;
    int retry_s;

    if (conf->rate <= 0)
        return OK;
    key = apr_pstrcat(r->pool, "address ", tocsin_client_key(r), NULL);
    if (tocsin_limit(r, key, conf->rate, conf->burst, &retry_s))
        return OK;
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, retry_s));
    return problem_status(r, HTTP_TOO_MANY_REQUESTS);
}

/* ---------------------------------------------------------------- the SQL function */

/* For the audit; "@" cannot come from a client, no field is named so. */
static void add_origin(tocsin_request *q)
{
    request_rec *r = q->r;
    const tocsin_identity *who = q->who;

    json_object_set_new(q->input, "@",
                        json_pack("{s:s, s:s, s:s, s:s?}", "address", r->useragent_ip,
                                  "request", tocsin_request_id(r), "via", who ? who->via : "",
                                  "session", who ? who->session : NULL));
}

/* If-Match: "7-90ab…" → "if_match": "7" */
static void add_if_match(tocsin_request *q)
{
    const char *etag = apr_table_get(q->r->headers_in, "If-Match");

    if (!etag || !strcmp(etag, "*"))
        return;
    if (!strncmp(etag, "W/", 2))
        etag += 2;
    etag += *etag == '"';
    json_object_set_new(q->input, "if_match",
                        json_stringn_nocheck(etag, strspn(etag, "0123456789")));
}

int tocsin_call_route(tocsin_request *q, const char *function, const char **json,
                      apr_size_t *len)
{
    apr_pool_t *p = q->r->pool;
    int write = q->r->method_number != M_GET;
    const char *args[3] = {NULL, NULL, "{}"};
    char *input = NULL;
    int status;

    if (write) {
        add_origin(q);
        add_if_match(q);
    }
    if (q->who)
        args[0] = apr_psprintf(p, "%" APR_INT64_T_FMT, q->who->account);
    if (q->id)
        args[1] = apr_psprintf(p, "%" APR_INT64_T_FMT, q->id);
    if (json_object_size(q->input))
        args[2] = input = json_dumps(q->input, JSON_COMPACT);
    status = tocsin_call(q->r, write, function, 3, args, json, len);
    free(input);
    return status;
}

/* ---------------------------------------------------------------- the reply */

/* The value of "id" in an answer, where it stands first or after "version". */
static const char *id_of(apr_pool_t *p, const char *json)
{
    const char *id = strstr(json, "\"id\"");

    if (!id)
        return NULL;
    id += 4;
    id += strspn(id, " :\"");
    return apr_pstrmemdup(p, id, strspn(id, "0123456789abcdef-"));
}

static void set_location(tocsin_request *q, const char *json)
{
    request_rec *r = q->r;
    const char *id = id_of(r->pool, json);

    if (id)
        apr_table_setn(r->headers_out, "Location",
                       apr_pstrcat(r->pool, r->uri, "/", id, NULL));
}

static int reply(tocsin_request *q, const char *json, apr_size_t len)
{
    request_rec *r = q->r;
    int flags = q->route->flags;

    if (!json)
        return HTTP_NOT_FOUND;
    if (flags & R_EMPTY) {
        core_request_get(r)->replied = 1;
        r->status = HTTP_NO_CONTENT;
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        return OK;
    }
    if (flags & (R_CREATED | R_ACCEPTED))
        set_location(q, json);
    return tocsin_send(r,
                       flags & R_CREATED    ? HTTP_CREATED
                       : flags & R_ACCEPTED ? HTTP_ACCEPTED
                                            : HTTP_OK,
                       json, len);
}

static int serve(tocsin_request *q)
{
    const char *json;
    apr_size_t len;
    int status;

    if (!(q->route->flags & R_NO_LIMIT) && (status = limited(q->r)) != OK)
        return status;
    if ((status = identity_admit(q)) != OK || (status = input_read(q)) != OK)
        return status;
    if (q->route->handler)
        return q->route->handler(q);
    if ((status = tocsin_call_route(q, q->route->function, &json, &len)) != OK)
        return status;
    return reply(q, json, len);
}

int dispatch_handler(request_rec *r)
{
    tocsin_request q = {.r = r};
    const char *path;
    route_match m;
    int status;

    if (!r->handler || strcmp(r->handler, "tocsin-api"))
        return DECLINED;
    tocsin_request_id(r);
    path = path_under_base(r->uri);
    if (!path || !route_find(map, r->pool, r->method, path, &m)) {
        if (!path)
            m.allow = NULL;
        no_route(r, &m);
        return OK;
    }
    q.route = m.entry->route;
    q.id = m.id;
    q.sub = m.sub;
    q.key = m.key;
    q.name = m.name;
    count_start(r, m.entry->slot);
    status = serve(&q);
    if (status == OK || status == DONE || status == SUSPENDED)
        return status;
    if (status == HTTP_NOT_MODIFIED)
        return status;
    if (!core_request_get(r)->replied)
        problem_status(r, status);
    return OK;
}
