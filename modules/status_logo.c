/*
 * status_logo: the picture of a page: in as bytes, looked at, and out again.
 */
#include <apr_base64.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "picture.h"
#include "tocsin_status.h"

int logo_put(tocsin_request *q)
{
    const char *said = apr_table_get(q->r->headers_in, "Content-Type"), *bytes, *type;
    char why[160], *text;
    apr_size_t len;
    int status;

    if (said && !ap_cstr_casecmpn(said, "application/json", 16))
        return core.problem(q->r, HTTP_UNSUPPORTED_MEDIA_TYPE, "media-type",
                            "the body must be the picture itself, PNG or SVG", NULL);
    if ((status = core.bytes(q->r, PICTURE_MAX, &bytes, &len)) != OK)
        return status;
    type = picture_type(bytes, len, why, sizeof(why));
    if (!type) {
        core.invalid(q, "logo", apr_pstrdup(q->r->pool, why));
        core.problem(q->r, HTTP_UNPROCESSABLE_ENTITY, "invalid", NULL, q->errors);
        return HTTP_UNPROCESSABLE_ENTITY;
    }
    text = apr_palloc(q->r->pool, (apr_size_t)apr_base64_encode_len((int)len));
    apr_base64_encode_binary(text, (const unsigned char *)bytes, (int)len);
    json_object_set_new(q->input, "logo", json_string(text));
    json_object_set_new(q->input, "logo_type", json_string(type));
    return status_answer(q, HTTP_OK);
}

/* Shown by nothing but the editor: it runs no script wherever it is opened. */
int logo_get(tocsin_request *q)
{
    const char *json, *text, *type;
    request_rec *r = q->r;
    unsigned char *bytes;
    json_t *answer;
    apr_size_t len;
    int status = core.call_route(q, "page_logo_read", &json, &len), n;

    if (status != OK)
        return status;
    if (!json || !(answer = json_loadb(json, len, 0, NULL)))
        return HTTP_NOT_FOUND;
    text = json_string_value(json_object_get(answer, "logo"));
    type = apr_pstrdup(r->pool, json_string_value(json_object_get(answer, "type")));
    bytes = apr_palloc(r->pool, (apr_size_t)apr_base64_decode_len(text ? text : ""));
    n = apr_base64_decode_binary(bytes, text ? text : "");
    json_decref(answer);
    guard_headers(r, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
                     "sandbox");
    apr_table_setn(r->headers_out, "Cache-Control", "private, no-cache");
    ap_set_content_type(r, type);
    ap_set_content_length(r, n);
    if (!r->header_only)
        ap_rwrite(bytes, n, r);
    return OK;
}
