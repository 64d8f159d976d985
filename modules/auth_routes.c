/*
 * auth_routes: set-up, sign-up, signing in and out, and what a page starts with.
 */
#include <httpd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "tocsin_auth.h"

static const tocsin_field signin_fields[] = {
    {"email", T_EMAIL, F_REQUIRED, 0, 0, NULL, 0, "The account's e-mail address."},
    {"password", T_STRING, F_REQUIRED | F_SECRET | F_TEXT, 1, 512, NULL, 0, "Its password."},
    {"remember", T_BOOL, 0, 0, 0, NULL, 0,
     "Stay signed in after the browser closes, for 14 days after the last use. Default "
     "false."},
    {"tokens", T_BOOL, 0, 0, 0, NULL, 0,
     "Answer with the tokens instead of setting cookies. Default false."},
    {0}};

static const tocsin_field refresh_fields[] = {
    {"refresh_token", T_STRING, F_SECRET, 1, 128, NULL, 0,
     "For who asked for tokens; a page has the cookie."},
    {0}};

static const tocsin_field signup_fields[] = {
    {"email", T_EMAIL, F_REQUIRED, 0, 0, NULL, 0, "The new account's e-mail address."},
    {"name", T_STRING, 0, 0, 120, NULL, 0, "What others see. Default empty."},
    {"password", T_STRING, F_REQUIRED | F_SECRET | F_TEXT, 1, 512, NULL, 0,
     "At least 12 characters, at most 256 bytes, not the e-mail address."},
    {"invite", T_STRING, F_SECRET, 1, 128, NULL, 0, "The token of an invitation."},
    {0}};

static const tocsin_field setup_fields[] = {
    {"code", T_STRING, F_REQUIRED | F_SECRET, 1, 128, NULL, 0,
     "The one-time code that the installation printed."},
    {"email", T_EMAIL, F_REQUIRED, 0, 0, NULL, 0, "The first administrator's e-mail address."},
    {"password", T_STRING, F_REQUIRED | F_SECRET | F_TEXT, 1, 512, NULL, 0,
     "At least 12 characters, at most 256 bytes, not the e-mail address."},
    {"name", T_STRING, 0, 0, 120, NULL, 0, "What others see. Default empty."},
    {"instance", T_STRING, 0, 1, 120, NULL, 0, "What this Tocsin is called. Default Tocsin."},
    {0}};

static const char *text(const tocsin_request *q, const char *name)
{
    return json_string_value(json_object_get(q->input, name));
}

static int check_password(tocsin_request *q)
{
    const char *rule = password_rule(text(q, "password"), text(q, "email"));

    if (rule)
        core.invalid(q, "password", rule);
    return OK;
}

/* The fields are checked before: `check` runs on good input only. */
static void replace(tocsin_request *q, const char *from, const char *to, const char *value)
{
    json_object_del(q->input, from);
    json_object_set_new(q->input, to, json_string(value));
}

static int send_json(request_rec *r, int status, json_t *doc)
{
    char *body = json_dumps(doc, JSON_COMPACT);
    int rv = core.send(r, status, body, strlen(body));

    free(body);
    json_decref(doc);
    return rv;
}

static json_t *user_json(const tocsin_tokens *to)
{
    return json_pack("{s:I, s:s, s:s}", "id", (json_int_t)to->account, "email", to->email,
                     "role", tocsin_role_name(to->role));
}

/* Tokens into cookies, or into the answer for who asked for them. */
static int signed_in(request_rec *r, int status, const tocsin_tokens *to, int remember,
                     int in_body)
{
    json_t *doc = json_pack("{s:o, s:i}", "user", user_json(to), "expires_in", ACCESS_S);

    if (in_body) {
        json_object_set_new(doc, "access_token", json_string(to->access));
        json_object_set_new(doc, "refresh_token", json_string(to->refresh));
    }
    else {
        cookies_set(r, to, remember);
    }
    return send_json(r, status, doc);
}

/* A form without scripts goes where it says, within this host, or to the dashboard. */
static int redirect(request_rec *r, const char *where)
{
    const char *api = strstr(r->uri, "/api/");

    apr_table_setn(r->headers_out, "Location",
                   apr_pstrcat(r->pool,
                               apr_pstrmemdup(r->pool, r->uri, (apr_size_t)(api - r->uri)),
                               where, NULL));
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    r->status = HTTP_SEE_OTHER;
    return OK;
}

static int is_form(request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");

    return type && !ap_cstr_casecmpn(type, "application/x-www-form-urlencoded", 33);
}

static int session_post(tocsin_request *q)
{
    int remember = json_is_true(json_object_get(q->input, "remember"));
    int in_body = json_is_true(json_object_get(q->input, "tokens"));
    tocsin_tokens to = {0};
    int status;

    if ((status = tocsin_verify_password(q->r, text(q, "email"), text(q, "password"), &to)) !=
            OK ||
        (status = session_open(q->r, &to, remember)) != OK)
        return status;
    if (!is_form(q->r))
        return signed_in(q->r, HTTP_OK, &to, remember, in_body);
    cookies_set(q->r, &to, remember);
    return redirect(q->r, "/dash/");
}

static int session_refresh_post(tocsin_request *q)
{
    const char *said = text(q, "refresh_token");
    const char *refresh = said ? said : cookie_refresh(q->r);
    tocsin_tokens to = {0};
    int status = HTTP_UNAUTHORIZED, remember;

    if (refresh)
        status = session_refresh(q->r, refresh, &to, &remember);
    if (status == OK)
        return signed_in(q->r, HTTP_OK, &to, remember, said != NULL);
    if (!said && status == HTTP_UNAUTHORIZED)
        cookies_clear(q->r);
    return status;
}

