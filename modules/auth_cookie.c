/*
 * auth_cookie: the two cookies of a session.
 *
 * Over https they have the __Host- prefix, which browsers let nobody else set. Over plain
 * http (an installation in a LAN) the same without it and without Secure.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <http_protocol.h>
#include <string.h>
#include <util_cookies.h>

#include "tocsin_auth.h"

static const struct {
    const char *access, *refresh;
} names[] = {{"tocsin", "tocsin-refresh"}, {"__Host-tocsin", "__Host-tocsin-refresh"}};

/* https here, or at the proxy in front: the public address is https and the one asked for. */
int cookie_secure(request_rec *r)
{
    const char *host = apr_table_get(r->headers_in, "Host"), *https;
    const char *public = core.public_url(r);
    apr_uri_t uri;

    if (!strcmp(ap_http_scheme(r), "https"))
        return 1;
    https = apr_table_get(r->subprocess_env, "HTTPS");
    if (https && !ap_cstr_casecmp(https, "on"))
        return 1;
    return !strncmp(public, "https://", 8) && host &&
           apr_uri_parse(r->pool, public, &uri) == APR_SUCCESS && uri.hostinfo &&
           !ap_cstr_casecmp(uri.hostinfo, host);
}

static const char *read_cookie(request_rec *r, const char *name)
{
    const char *value = NULL;

    ap_cookie_read(r, name, &value, 0);
    return value && *value ? value : NULL;
}

const char *cookie_access(request_rec *r)
{
    return apr_table_get(r->headers_in, "Cookie")
               ? read_cookie(r, names[cookie_secure(r)].access)
               : NULL;
}

const char *cookie_refresh(request_rec *r)
{
    return apr_table_get(r->headers_in, "Cookie")
               ? read_cookie(r, names[cookie_secure(r)].refresh)
               : NULL;
}

/* max_age: seconds; 0: until the browser closes; -1: away with it */
static void set(request_rec *r, const char *name, const char *value, int max_age, int secure)
{
    const char *age =
        max_age ? apr_psprintf(r->pool, "; Max-Age=%d", max_age > 0 ? max_age : 0) : "";

    apr_table_addn(r->err_headers_out, "Set-Cookie",
                   apr_pstrcat(r->pool, name, "=", value, "; Path=/; HttpOnly; SameSite=Lax",
                               secure ? "; Secure" : "", age, NULL));
}

void cookies_set(request_rec *r, const tocsin_tokens *to, int remember)
{
    int secure = cookie_secure(r);

    set(r, names[secure].access, to->access, ACCESS_S, secure);
    set(r, names[secure].refresh, to->refresh, remember ? REFRESH_DAYS * 86400 : 0, secure);
}

void cookies_clear(request_rec *r)
{
    int secure = cookie_secure(r);

    set(r, names[secure].access, "", -1, secure);
    set(r, names[secure].refresh, "", -1, secure);
}
