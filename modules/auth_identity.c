/*
 * auth_identity: who asks.
 *
 * Another authentication of Apache comes first: where the administrator asks for Basic or
 * LDAP, a cookie that happens to be there must not decide. Then a Bearer header, then the
 * cookie. Nothing here sends anything: the same question is asked by Require.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "tocsin_auth.h"

APLOG_USE_MODULE(tocsin_auth);

#define TOKEN_PREFIX "tcs_"

static const struct {
    const char *word;
    unsigned scope;
} scopes[] = {{"read", SCOPE_READ},
              {"write", SCOPE_WRITE},
              {"admin", SCOPE_ADMIN},
              {"metrics", SCOPE_METRICS}};

static unsigned scopes_parse(apr_pool_t *p, const char *words)
{
    char *copy = apr_pstrdup(p, words), *save, *word;
    unsigned all = 0;

    for (word = apr_strtok(copy, " ", &save); word; word = apr_strtok(NULL, " ", &save))
        for (unsigned i = 0; i < sizeof(scopes) / sizeof(*scopes); i++)
            if (!strcmp(word, scopes[i].word))
                all |= scopes[i].scope;
    return all;
}

/* A row of account, email, name, role and, of a token, its scopes and number. */
static tocsin_identity *from_row(request_rec *r, const PGresult *res, const char *via)
{
    tocsin_identity *who = apr_pcalloc(r->pool, sizeof(*who));

    who->account = apr_atoi64(PQgetvalue(res, 0, 0));
    who->email = PQgetvalue(res, 0, 1);
    who->name = PQgetvalue(res, 0, 2);
    who->role = tocsin_role_parse(PQgetvalue(res, 0, 3));
    who->scopes = SCOPE_ALL;
    who->via = via;
    if (PQnfields(res) > 4) {
        who->scopes = scopes_parse(r->pool, PQgetvalue(res, 0, 4));
        who->token = PQgetvalue(res, 0, 5);
    }
    return who;
}

static int ask(request_rec *r, const char *function, int nargs, const char *const *args,
               const char *via, const tocsin_identity **who)
{
    struct pg_result *res;
    int status = core.rows_try(r, function, nargs, args, &res);

    if (status != OK)
        return status;
    if (PQntuples(res) == 0)
        return HTTP_UNAUTHORIZED;
    *who = from_row(r, res, via);
    return OK;
}

static int from_token(request_rec *r, const char *token, const tocsin_identity **who,
                      const char **why)
{
    const char *args[1] = {secret_hash(r->pool, token)};
    int status = ask(r, "token_identity", 1, args, "token", who);

    if (status == HTTP_UNAUTHORIZED)
        *why = "the token is unknown or has expired";
    return status;
}

static int from_external(request_rec *r, const tocsin_identity **who, const char **why)
{
    const char *fresh = auth_conf_get(r)->external_role;
    const char *args[3] = {r->ap_auth_type, r->user, fresh};
    json_t *utf8 = json_string(r->user);
    int status;

    if (!utf8)
        return HTTP_UNAUTHORIZED;
    json_decref(utf8);
    status = ask(r, "external_identity", 3, args, r->ap_auth_type, who);
    if (status == HTTP_UNAUTHORIZED)
        *why = "this user has no account here";
    return status;
}

static int from_jwt(request_rec *r, const char *jwt, const char *via,
                    const tocsin_identity **who, const char **why)
{
    tocsin_identity *found = token_check(r, jwt, why);

    if (!found)
        return HTTP_UNAUTHORIZED;
    found->via = via;
    *who = found;
    return OK;
}

int tocsin_authenticate(request_rec *r, const tocsin_identity **who, const char **why)
{
    const char *said;

    if (r->user && r->ap_auth_type && ap_cstr_casecmp(r->ap_auth_type, "Tocsin"))
        return from_external(r, who, why);
    said = apr_table_get(r->headers_in, "Authorization");
    if (said && !ap_cstr_casecmpn(said, "Bearer ", 7)) {
        said += 7 + strspn(said + 7, " ");
        if (!strncmp(said, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1))
            return from_token(r, said, who, why);
        return from_jwt(r, said, "bearer", who, why);
    }
    said = cookie_access(r);
    return said ? from_jwt(r, said, "cookie", who, why) : DECLINED;
}

enum tocsin_role tocsin_role_now(request_rec *r, const tocsin_identity *who)
{
    const char *args[1] = {apr_psprintf(r->pool, "%" APR_INT64_T_FMT, who->account)};
    struct pg_result *res;

    if (core.rows_try(r, "account_role", 1, args, &res) != OK || PQntuples(res) == 0)
        return ROLE_ANYONE;
    return tocsin_role_parse(PQgetvalue(res, 0, 0));
}

/* ---------------------------------------------------------------- forged requests */

/* "https://host:port" → is it where this request was sent to? */
static int origin_is_ours(request_rec *r, const char *origin)
{
    const char *host = apr_table_get(r->headers_in, "Host");
    const char *at = strstr(origin, "://"), *public = core.public_url(r);

    if (!at)
        return 0;
    if (host && !ap_cstr_casecmp(at + 3, host))
        return 1;
    return !ap_cstr_casecmpn(public, origin, strlen(origin)) &&
           (public[strlen(origin)] == '/' || !public[strlen(origin)]);
}

const char *tocsin_csrf_check(request_rec *r, const tocsin_identity *who, int no_token)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");

    if (who && (!strcmp(who->via, "bearer") || !strcmp(who->via, "token")))
        return NULL; /* no browser sends these by itself */
    if (site && strcmp(site, "same-origin") && strcmp(site, "none"))
        return "the request comes from another site";
    if (!site && origin && !origin_is_ours(r, origin))
        return "the request comes from another origin";
    if (no_token || (strcmp(who->via, "cookie") && !site && !origin))
        return NULL;
    if (!csrf_holds(r, who, apr_table_get(r->headers_in, "X-CSRF-Token")))
        return "X-CSRF-Token is missing or old; /bootstrap gives one";
    return NULL;
}
