/*
 * status_guard: who reads the files of status pages, and under which headers.
 *
 * It asks nothing but the files themselves: the publisher writes a page's rule beside it, so
 * pages keep their readers, and their strangers out, while database and tocsind are down.
 * As a fixup it sees each request and subrequest for a file below TocsinStatusDir, whichever
 * address or virtual host leads there.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "status_kept.h"
#include "tocsin_status.h"

APLOG_USE_MODULE(tocsin_status);

#define TRIES_A_MIN   10 /* wrong passwords of an address for one page */
#define SHOWN_FRESH   "public, max-age=15, must-revalidate"
#define GUARDED_FRESH "private, max-age=15, must-revalidate"
#define FOREVER       "public, max-age=31536000, immutable"

/* Nothing from elsewhere but pictures in what people write, and no script that is not ours. */
#define POLICY                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "  \
    "font-src 'self'; connect-src 'self'; base-uri 'none'; "                                  \
    "require-trusted-types-for 'script'; trusted-types 'none'; "

/* ---------------------------------------------------------------- which file */

static apr_array_header_t *dirs; /* const char * */

void guard_config(apr_pool_t *p)
{
    dirs = apr_array_make(p, 2, sizeof(const char *));
}

void guard_add(const char *dir)
{
    APR_ARRAY_PUSH(dirs, const char *) = dir;
}

typedef struct {
    const char *folder; /* of the page */
    const char *slug;
    const char *file; /* under it, without a leading slash */
} place;

/* What follows the folder of all pages and a slash; NULL: it is not below one. */
static const char *below(const char *name)
{
    for (int i = 0; name && i < dirs->nelts; i++) {
        const char *dir = APR_ARRAY_IDX(dirs, i, const char *);
        apr_size_t len = strlen(dir);

        if (!strncmp(name, dir, len) && name[len] == '/' && name[len + 1])
            return name + len + 1;
    }
    return NULL;
}

/* Of which page is it? 0: of none. */
static int find_place(request_rec *r, place *at)
{
    const char *name = below(r->filename), *end;

    if (!name)
        return 0;
    end = name + strcspn(name, "/");
    at->slug = apr_pstrmemdup(r->pool, name, (apr_size_t)(end - name));
    at->folder = apr_pstrmemdup(r->pool, r->filename, (apr_size_t)(end - r->filename));
    at->file = end + (*end == '/');
    return 1;
}

/* The publisher's own files, and what is half written. */
static int hidden(const request_rec *r, const place *at)
{
    return *at->slug == '.' || *at->file == '.' || strstr(at->file, "/.") ||
           (r->path_info && strstr(r->path_info, "/."));
}

/* ---------------------------------------------------------------- headers */

static int ends_in(const char *s, const char *end)
{
    apr_size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

/* What other pages may fetch: data, feeds, calendars and badges. */
static int is_data(const char *file)
{
    return ends_in(file, ".json") || ends_in(file, ".atom") || ends_in(file, ".svg") ||
           ends_in(file, ".ics");
}

void guard_headers(request_rec *r, const char *policy)
{
    /* for mod_headers: this is no page of the console (conf/tocsin.conf) */
    apr_table_setn(r->subprocess_env, STATUS_MARK, "1");
    apr_table_setn(r->err_headers_out, "Content-Security-Policy", policy);
    apr_table_setn(r->err_headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->err_headers_out, "Referrer-Policy", "strict-origin-when-cross-origin");
}

static void set_headers(request_rec *r, const status_conf *conf, const place *at, int guarded)
{
    int framed = !strncmp(at->file, "embed/", 6) || !strcmp(at->file, "embed");
    int asset = !strcmp(at->slug, "assets");

    /* the index of a folder: httpd puts the headers of both requests into one answer */
    if (r->main && apr_table_get(r->main->subprocess_env, STATUS_MARK))
        return;
    guard_headers(r, framed ? POLICY "form-action 'none'; frame-ancestors *" : conf->policy);
    apr_table_setn(r->headers_out, "Cache-Control",
                   asset     ? FOREVER
                   : guarded ? GUARDED_FRESH
                             : SHOWN_FRESH);
    if (!guarded && is_data(at->file))
        apr_table_setn(r->headers_out, "Access-Control-Allow-Origin", "*");
}

/* mod_deflate puts -gzip into an ETag and httpd does not know it again: whoever asks each
 * minute would have all of an unchanged page each minute. */
static void know_etag(request_rec *r)
{
    static const char mark[] = "-gzip\"";
    const char *said = apr_table_get(r->headers_in, "If-None-Match"), *at;

    if (!said || !strstr(said, mark))
        return;
    while ((at = strstr(said, mark)))
        said = apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, said, (apr_size_t)(at - said)),
                           at + sizeof(mark) - 2, NULL);
    apr_table_setn(r->headers_in, "If-None-Match", said);
}

/* ---------------------------------------------------------------- passwords */

static int ask(request_rec *r, const place *at)
{
    apr_table_setn(
        r->err_headers_out, "WWW-Authenticate",
        apr_pstrcat(r->pool, "Basic realm=\"", at->slug, "\", charset=\"UTF-8\"", NULL));
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    return HTTP_UNAUTHORIZED;
}

static int later(request_rec *r, int status, int seconds)
{
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, seconds));
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    return status;
}

/* Wrong ones are counted by address and page, so that nobody guesses for long. */
static int check_password(request_rec *r, const place *at, const char *hash)
{
    const char *password = NULL, *key;
    int retry_s = 1, holds;

    if (ap_get_basic_auth_components(r, NULL, &password) != APR_SUCCESS || !password)
        return ask(r, at);
    if (kept_password(hash, password))
        return OK;
    if (!core.password_holds || !core.client_key)
        return later(r, HTTP_SERVICE_UNAVAILABLE, 1);
    key = apr_pstrcat(r->pool, "page ", at->slug, " ", core.client_key(r), NULL);
    if (core.limit && !core.limit(r, key, TRIES_A_MIN / 60.0, TRIES_A_MIN, &retry_s))
        return later(r, HTTP_TOO_MANY_REQUESTS, retry_s);
    holds = core.password_holds(password, hash);
    if (holds && core.refund)
        core.refund(key, TRIES_A_MIN / 60.0, TRIES_A_MIN);
    if (holds < 0)
        return later(r, HTTP_SERVICE_UNAVAILABLE, 1);
    if (!holds)
        return ask(r, at);
    keep_password(hash, password);
    return OK;
}

int guard_fixup(request_rec *r)
{
    const status_conf *conf =
        ap_get_module_config(r->server->module_config, &tocsin_status_module);
    const char *password = NULL;
    int status;
    place at;

    if (!find_place(r, &at))
        return DECLINED;
    if (hidden(r, &at))
        return HTTP_NOT_FOUND;
    status = kept_admits(r, at.folder, &password);
    set_headers(r, conf, &at, status != DECLINED);
    know_etag(r);
    if (status == DECLINED)
        return DECLINED;
    if (status == OK && password)
        status = check_password(r, &at, password);
    return status == OK ? DECLINED : status;
}

const char *guard_policy(apr_pool_t *p, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    apr_size_t len = host ? (apr_size_t)(host - url) + 3 + strcspn(host + 3, "/") : 0;

    return apr_pstrcat(p, POLICY "form-action 'self'", len ? " " : "",
                       apr_pstrmemdup(p, url ? url : "", len), "; frame-ancestors 'none'",
                       NULL);
}
