/*
 * status_preview: a status page with what somebody is about to change, made as the
 * publisher makes it, for a frame of the editor.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "buf.h"
#include "page.h"
#include "page_assets.h"
#include "page_json.h"
#include "tocsin_status.h"

APLOG_USE_MODULE(tocsin_status);

/* No script: it would look for the page's data beside the page, where there is none. */
#define PREVIEW_POLICY                                                                        \
    "default-src 'none'; style-src 'self'; img-src 'self' data: https:; base-uri 'none'; "    \
    "form-action 'none'; frame-ancestors 'self'"

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
    id = apr_pstrmemdup(r->pool, id, strspn(id, "0123456789abcdef-"));
    url = apr_pstrcat(r->pool, r->uri, "/", id, NULL);
    apr_table_setn(r->headers_out, "Location", url);
    json = apr_pstrcat(r->pool, "{\"id\":\"", id, "\",\"url\":\"", url, "\"}", NULL);
    return core.send(r, HTTP_CREATED, json, strlen(json));
}

/* ---------------------------------------------------------------- the page */

/* Where the incident of the draft stands in the page; -1: the page itself is asked for. */
static int incident_of(const tocsin_request *q, const struct page *page)
{
    const char *key = json_string_value(json_object_get(q->input, "incident"));

    for (int i = 0; key && i < page->incidents; i++)
        if (!strcmp(page->incident[i].key, key))
            return i;
    return -1;
}

static apr_status_t page_end(void *page)
{
    page_free(page);
    return APR_SUCCESS;
}

static apr_status_t html_end(void *html)
{
    buf_free(html);
    return APR_SUCCESS;
}

static struct page *page_read(request_rec *r, const char *json, apr_size_t len)
{
    json_t *model = json_loadb(json, len, 0, NULL);
    struct page *page = NULL;
    char error[256] = "it is no JSON";

    if (model) {
        page_json_place(model, core.public_url(r));
        page = page_from_json(model, error, sizeof(error));
        json_decref(model);
    }
    if (page)
        apr_pool_cleanup_register(r->pool, page, page_end, apr_pool_cleanup_null);
    else
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "no preview of a status page: %s", error);
    return page;
}

static int send_text(request_rec *r, const char *type, const char *text, apr_size_t len)
{
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    if (!r->header_only)
        ap_rwrite(text, (int)len, r);
    return OK;
}

int preview_get(tocsin_request *q)
{
    request_rec *r = q->r;
    const char *json, *base;
    buf *html = apr_pcalloc(r->pool, sizeof(*html));
    struct page *page;
    apr_size_t len;
    int status = core.call_route(q, "page_preview", &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    if (!(page = page_read(r, json, len)))
        return HTTP_INTERNAL_SERVER_ERROR;
    base =
        apr_pstrmemdup(r->pool, r->uri, strlen(r->uri) - strlen("preview/") - strlen(q->key));
    page->assets = apr_pstrcat(r->pool, base, "assets/", NULL);
    page->logo_src = apr_pstrcat(r->pool, base, "logo", NULL);
    apr_pool_cleanup_register(r->pool, html, html_end, apr_pool_cleanup_null);
    page_html(page, incident_of(q, page), html);
    guard_headers(r, PREVIEW_POLICY);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    return send_text(r, "text/html; charset=utf-8", html->data, html->len);
}

/* The style sheet that previews link to: the one that is compiled in here. */
int preview_asset(tocsin_request *q)
{
    static const char css[] = "text/css; charset=utf-8",
                      js[] = "text/javascript; charset=utf-8";

    if (strcmp(q->key, page_asset_css()) && strcmp(q->key, page_asset_js()))
        return HTTP_NOT_FOUND;
    guard_headers(q->r, "default-src 'none'");
    apr_table_setn(q->r->headers_out, "Cache-Control", "private, max-age=31536000, immutable");
    if (!strcmp(q->key, page_asset_css()))
        return send_text(q->r, css, page_css, strlen(page_css));
    return send_text(q->r, js, page_js, strlen(page_js));
}
