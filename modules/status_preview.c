/*
 * status_preview: a status page with what somebody is about to change, made as the
 * publisher makes it, for a frame of the editor.
 */
#include <apr_strings.h>
#include <string.h>

#include "tocsin_status.h"

int preview_post(tocsin_request *q)
{
    const char *json, *id, *url;
    request_rec *r = q->r;
    apr_size_t len;
    int status = core.call_route(q, "page_preview_start", &json, &len);

    if (status != OK)
        return status;
    if (!json || !(id = strstr(json, "\"id\"")))
        return HTTP_NOT_FOUND;
    id += 4 + strspn(id + 4, " :\"");
    url = apr_pstrcat(r->pool, r->uri, "/",
                      apr_pstrmemdup(r->pool, id, strspn(id, "0123456789abcdef-")), NULL);
    apr_table_setn(r->headers_out, "Location", url);
    json =
        apr_psprintf(r->pool, "{\"id\": \"%s\", \"url\": \"%s\"}", strrchr(url, '/') + 1, url);
    return core.send(r, HTTP_CREATED, json, strlen(json));
}

int preview_get(tocsin_request *q)
{
    const char *json;
    apr_size_t len;
    int status = core.call_route(q, "page_preview", &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    return core.send(q->r, HTTP_OK, json, len);
}
