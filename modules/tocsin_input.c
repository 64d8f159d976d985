/*
 * tocsin_input: read what a request brings, and let nothing in that its route does not
 * know.
 */
#include <httpd.h>
#include <apr_buckets.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>
#include <util_filter.h>

#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

#define PARAMETERS_MAX 64

static apr_status_t json_free(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

static json_t *keep(request_rec *r, json_t *json)
{
    apr_pool_cleanup_register(r->pool, json, json_free, apr_pool_cleanup_null);
    return json;
}

void tocsin_invalid(tocsin_request *q, const char *field, const char *rule)
{
    if (!q->errors)
        q->errors = json_object();
    if (!json_object_get(q->errors, field))
        json_object_set_new(q->errors, field, json_string(rule));
}

json_t *tocsin_check_fields(request_rec *r, const tocsin_field *fields, json_t *object,
                            int partial)
{
    return field_check_all(r->pool, core_conf_get(r)->guard, fields, object, partial);
}

/* ---------------------------------------------------------------- the bytes */

/* The connection is not worth reading on: whoever sends too much is cut off. */
static int too_large(request_rec *r, apr_size_t most)
{
    r->connection->keepalive = AP_CONN_CLOSE;
    tocsin_problem(
        r, HTTP_REQUEST_ENTITY_TOO_LARGE, NULL,
        apr_psprintf(r->pool, "a request body may have %" APR_SIZE_T_FMT " bytes", most),
        NULL);
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

static int read_brigade(apr_bucket_brigade *bb, char *to, apr_size_t most, apr_size_t *len,
                        int *eos)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb);
         b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t n;

        if (APR_BUCKET_IS_EOS(b)) {
            *eos = 1;
            return OK;
        }
        if (APR_BUCKET_IS_METADATA(b))
            continue;
        if (apr_bucket_read(b, &data, &n, APR_BLOCK_READ) != APR_SUCCESS)
            return HTTP_BAD_REQUEST;
        if (n > most - *len)
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        memcpy(to + *len, data, n);
        *len += n;
    }
    return OK;
}

/* The body, with a NUL after it; NULL and *status when a problem was sent. */
static char *read_body(request_rec *r, apr_size_t most, apr_size_t *len, int *status)
{
    const char *said = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t announced = said ? apr_strtoi64(said, NULL, 10) : (apr_off_t)most;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int eos = 0;
    char *body;

    *len = 0;
    if (announced < 0 || announced > (apr_off_t)most)
        *status = HTTP_REQUEST_ENTITY_TOO_LARGE;
    else
        *status = OK;
    body = *status == OK ? apr_palloc(r->pool, (apr_size_t)announced + 1) : NULL;
    while (*status == OK && !eos) {
        apr_status_t rv =
            ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, BODY_MAX);

        if (rv != APR_SUCCESS)
            *status = ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        else
            *status = read_brigade(bb, body, (apr_size_t)announced, len, &eos);
        apr_brigade_cleanup(bb);
    }
    if (*status == AP_FILTER_ERROR) /* httpd has answered already */
        core_request_get(r)->replied = 1;
    else if (*status == HTTP_REQUEST_ENTITY_TOO_LARGE)
        too_large(r, most);
    else if (*status != OK)
        problem_status(r, *status);
    if (*status != OK)
        return NULL;
    body[*len] = '\0';
    return body;
}

static int has_body(request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") ||
           (length && strcmp(length, "0"));
}

static int media_is(request_rec *r, const char *media)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    apr_size_t n = strlen(media);

    return type && !ap_cstr_casecmpn(type, media, n) &&
           (!type[n] || type[n] == ';' || apr_isspace(type[n]));
}

/* ---------------------------------------------------------------- JSON */

static int malformed(request_rec *r, const json_error_t *e)
{
    const char *detail =
        apr_psprintf(r->pool, "line %d, column %d: %s", e->line, e->column, e->text);
    json_t *s = json_string(detail); /* jansson quotes what it did not understand */

    tocsin_problem(r, HTTP_BAD_REQUEST, "malformed", s ? detail : "the body is not UTF-8",
                   NULL);
    json_decref(s);
    return HTTP_BAD_REQUEST;
}

static int parse_json(request_rec *r, const char *text, apr_size_t len, json_t **body)
{
    json_error_t e;
    json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);

    if (!doc)
        return malformed(r, &e);
    keep(r, doc);
    if (!json_is_object(doc)) {
        tocsin_problem(r, HTTP_BAD_REQUEST, "malformed", "the body must be a JSON object",
                       NULL);
        return HTTP_BAD_REQUEST;
    }
    *body = doc;
    return OK;
}

static int body_json(request_rec *r, apr_size_t most, json_t **body)
{
    apr_size_t len;
    char *text;
    int status;

    if (!has_body(r)) {
        *body = keep(r, json_object());
        return OK;
    }
    if (!media_is(r, "application/json"))
        return problem_status(r, HTTP_UNSUPPORTED_MEDIA_TYPE);
    if (!(text = read_body(r, most, &len, &status)))
        return status;
    return parse_json(r, text, len, body);
}

