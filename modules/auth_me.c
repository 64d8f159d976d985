/*
 * auth_me: one's own account: profile, password, sessions, API tokens.
 */
#include <apr_strings.h>
#include <string.h>

#include "tocsin_auth.h"

static const tocsin_field me_fields[] = {
    {"name", T_STRING, 0, 0, 120, NULL, 0, "What others see."},
    {"prefs", T_OBJECT, 0, 0, 0, NULL, 0,
     "Preferences of the pages; merged with what is there, null removes one."},
    {0}};

static const tocsin_field password_fields[] = {
    {"current", T_STRING, F_REQUIRED | F_SECRET | F_TEXT, 1, 512, NULL, 0,
     "The password so far."},
    {"new", T_STRING, F_REQUIRED | F_SECRET | F_TEXT, 1, 512, NULL, 0,
     "At least 12 characters, at most 256 bytes, not the e-mail address."},
    {0}};

static const tocsin_field token_fields[] = {
    {"name", T_STRING, F_REQUIRED, 1, 80, NULL, 0, "What it is for."},
    {"scopes", T_STRINGS, F_REQUIRED, 1, 4, NULL, 10, "Of: read, write, admin, metrics."},
    {"expires_at", T_TIME, F_NULL, 0, 0, NULL, 0, "When it ends. Default never."},
    {0}};

static const char *text(const tocsin_request *q, const char *name)
{
    return json_string_value(json_object_get(q->input, name));
}

static int done(tocsin_request *q)
{
    q->r->status = HTTP_NO_CONTENT;
    apr_table_setn(q->r->headers_out, "Cache-Control", "no-store");
    return OK;
}

/* Call a function that ends sessions, and refuse their access tokens from now on. */
static int call_forget(tocsin_request *q, const char *function)
{
    const char *json;
    apr_size_t len;
    int status = core.call_route(q, function, &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    sessions_forget(json);
    return done(q);
}

static int check_new(tocsin_request *q)
{
    const char *rule = password_rule(text(q, "new"), q->who->email);

    if (!rule && !strcmp(text(q, "new"), text(q, "current")))
        rule = "must not be the same as before";
    if (rule)
        core.invalid(q, "new", rule);
    return OK;
}

static int password_wrong(tocsin_request *q, const char *rule)
{
    core.invalid(q, "current", rule);
    core.problem(q->r, HTTP_UNPROCESSABLE_ENTITY, "invalid", NULL, q->errors);
    return HTTP_UNPROCESSABLE_ENTITY;
}

static int password_post(tocsin_request *q)
{
    const char *args[1] = {apr_psprintf(q->r->pool, "%" APR_INT64_T_FMT, q->who->account)};
    struct pg_result *res;
    const char *hash;
    int status, holds;

    if ((status = guess_allow(q->r, "password", q->who->email)) != OK ||
        (status = core.rows(q->r, "password_of", 1, args, &res)) != OK)
        return status;
    if (PQntuples(res) == 0)
        return HTTP_UNAUTHORIZED;
    if (PQgetisnull(res, 0, 1))
        return core.problem(q->r, HTTP_CONFLICT, "conflict",
                            "this account signs in elsewhere and has no password", NULL);
    holds = password_check(text(q, "current"), PQgetvalue(res, 0, 1));
    if (!holds)
        return password_wrong(q, "is wrong");
    guess_refund(q->r, "password", q->who->email);
    if (holds < 0)
        return password_busy(q->r);
    if ((status = tocsin_hash_password(q->r, text(q, "new"), &hash)) != OK)
        return status;
    json_object_clear(q->input);
    json_object_set_new(q->input, "password", json_string(hash));
    return call_forget(q, "password_set");
}

static int sessions_get(tocsin_request *q)
{
    const char *json;
    apr_size_t len;
    int status;

    if (q->who->session)
        json_object_set_new(q->input, "session", json_string(q->who->session));
    if ((status = core.call_route(q, "session_list", &json, &len)) != OK)
        return status;
    return core.send(q->r, HTTP_OK, json, len);
}

static int sessions_delete(tocsin_request *q)
{
    return call_forget(q, "session_revoke");
}

static int tokens_post(tocsin_request *q)
{
    const char *secret = secret_make(q->r->pool, "tcs_"), *json;
    apr_size_t len;
    int status;

    if (!strcmp(q->who->via, "token")) /* it would give itself more scopes, or more time */
        return core.problem(q->r, HTTP_FORBIDDEN, "scope", "an API token cannot make another",
                            NULL);
    json_object_set_new(q->input, "hash", json_string(secret_hash(q->r->pool, secret)));
    if ((status = core.call_route(q, "token_create", &json, &len)) != OK)
        return status;
    json = apr_pstrcat(q->r->pool, "{\"token\":\"", secret, "\",", json + 1, NULL);
    return core.send(q->r, HTTP_CREATED, json, strlen(json));
}

const tocsin_route me_routes[] = {
    {"GET", "/me", ROLE_VIEWER, "me_get", 0, NULL, NULL, NULL, NULL, "The own account.", "me"},
    {"PATCH", "/me", ROLE_VIEWER, "me_update", 0, NULL, me_fields, NULL, NULL,
     "Change the own name and preferences.", "me"},
    {"POST", "/me/password", ROLE_VIEWER, NULL, R_EMPTY, NULL, password_fields, check_new,
     password_post, "Change the own password; all other sessions end.", "me"},
    {"GET", "/me/sessions", ROLE_VIEWER, NULL, 0, NULL, NULL, NULL, sessions_get,
     "The own sessions, the latest used first.", "me"},
    {"DELETE", "/me/sessions", ROLE_VIEWER, NULL, R_EMPTY, NULL, NULL, NULL, sessions_delete,
     "End all own sessions but this one.", "me"},
    {"DELETE", "/me/sessions/{uuid}", ROLE_VIEWER, NULL, R_EMPTY, NULL, NULL, NULL,
     sessions_delete, "End one of the own sessions.", "me"},
    {"GET", "/me/tokens", ROLE_VIEWER, "token_list", 0, NULL, NULL, NULL, NULL,
     "The own API tokens, without their secrets.", "me"},
    /* R_REAUTH: or an old session would get by it what it may not do itself */
    {"POST", "/me/tokens", ROLE_VIEWER, NULL, R_CREATED | R_REAUTH, NULL, token_fields, NULL,
     tokens_post, "Make an API token; the answer shows its secret, once.", "me"},
    {"DELETE", "/me/tokens/{id}", ROLE_VIEWER, "token_delete", R_EMPTY, NULL, NULL, NULL, NULL,
     "Delete an API token.", "me"},
    {0}};
