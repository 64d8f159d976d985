/*
 * tocsin_problem: replies, good and bad.
 *
 * A good one is JSON with an ETag; a bad one is a problem document (RFC 9457) with the
 * request's id, so that a sysadmin finds it in the log.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "hash.h"
#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

static const struct {
    int status;
    const char *type, *detail;
} usual[] = {
    {HTTP_BAD_REQUEST, "malformed", "the request is malformed"},
    {HTTP_UNAUTHORIZED, "sign-in", "sign in first"},
    {HTTP_FORBIDDEN, "forbidden", "this is not allowed"},
    {HTTP_NOT_FOUND, "not-found", "there is no such thing"},
    {HTTP_METHOD_NOT_ALLOWED, "method", "this cannot be done here; see Allow"},
    {HTTP_REQUEST_TIME_OUT, "timeout", "the request came too slowly"},
    {HTTP_CONFLICT, "conflict", "this exists already"},
    {HTTP_GONE, "gone", "this is over"},
    {HTTP_PRECONDITION_FAILED, "changed", "somebody else changed it first"},
    {HTTP_REQUEST_ENTITY_TOO_LARGE, "too-large", "a request body may have 65536 bytes"},
    {HTTP_UNSUPPORTED_MEDIA_TYPE, "media-type", "the body must be application/json"},
    {HTTP_UNPROCESSABLE_ENTITY, "invalid", "a value breaks a rule"},
    {HTTP_LOCKED, "locked", "this is locked for a while"},
    {HTTP_TOO_MANY_REQUESTS, "limit", "too many requests; see Retry-After"},
    {HTTP_SERVICE_UNAVAILABLE, "unavailable", "this is away for a moment; see Retry-After"},
    {HTTP_INTERNAL_SERVER_ERROR, "internal", "something went wrong; the log says more"},
};

static int usual_find(int status)
{
    int n = sizeof(usual) / sizeof(*usual), i;

    for (i = 0; i < n - 1; i++)
        if (usual[i].status == status)
            break;
    return i;
}

/* "422 Unprocessable Entity" without the number. */
static const char *title(int status)
{
    const char *line = ap_get_status_line(status);

    return strlen(line) > 4 ? line + 4 : line;
}

static void write_problem(request_rec *r, int status, const char *type, const char *detail,
                          json_t *errors)
{
    json_t *doc = json_pack(
        "{s:o, s:s, s:i, s:s*, s:s}", "type", json_sprintf("about:blank#%s", type), "title",
        title(status), "status", status, "detail", detail, "request_id", tocsin_request_id(r));
    char *text;

    if (errors)
        json_object_set_new(doc, "errors", errors);
    text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    r->status = status;
    r->status_line = NULL;
    ap_set_content_type(r, "application/problem+json");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    ap_rputs(text, r);
    free(text);
}

int tocsin_problem(request_rec *r, int status, const char *type, const char *detail,
                   json_t *errors)
{
    core_request *cr = core_request_get(r);
    int i = usual_find(status);

    cr->replied = 1;
    type = type ? type : usual[i].type;
    detail = detail ? detail : usual[i].detail;
    if (cr->write)
        return cr->write(r, status, type, detail, errors);
    write_problem(r, status, type, detail, errors);
    return OK;
}

void tocsin_problem_as(request_rec *r, tocsin_problem_writer *write)
{
    core_request_get(r)->write = write;
}

int problem_status(request_rec *r, int status)
{
    tocsin_problem(r, status, NULL, NULL, NULL);
    return status;
}

int problem_away(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Retry-After", APR_STRINGIFY(RETRY_DB_S));
    tocsin_problem(r, HTTP_SERVICE_UNAVAILABLE, "database",
                   "the database is away; try again in a second", NULL);
    return HTTP_SERVICE_UNAVAILABLE;
}

/* {"version" : 7, … → 7, else 0 */
static apr_int64_t version_of(const char *json)
{
    static const char word[] = "{\"version\"";

    if (strncmp(json, word, sizeof(word) - 1))
        return 0;
    json += sizeof(word) - 1;
    json += strspn(json, " :");
    return apr_strtoi64(json, NULL, 10);
}

int tocsin_send(request_rec *r, int status, const char *json, apr_size_t len)
{
    int rv;

    core_request_get(r)->replied = 1;
    r->status = status;
    if (r->method_number == M_GET && status == HTTP_OK) {
        apr_table_setn(r->headers_out, "ETag",
                       apr_psprintf(r->pool,
                                    "\"%" APR_INT64_T_FMT "-%016" APR_UINT64_T_HEX_FMT "\"",
                                    version_of(json), hash64(json, len, 0)));
        if (!apr_table_get(r->headers_out, "Cache-Control"))
            apr_table_setn(r->headers_out, "Cache-Control", "private, no-cache");
        if ((rv = ap_meets_conditions(r)) != OK)
            return rv;
    }
    else {
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    }
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)len);
    if (!r->header_only)
        ap_rwrite(json, (int)len, r);
    return OK;
}
