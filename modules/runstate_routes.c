/*
 * runstate_routes: RunState's routes, and those few that are more than an SQL function:
 * accounts and tokens, which travel in bodies here.
 */
#include <httpd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "runstate.h"

#define BLANK        " \t\r\n"
#define PASSWORD_MIN 8
#define PASSWORD_MAX 256

static const char bad_body[] = "invalid request body";

static const tocsin_field email_field[] = {{"email", T_EMAIL, .flags = F_REQUIRED}, {0}};
static const tocsin_field url_field[] = {{"url", T_URL, .flags = F_REQUIRED}, {0}};

/* The body's members that we know; others are not looked at, as RunState does. NULL and a
 * refusal sent when one is missing. */
static json_t *take(tocsin_request *q, const char *a, const char *b)
{
    json_t *body;

    if (core.body(q->r, &body) != OK)
        return NULL;
    if (json_is_string(json_object_get(body, a)) &&
        *json_string_value(json_object_get(body, a)) &&
        (!b || (json_is_string(json_object_get(body, b)) &&
                *json_string_value(json_object_get(body, b)))))
        return body;
    runstate_refuse(q->r, HTTP_BAD_REQUEST, bad_body);
    return NULL;
}

static const char *word(json_t *body, const char *name)
{
    return json_string_value(json_object_get(body, name));
}

static int field_holds(tocsin_request *q, const tocsin_field *table, const char *value)
{
    json_t *one = json_pack("{s:s}", table->name, value), *errors;

    errors = core.check_fields(q->r, table, one, 0);
    json_decref(one);
    json_decref(errors);
    return !errors;
}

/* At least 8 bytes, with a small and a capital letter, a digit and something else. */
static int password_holds(const char *s)
{
    apr_size_t len = strlen(s);
    unsigned found = 0;

    for (; *s; s++)
        found |= apr_islower(*s)   ? 1u
                 : apr_isupper(*s) ? 2u
                 : apr_isdigit(*s) ? 4u
                 : apr_ispunct(*s) ? 8u
                                   : 0u;
    return found == 15 && len >= PASSWORD_MIN && len <= PASSWORD_MAX;
}

static int post_signup(tocsin_request *q)
{
    json_t *body = take(q, "email", "password");
    const char *hash, *json;
    apr_size_t len;

    if (!body)
        return OK;
    if (!field_holds(q, email_field, word(body, "email")))
        return runstate_refuse(q->r, HTTP_BAD_REQUEST, "invalid email");
    if (!password_holds(word(body, "password")))
        return runstate_refuse(q->r, HTTP_BAD_REQUEST,
                               "password must have at least 8 characters, with an upper case "
                               "letter, a lower case letter, a digit and a special character");
    if (strcmp(core.signup(q->r), "open"))
        return runstate_refuse(q->r, HTTP_FORBIDDEN, "signup is closed");
    if (core.signup_allow(q->r) != OK || core.hash(q->r, word(body, "password"), &hash) != OK)
        return OK;
    json_object_set_new(q->input, "email", json_string(word(body, "email")));
    json_object_set_new(q->input, "password", json_string(hash));
    if (core.call_route(q, "runstate_signup", &json, &len) != OK)
        return OK;
    return runstate_answer(q->r, HTTP_CREATED, json, "User successfully created");
}

static int send_tokens(request_rec *r, const tocsin_tokens *to, const char *message)
{
    return runstate_answer(r, HTTP_OK,
                           apr_psprintf(r->pool,
                                        "{\"access_token\":\"%s\",\"refresh_token\":\"%s\"}",
                                        to->access, to->refresh),
                           message);
}

static int post_signin(tocsin_request *q)
{
    json_t *body = take(q, "email", "password");
    tocsin_tokens to = {0};

    if (!body || core.verify(q->r, word(body, "email"), word(body, "password"), &to) != OK ||
        core.issue(q->r, &to) != OK)
        return OK;
    return send_tokens(q->r, &to, "Signin successful");
}

static int post_refresh(tocsin_request *q)
{
    json_t *body = take(q, "refresh_token", NULL);
    tocsin_tokens to = {0};

    if (!body || core.refresh(q->r, word(body, "refresh_token"), &to) != OK)
        return OK;
    return send_tokens(q->r, &to, NULL);
}

static int post_logout(tocsin_request *q)
{
    json_t *body = take(q, "refresh_token", NULL);

    if (!body || core.revoke(q->r, word(body, "refresh_token")) != OK)
        return OK;
    return runstate_answer(q->r, HTTP_OK, NULL, "Logout Successful");
}

static int get_health(tocsin_request *q)
{
    static const char ok[] = "{\"status\":\"ok\"}";

    ap_set_content_type(q->r, "application/json");
    ap_set_content_length(q->r, sizeof(ok) - 1);
    if (!q->r->header_only)
        ap_rputs(ok, q->r);
    return OK;
}

static int post_website(tocsin_request *q)
{
    json_t *body = take(q, "url", NULL);
    const char *json;
    apr_size_t len;
    char *url;

    if (!body)
        return OK;
    url = apr_pstrdup(q->r->pool, word(body, "url"));
    url += strspn(url, BLANK);
    for (len = strlen(url); len && strchr(BLANK, url[len - 1]);)
        url[--len] = '\0';
    if (!*url)
        return runstate_refuse(q->r, HTTP_BAD_REQUEST, bad_body);
    if (!field_holds(q, url_field, url))
        return runstate_refuse(q->r, HTTP_BAD_REQUEST, "invalid url");
    json_object_set_new(q->input, "url", json_string(url));
    if (core.call_route(q, "runstate_website_create", &json, &len) != OK)
        return OK;
    return runstate_answer(q->r, HTTP_CREATED, json, "website successfully created");
}

const runstate_route runstate_routes[] = {
    {"GET", "/health", .handler = get_health, .open = 1},
    {"POST", "/signup", .handler = post_signup, .open = 1},
    {"POST", "/signin", .handler = post_signin, .open = 1, .unknown_status = HTTP_BAD_REQUEST,
     .unknown = "invalid email or password"},
    {"GET", "/me", "runstate_me", .status = HTTP_OK},
    {"POST", "/auth/refresh", .handler = post_refresh, .open = 1,
     .unknown_status = HTTP_UNAUTHORIZED, .unknown = "invalid refresh token"},
    {"POST", "/auth/logout", .handler = post_logout, .open = 1},
    {"GET", "/admin/users", "runstate_users", .status = HTTP_OK},
    {"GET", "/websites", "runstate_websites", .status = HTTP_OK},
    {"POST", "/websites", .handler = post_website},
    {"GET", "/websites/:id", "runstate_website", .status = HTTP_OK},
    {"DELETE", "/websites/:id", "runstate_website_delete", HTTP_OK,
     "Website Successfully deleted", .no_data = 1},
    {"GET", "/websites/:id/checks", "runstate_checks", .status = HTTP_OK},
    {"GET", "/websites/:id/response-times", "runstate_response_times", .status = HTTP_OK},
    {"GET", "/websites/:id/incidents", "runstate_incidents", .status = HTTP_OK, .bare = 1},
    {"GET", "/websites/:id/notifications", "runstate_notifications", .status = HTTP_OK},
    {"GET", "/public/status-pages/:slug", "runstate_page", .status = HTTP_OK, .open = 1},
    {0},
};