static int session_delete(tocsin_request *q)
{
    int status = session_close(q->r, cookie_refresh(q->r), q->who ? q->who->session : NULL);

    if (status != OK)
        return status;
    cookies_clear(q->r);
    q->r->status = HTTP_NO_CONTENT;
    return OK;
}

/* ---------------------------------------------------------------- new accounts */

/* Hash the password, have SQL make the account, open its first session. */
static int make_account(tocsin_request *q, const char *function)
{
    const char *hash, *json;
    tocsin_tokens to = {0};
    apr_size_t len;
    int status;

    if ((status = tocsin_hash_password(q->r, text(q, "password"), &hash)) != OK)
        return status;
    replace(q, "password", "password", hash);
    if ((status = core.call_route(q, function, &json, &len)) != OK)
        return status;
    sessions_forget(json); /* of whoever had the administrator's address before */
    to.account = apr_atoi64(json + strcspn(json, "0123456789"));
    if ((status = session_open(q->r, &to, 0)) != OK)
        return status;
    return signed_in(q->r, HTTP_CREATED, &to, 0, 0);
}

static int signup_post(tocsin_request *q)
{
    const char *policy = auth_conf_get(q->r)->signup, *invite = text(q, "invite");
    int status;

    if (!strcmp(policy, "closed") || (!strcmp(policy, "invite") && !invite))
        return core.problem(q->r, HTTP_FORBIDDEN, "signup",
                            invite ? "sign-up is closed" : "sign-up needs an invitation",
                            NULL);
    if ((status = attempt_allow(q->r, "sign-up")) != OK)
        return status;
    if (invite)
        replace(q, "invite", "invite_hash", secret_hash(q->r->pool, invite));
    q->who = NULL; /* whoever is signed in makes an account for himself, not for another */
    return make_account(q, "signup");
}

/* The code as it was made: people leave its dashes out and type it small. */
static const char *plain_code(apr_pool_t *p, const char *typed)
{
    char *code = apr_pstrdup(p, typed), *to = code;

    for (; *typed; typed++)
        if (*typed != '-' && *typed != ' ')
            *to++ = apr_toupper(*typed);
    *to = '\0';
    return code;
}

static int setup_post(tocsin_request *q)
{
    const char *hash = secret_hash(q->r->pool, plain_code(q->r->pool, text(q, "code")));
    struct pg_result *res;
    int status;

    if ((status = attempt_allow(q->r, "set-up")) != OK ||
        (status = core.rows(q->r, "setup_check", 1, &hash, &res)) != OK)
        return status;
    attempt_refund(q->r, "set-up");
    replace(q, "code", "hash", hash);
    q->who = NULL;
    return make_account(q, "setup_finish");
}

/* ---------------------------------------------------------------- the start of a page */

static int bootstrap_get(tocsin_request *q)
{
    request_rec *r = q->r;
    const char *json, *head, *csrf = q->who ? csrf_make(r, q->who) : NULL;
    apr_size_t len;
    int status;

    json_object_set_new(q->input, "signup", json_string(auth_conf_get(r)->signup));
    if ((status = core.call_route(q, "bootstrap", &json, &len)) != OK)
        return status;
    head = apr_psprintf(r->pool,
                        "{\"csrf\":%s%s%s,\"demo\":%s,\"refresh\":%s,\"version\":\"%s\",",
                        csrf ? "\"" : "", csrf ? csrf : "null", csrf ? "\"" : "",
                        core.demo(r) ? "true" : "false",
                        !q->who && cookie_refresh(r) ? "true" : "false", TOCSIN_VERSION);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    json = apr_pstrcat(r->pool, head, json + 1, NULL);
    return core.send(r, HTTP_OK, json, strlen(json));
}

const tocsin_route auth_routes[] = {
    {"GET", "/setup", ROLE_ANYONE, "setup_get", 0, NULL, NULL, NULL, NULL,
     "Whether the first administrator is still to be made; 410 when not.", "setup"},
    {"POST", "/setup", ROLE_ANYONE, NULL, R_NO_CSRF, NULL, setup_fields, check_password,
     setup_post, "Make the first administrator, with the one-time code, and sign in.",
     "setup"},
    {"GET", "/bootstrap", ROLE_ANYONE, NULL, 0, NULL, NULL, NULL, bootstrap_get,
     "What a page starts with: who is signed in, the token against forged requests, counts.",
     "session"},
    {"POST", "/signup", ROLE_ANYONE, NULL, R_NO_CSRF, NULL, signup_fields, check_password,
     signup_post, "Make an account, where sign-up is open or with an invitation.", "session"},
    {"POST", "/session", ROLE_ANYONE, NULL, R_NO_CSRF | R_FORM, NULL, signin_fields, NULL,
     session_post, "Sign in.", "session"},
    {"DELETE", "/session", ROLE_ANYONE, NULL, R_NO_CSRF, NULL, NULL, NULL, session_delete,
     "Sign out: the session and its tokens end.", "session"},
    {"POST", "/session/refresh", ROLE_ANYONE, NULL, R_NO_CSRF, NULL, refresh_fields, NULL,
     session_refresh_post, "Spend the refresh token for a new pair.", "session"},
    {0}};
