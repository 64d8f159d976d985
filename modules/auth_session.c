/*
 * auth_session: passwords for sessions, sessions for tokens.
 *
 * Whoever guesses gets the same answer in the same time whether the account exists, is
 * disabled or signs in elsewhere; failures are counted by address and by account.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "tocsin_auth.h"

APLOG_USE_MODULE(tocsin_auth);

/* ---------------------------------------------------------------- guessing */

static double attempt_rate(const auth_conf *conf)
{
    return (double)conf->attempts / conf->seconds;
}

static int attempt(request_rec *r, const char *key, int status, const char *type,
                   const char *detail)
{
    const auth_conf *conf = auth_conf_get(r);
    json_t *errors = NULL;
    int wait;

    if (core.limit(r, key, attempt_rate(conf), conf->attempts, &wait))
        return OK;
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, wait));
    core.problem(r, status, type, detail, errors);
    return status;
}

static const char *address_key(request_rec *r, const char *what)
{
    return apr_pstrcat(r->pool, what, " ", core.client_key(r), NULL);
}

int attempt_allow(request_rec *r, const char *what)
{
    return attempt(r, address_key(r, what), HTTP_TOO_MANY_REQUESTS, "limit",
                   "too many attempts from this address; see Retry-After");
}

void attempt_refund(request_rec *r, const char *what)
{
    const auth_conf *conf = auth_conf_get(r);

    core.refund(address_key(r, what), attempt_rate(conf), conf->attempts);
}

static const char *account_key(request_rec *r, const char *email)
{
    char *lower = apr_pstrcat(r->pool, "account ", email, NULL);

    ap_str_tolower(lower);
    return lower;
}

/* The account has a count of its own: many addresses may try one account. */
int guess_allow(request_rec *r, const char *what, const char *email)
{
    int status = attempt_allow(r, what);

    return status != OK ? status
                        : attempt(r, account_key(r, email), HTTP_LOCKED, "locked",
                                  "too many failed sign-ins for this account; see "
                                  "Retry-After");
}

void guess_refund(request_rec *r, const char *what, const char *email)
{
    const auth_conf *conf = auth_conf_get(r);

    attempt_refund(r, what);
    core.refund(account_key(r, email), attempt_rate(conf), conf->attempts);
}

/* ---------------------------------------------------------------- passwords */

static int wrong(request_rec *r)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "sign-in refused");
    core.problem(r, HTTP_UNAUTHORIZED, "sign-in", "e-mail address or password is wrong", NULL);
    return HTTP_UNAUTHORIZED;
}

int tocsin_verify_password(request_rec *r, const char *email, const char *password,
                           tocsin_tokens *to)
{
    const char *args[1] = {email};
    struct pg_result *res;
    int status, holds;

    if ((status = guess_allow(r, "sign-in", email)) != OK ||
        (status = core.rows(r, "password_find", 1, args, &res)) != OK)
        return status;
    holds = password_check(password, PQntuples(res) ? PQgetvalue(res, 0, 4) : NULL);
    if (holds != 0)
        guess_refund(r, "sign-in", email);
    if (holds != 1)
        return holds < 0 ? password_busy(r) : wrong(r);
    to->account = apr_atoi64(PQgetvalue(res, 0, 0));
    to->email = PQgetvalue(res, 0, 1);
    to->role = tocsin_role_parse(PQgetvalue(res, 0, 3));
    return OK;
}

/* ---------------------------------------------------------------- sessions */

static int sign(request_rec *r, tocsin_tokens *to, const char *name, const char *session)
{
    tocsin_identity who = {.account = to->account,
                           .email = to->email,
                           .name = name,
                           .role = to->role,
                           .session = session,
                           .via = "cookie"};

    to->access = token_sign(r, &who);
    if (to->access)
        return OK;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "cannot sign a token");
    core.problem(r, HTTP_INTERNAL_SERVER_ERROR, NULL, NULL, NULL);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* A client's words may be anything; SQL takes UTF-8. */
