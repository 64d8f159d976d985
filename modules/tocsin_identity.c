/*
 * tocsin_identity: who asks, and may they use this route?
 *
 * mod_tocsin_auth knows the credentials; here the answer is kept for the request, its
 * subrequests and internal redirects, and held against the route.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

static APR_OPTIONAL_FN_TYPE(tocsin_authenticate) * authenticate;
static APR_OPTIONAL_FN_TYPE(tocsin_csrf_check) * csrf_check;
static APR_OPTIONAL_FN_TYPE(tocsin_role_now) * role_now;
static APR_OPTIONAL_FN_TYPE(tocsin_proof_fresh) * proof_fresh;

void identity_config(void)
{
    authenticate = APR_RETRIEVE_OPTIONAL_FN(tocsin_authenticate);
    csrf_check = APR_RETRIEVE_OPTIONAL_FN(tocsin_csrf_check);
    role_now = APR_RETRIEVE_OPTIONAL_FN(tocsin_role_now);
    proof_fresh = APR_RETRIEVE_OPTIONAL_FN(tocsin_proof_fresh);
}

/* What a request that led to this one found out; only with the same r->user, which
 * another authentication may have set since. */
static const tocsin_identity *inherited(request_rec *r)
{
    for (request_rec *o = r->prev ? r->prev : r->main; o; o = o->prev ? o->prev : o->main) {
        core_request *cr = ap_get_module_config(o->request_config, &tocsin_module);

        if (cr && cr->who && (!r->user || (o->user && !strcmp(r->user, o->user))))
            return cr->who;
    }
    return NULL;
}

const tocsin_identity *tocsin_identity_get(request_rec *r)
{
    core_request *cr = core_request_get(r);
    const char *why = NULL;
    int status;

    if (cr->asked)
        return cr->who;
    cr->asked = 1;
    if ((cr->who = inherited(r)))
        return cr->who;
    if (core_conf_get(r)->demo) {
        int away;

        cr->who = demo_identity(r, &away);
        cr->away = away != 0;
        return cr->who;
    }
    if (!authenticate)
        return NULL;
    status = authenticate(r, &cr->who, &why);
    if (status == HTTP_SERVICE_UNAVAILABLE)
        cr->away = 1;
    if (status != OK)
        cr->who = NULL;
    if (why)
        apr_table_setn(r->notes, "tocsin-auth", why);
    return cr->who;
}

static int refuse(request_rec *r, int status, const char *type, const char *detail)
{
    tocsin_problem(r, status, type, detail, NULL);
    return status;
}

static int unknown(tocsin_request *q)
{
    request_rec *r = q->r;
    const char *why = apr_table_get(r->notes, "tocsin-auth");

    if (core_request_get(r)->away)
        return problem_away(r);
    if (q->route->role == ROLE_ANYONE)
        return OK;
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   why ? "Bearer realm=\"Tocsin\", error=\"invalid_token\""
                       : "Bearer realm=\"Tocsin\"");
    return refuse(r, HTTP_UNAUTHORIZED, "sign-in",
                  why ? apr_pstrcat(r->pool, "sign in again: ", why, NULL) : NULL);
}

static unsigned scope_needed(const tocsin_route *route)
{
    unsigned scope = strcmp(route->method, "GET") ? SCOPE_WRITE : SCOPE_READ;

    return route->role == ROLE_ADMIN ? scope | SCOPE_ADMIN : scope;
}

/* A token may be older than a promotion, so a role that is too low is read again. A
 * demotion is seen by SQL, on the row. */
static int role_suffices(tocsin_request *q)
{
    if (q->who->role >= q->route->role)
        return 1;
    return role_now && role_now(q->r, q->who) >= q->route->role;
}

static int limited(tocsin_request *q)
{
    const core_conf *conf = core_conf_get(q->r);
    const char *key;
    int retry_s;

    if (strcmp(q->who->via, "token") || conf->rate <= 0)
        return OK;
    key = apr_psprintf(q->r->pool, "token %" APR_INT64_T_FMT, q->who->account);
    if (tocsin_limit(q->r, key, conf->rate, conf->burst, &retry_s))
        return OK;
    apr_table_setn(q->r->err_headers_out, "Retry-After", apr_itoa(q->r->pool, retry_s));
    return problem_status(q->r, HTTP_TOO_MANY_REQUESTS);
}

int tocsin_reauth(tocsin_request *q)
{
    int status = proof_fresh && q->who ? proof_fresh(q->r, q->who) : OK;

    if (status == OK)
        return OK;
    if (status != HTTP_FORBIDDEN)
        return problem_away(q->r);
    return refuse(q->r, HTTP_FORBIDDEN, "reauth",
                  "enter your password again: the last time is more than 15 minutes ago");
}

int identity_admit(tocsin_request *q)
{
    request_rec *r = q->r;
    const tocsin_route *route = q->route;
    int unsafe = r->method_number != M_GET, status;
    const char *why;

    if (unsafe && csrf_check && (route->flags & R_NO_CSRF) && (why = csrf_check(r, NULL, 1)))
        return refuse(r, HTTP_FORBIDDEN, "csrf", why);
    if (route->flags & R_NO_LIMIT)
        return OK;
    q->who = tocsin_identity_get(r);
    if (!q->who)
        return unknown(q);
    if ((status = limited(q)) != OK || route->role == ROLE_ANYONE)
        return status;
    if (!role_suffices(q))
        return refuse(
            r, HTTP_FORBIDDEN, "forbidden",
            apr_pstrcat(r->pool, "this needs the role ", tocsin_role_name(route->role), NULL));
    if (~q->who->scopes & scope_needed(route))
        return refuse(r, HTTP_FORBIDDEN, "scope", "the token's scopes do not allow this");
    if (unsafe && csrf_check && !(route->flags & R_NO_CSRF) &&
        (why = csrf_check(r, q->who, 0)))
        return refuse(r, HTTP_FORBIDDEN, "csrf", why);
    return route->flags & R_REAUTH ? tocsin_reauth(q) : OK;
}