int tocsin_body(request_rec *r, json_t **body)
{
    return body_json(r, BODY_MAX, body);
}

int tocsin_bytes(request_rec *r, apr_size_t most, const char **bytes, apr_size_t *len)
{
    int status = OK;

    *len = 0;
    *bytes = has_body(r) ? read_body(r, most, len, &status) : "";
    return status;
}

/* ---------------------------------------------------------------- words */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode %xx and + in place; the length, as %00 may be in it. -1: malformed. */
static apr_ssize_t decode(char *s)
{
    char *to = s, *start = s;

    for (; *s; s++) {
        if (*s == '%') {
            if (hex(s[1]) < 0 || hex(s[2]) < 0)
                return -1;
            *to++ = (char)(hex(s[1]) << 4 | hex(s[2]));
            s += 2;
        }
        else {
            *to++ = *s == '+' ? ' ' : *s;
        }
    }
    *to = '\0';
    return to - start;
}

static void take_word(tocsin_request *q, const tocsin_field *fields, char *name, char *word)
{
    apr_ssize_t nlen = decode(name), len = word ? decode(word) : 0;
    const tocsin_field *f = nlen < 0 ? NULL : field_find(fields, name);
    const char *rule = NULL;
    json_t *value = NULL;

    if (!f) {
        json_t *said = json_string(name);

        tocsin_invalid(q, said ? name : "?", "is not known");
        json_decref(said);
        return;
    }
    if (json_object_get(q->input, name))
        rule = "must be given once";
    else if (len < 0)
        rule = "must be percent-encoded";
    else
        value = field_parse(q->r->pool, f, word ? word : "", (apr_size_t)len, &rule);
    if (value && !rule)
        rule = field_check(q->r->pool, core_conf_get(q->r)->guard, f, value);
    if (rule) {
        tocsin_invalid(q, name, rule);
        json_decref(value);
    }
    else {
        json_object_set_new(q->input, name, value);
    }
}

static void take_words(tocsin_request *q, const tocsin_field *fields, const char *text)
{
    char *copy = apr_pstrdup(q->r->pool, text), *save, *pair;
    int n = 0;

    for (pair = apr_strtok(copy, "&", &save); pair; pair = apr_strtok(NULL, "&", &save)) {
        char *eq = strchr(pair, '=');

        if (++n > PARAMETERS_MAX) {
            tocsin_invalid(q, "?", "are too many parameters");
            return;
        }
        if (eq)
            *eq++ = '\0';
        take_word(q, fields, pair, eq);
    }
}

/* ---------------------------------------------------------------- a route's input */

static void take_required(tocsin_request *q, const tocsin_field *fields)
{
    for (; fields && fields->name; fields++)
        if ((fields->flags & F_REQUIRED) && !json_object_get(q->input, fields->name))
            tocsin_invalid(q, fields->name, "is required");
}

static int take_form(tocsin_request *q)
{
    apr_size_t len;
    int status;
    char *text = read_body(q->r, BODY_MAX, &len, &status);

    if (!text)
        return status;
    if (memchr(text, '\0', len))
        return problem_status(q->r, HTTP_BAD_REQUEST);
    take_words(q, q->route->body, text);
    take_required(q, q->route->body);
    return OK;
}

static apr_size_t body_most(const tocsin_route *route)
{
    return route->flags & R_LARGE   ? BODY_LARGE
           : route->flags & R_SMALL ? BODY_SMALL
           : route->flags & R_HUGE  ? BODY_HUGE
                                    : BODY_MAX;
}

static int take_body(tocsin_request *q)
{
    request_rec *r = q->r;
    json_t *body, *errors;
    const char *name, *rule;
    json_t *value;
    int status;

    if ((q->route->flags & R_FORM) && media_is(r, "application/x-www-form-urlencoded"))
        return take_form(q);
    if ((q->route->flags & R_RAW) && !media_is(r, "application/json"))
        return OK;
    status = body_json(r, body_most(q->route), &body);
    if (status != OK)
        return status;
    errors = tocsin_check_fields(r, q->route->body, body, !strcmp(q->route->method, "PATCH"));
    json_object_foreach(errors, name, value)
    {
        rule = json_string_value(value);
        tocsin_invalid(q, name, rule);
    }
    json_decref(errors);
    json_object_update_missing(q->input, body);
    return OK;
}

int input_read(tocsin_request *q)
{
    request_rec *r = q->r;
    int status = OK;

    q->input = keep(r, json_object());
    if (r->args && *r->args)
        take_words(q, q->route->query, r->args);
    if (q->route->query)
        take_required(q, q->route->query);
    if (r->method_number != M_GET)
        status = take_body(q);
    if (status != OK)
        return status;
    if (q->key)
        json_object_set_new(q->input, "key", json_string(q->key));
    if (q->sub)
        json_object_set_new(q->input, "sub", json_integer(q->sub));
    if (!q->errors && q->route->check)
        status = q->route->check(q);
    if (status != OK || !q->errors)
        return status;
    tocsin_problem(r, HTTP_UNPROCESSABLE_ENTITY, "invalid", NULL, q->errors);
    return HTTP_UNPROCESSABLE_ENTITY;
}