static const char *agent_of(request_rec *r)
{
    const char *agent = apr_table_get(r->headers_in, "User-Agent");
    json_t *utf8 = json_string(agent);

    json_decref(utf8);
    return utf8 ? agent : "";
}

int session_open(request_rec *r, tocsin_tokens *to, int remember)
{
    const char *args[7];
    struct pg_result *res;
    int status;

    to->refresh = secret_make(r->pool, "");
    args[0] = apr_psprintf(r->pool, "%" APR_INT64_T_FMT, to->account);
    args[1] = r->useragent_ip;
    args[2] = agent_of(r);
    args[3] = remember ? "t" : "f";
    args[4] = secret_hash(r->pool, to->refresh);
    args[5] = APR_STRINGIFY(REFRESH_DAYS);
    args[6] = core.request_id(r);
    if ((status = core.rows(r, "session_open", 7, args, &res)) != OK)
        return status;
    to->email = PQgetvalue(res, 0, 1);
    to->role = tocsin_role_parse(PQgetvalue(res, 0, 3));
    return sign(r, to, PQgetvalue(res, 0, 2), PQgetvalue(res, 0, 0));
}

int tocsin_tokens_issue(request_rec *r, tocsin_tokens *to)
{
    return session_open(r, to, 1);
}

static int refused(request_rec *r)
{
    core.problem(r, HTTP_UNAUTHORIZED, "sign-in", "the session has ended; sign in again",
                 NULL);
    return HTTP_UNAUTHORIZED;
}

int session_refresh(request_rec *r, const char *refresh, tocsin_tokens *to, int *remember)
{
    const char *args[4];
    struct pg_result *res;
    int status;

    to->refresh = secret_make(r->pool, "");
    args[0] = secret_hash(r->pool, refresh);
    args[1] = secret_hash(r->pool, to->refresh);
    args[2] = APR_STRINGIFY(REFRESH_DAYS);
    args[3] = r->useragent_ip;
    if ((status = core.rows(r, "session_refresh", 4, args, &res)) != OK)
        return status;
    if (strcmp(PQgetvalue(res, 0, 0), "ok")) {
        if (!strcmp(PQgetvalue(res, 0, 0), "reused")) {
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "refresh token used twice: session %s is ended",
                          PQgetvalue(res, 0, 1));
            core.mark(PQgetvalue(res, 0, 1), ACCESS_S);
        }
        return refused(r);
    }
    to->account = apr_atoi64(PQgetvalue(res, 0, 2));
    to->email = PQgetvalue(res, 0, 3);
    to->role = tocsin_role_parse(PQgetvalue(res, 0, 5));
    *remember = *PQgetvalue(res, 0, 6) == 't';
    return sign(r, to, PQgetvalue(res, 0, 4), PQgetvalue(res, 0, 1));
}

int tocsin_tokens_refresh(request_rec *r, const char *refresh, tocsin_tokens *to)
{
    int remember;

    return session_refresh(r, refresh, to, &remember);
}

int session_close(request_rec *r, const char *refresh, const char *session)
{
    const char *args[2] = {refresh ? secret_hash(r->pool, refresh) : NULL, session};
    struct pg_result *res;
    int status = core.rows(r, "session_close", 2, args, &res);

    for (int i = 0; status == OK && i < PQntuples(res); i++)
        core.mark(PQgetvalue(res, i, 0), ACCESS_S);
    return status;
}

int tocsin_tokens_revoke(request_rec *r, const char *refresh)
{
    return session_close(r, refresh, NULL);
}

void sessions_forget(const char *json)
{
    json_t *doc = json ? json_loads(json, 0, NULL) : NULL, *id;
    size_t i;

    json_array_foreach(json_object_get(doc, "sessions"), i, id) if (json_is_string(id))
        core.mark(json_string_value(id), ACCESS_S);
    json_decref(doc);
}
