/*
 * fleet_door: what each question to an agent has in common: may one ask, where does it go,
 * and what is written down about it.
 */
#include "fleet.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>

#define ACTS_BURST      30
#define ACTS_PER_SECOND .5

fleet_core core;

const char *fleet_text(const tocsin_request *q, const char *name)
{
    return json_string_value(json_object_get(q->input, name));
}

/* An SQL function of (caller, id, input), with an input of our own (stolen). */
static int call(tocsin_request *q, int write, const char *function, json_t *input,
                const char **json, apr_size_t *len)
{
    apr_pool_t *p = q->r->pool;
    char *text = json_dumps(input, JSON_COMPACT);
    const char *args[3] = {apr_psprintf(p, "%" APR_INT64_T_FMT, q->who->account),
                           apr_psprintf(p, "%" APR_INT64_T_FMT, q->id), text};
    int status = text ? core.call(q->r, write, function, 3, args, json, len)
                      : HTTP_INTERNAL_SERVER_ERROR;

    free(text);
    json_decref(input);
    return status;
}

int fleet_door(tocsin_request *q, const char *need, fleet_app *app)
{
    const char *json, *name;
    apr_size_t len;
    json_t *doc;
    int status = call(q, 0, "app_door", json_pack("{s:s}", "need", need), &json, &len);

    if (status != OK)
        return status;
    doc = json ? json_loadb(json, len, 0, NULL) : NULL;
    app->host = json_integer_value(json_object_get(doc, "host"));
    app->app = apr_pstrdup(q->r->pool, json_string_value(json_object_get(doc, "app")));
    name = json_string_value(json_object_get(doc, "name"));
    app->name = name ? apr_pstrdup(q->r->pool, name) : app->app;
    json_decref(doc);
    return app->host > 0 && app->app ? OK : HTTP_NOT_FOUND;
}

int fleet_did(tocsin_request *q, json_t *facts)
{
    const tocsin_identity *who = q->who;
    const char *json;
    apr_size_t len;

    json_object_set_new(facts, "@",
                        json_pack("{s:s, s:s, s:s, s:s?}", "address", q->r->useragent_ip,
                                  "request", core.request_id(q->r), "via", who->via, "session",
                                  who->session));
    return call(q, 1, "app_did", facts, &json, &len);
}

/* ---------------------------------------------------------------- where it goes */

/* Percent-encoded but for what never means anything. */
static const char *encode(apr_pool_t *p, const char *s)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = apr_palloc(p, 3 * strlen(s) + 1), *to = out;

    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (apr_isalnum(c) || strchr("-_.~", c)) {
            *to++ = *s;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    *to = '\0';
    return out;
}

const char *fleet_path(apr_pool_t *p, const fleet_app *app, const char *rest)
{
    return apr_pstrcat(p, "/v1/apps/", encode(p, app->app), rest, NULL);
}

const char *fleet_param(apr_pool_t *p, const char *path, const char *name, const char *value)
{
    return value ? apr_pstrcat(p, path, strchr(path, '?') ? "&" : "?", name, "=",
                               encode(p, value), NULL)
                 : path;
}

/* Times are told to agents in seconds since 1970; see T_TIME for what comes in. */
static const char *value_of(apr_pool_t *p, const json_t *v)
{
    if (json_is_boolean(v))
        return json_is_true(v) ? "1" : "0";
    if (json_is_integer(v))
        return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(v));
    return json_string_value(v);
}

const char *fleet_params(const tocsin_request *q, const char *path, const char *but)
{
    apr_pool_t *p = q->r->pool;

    for (const tocsin_field *f = q->route->query; f && f->name; f++)
        if (!but || strcmp(f->name, but))
            path =
                fleet_param(p, path, f->name, value_of(p, json_object_get(q->input, f->name)));
    return path;
}

/* ---------------------------------------------------------------- answers and limits */

int fleet_send(request_rec *r, const gateway_answer *a)
{
    r->status = HTTP_OK;
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    if (*a->etag)
        apr_table_setn(r->headers_out, "ETag", a->etag);
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)a->len);
    if (!r->header_only)
        ap_rwrite(a->text, (int)a->len, r);
    return OK;
}

int fleet_pace(tocsin_request *q)
{
    const char *key =
        apr_psprintf(q->r->pool, "fleet account %" APR_INT64_T_FMT, q->who->account);
    int retry_s;

    if (core.limit(q->r, key, ACTS_PER_SECOND, ACTS_BURST, &retry_s))
        return OK;
    apr_table_setn(q->r->err_headers_out, "Retry-After", apr_itoa(q->r->pool, retry_s));
    core.problem(q->r, HTTP_TOO_MANY_REQUESTS, "limit",
                 "30 actions a minute are enough; see Retry-After", NULL);
    return HTTP_TOO_MANY_REQUESTS;
}
