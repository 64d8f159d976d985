/*
 * mod_tocsin_admin: accounts, invitations and the audit log, for administrators.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>

#include "mod_tocsin.h"
#include "mod_tocsin_hooks.h"

static APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
static APR_OPTIONAL_FN_TYPE(tocsin_send) * send_json;
static APR_OPTIONAL_FN_TYPE(tocsin_public_url) * public_url;
static APR_OPTIONAL_FN_TYPE(tocsin_secret_make) * secret_make;
static APR_OPTIONAL_FN_TYPE(tocsin_mark) * mark;

#define ACCESS_S 900 /* as long as an access token holds */
#define ROLES    "viewer|member|operator|admin"

static const tocsin_field user_query[] = {
    {"q", T_STRING, 0, 0, 200, NULL, 0, "Part of the e-mail address or the name."},
    {"role", T_ENUM, 0, 0, 0, ROLES, 0, "Only this role."},
    {"disabled", T_BOOL, 0, 0, 0, NULL, 0, "Only disabled accounts, or only others."},
    {"limit", T_INT, 0, 1, 200, NULL, 0, "How many; 50 unless said."},
    {"after", T_ID, 0, 0, 0, NULL, 0, "The next of the page before."},
    {0}};

static const tocsin_field user_fields[] = {
    {"role", T_ENUM, 0, 0, 0, ROLES, 0, "The new role."},
    {"disabled", T_BOOL, 0, 0, 0, NULL, 0, "True ends all sessions and refuses new ones."},
    {"name", T_STRING, 0, 0, 120, NULL, 0, "What others see."},
    {0}};

static const tocsin_field invite_fields[] = {
    {"email", T_EMAIL, F_NULL, 0, 0, NULL, 0,
     "Only for this address. Default: for whoever has the link."},
    {"role", T_ENUM, 0, 0, 0, ROLES, 0, "The role of the account. Default member."},
    {"days", T_INT, 0, 1, 90, NULL, 0, "How long it holds. Default 7."},
    {0}};

static const tocsin_field audit_query[] = {
    {"q", T_STRING, 0, 0, 200, NULL, 0, "Part of the actor, the action or the object."},
    {"actor", T_ID, 0, 0, 0, NULL, 0, "Only what this account did."},
    {"action", T_STRING, 0, 1, 80, NULL, 0, "Only actions that begin so: monitor.delete."},
    {"type", T_STRING, 0, 1, 80, NULL, 0, "Only objects of this type."},
    {"object", T_STRING, 0, 1, 80, NULL, 0, "Only the object with this id."},
    {"from", T_TIME, 0, 0, 0, NULL, 0, "From this time on."},
    {"to", T_TIME, 0, 0, 0, NULL, 0, "Before this time."},
    {"limit", T_INT, 0, 1, 200, NULL, 0, "How many; 50 unless said."},
    {"after", T_ID, 0, 0, 0, NULL, 0, "The next of the page before."},
    {0}};

/* The link is in the answer and in the message to the invited: the database keeps a hash. */
static int invite_post(tocsin_request *q)
{
    apr_pool_t *p = q->r->pool;
    const char *hash, *secret = secret_make(p, &hash), *link, *json;
    apr_size_t len;
    int status;

    link = apr_pstrcat(p, public_url(q->r), "/signup/#", secret, NULL);
    json_object_set_new(q->input, "hash", json_string(hash));
    json_object_set_new(q->input, "link", json_string(link));
    if ((status = call_route(q, "invite_create", &json, &len)) != OK)
        return status;
    json =
        apr_pstrcat(p, "{\"token\":\"", secret, "\",\"link\":\"", link, "\",", json + 1, NULL);
    return send_json(q->r, HTTP_CREATED, json, strlen(json));
}

/* The answer without "sessions": those have ended, and their access tokens end with them. */
static json_t *forget(const char *json)
{
    json_t *doc = json_loads(json, 0, NULL), *id;
    size_t i;

    json_array_foreach(json_object_get(doc, "sessions"), i, id)
        mark(json_string_value(id), ACCESS_S);
    json_object_del(doc, "sessions");
    return doc;
}

static int user_patch(tocsin_request *q)
{
    const char *json;
    apr_size_t len;
    int status = call_route(q, "admin_user_update", &json, &len);
    json_t *doc;
    char *text;

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    doc = forget(json);
    text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    status = send_json(q->r, HTTP_OK, text, strlen(text));
    free(text);
    return status;
}

static int user_delete(tocsin_request *q)
{
    const char *json;
    apr_size_t len;
    int status = call_route(q, "admin_user_delete", &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    json_decref(forget(json));
    q->r->status = HTTP_NO_CONTENT;
    return OK;
}

static const tocsin_route routes[] = {
    {"GET", "/admin/users", ROLE_ADMIN, "admin_user_list", 0, user_query, NULL, NULL, NULL,
     "All accounts.", "admin"},
    {"GET", "/admin/users/{id}", ROLE_ADMIN, "admin_user_get", 0, NULL, NULL, NULL, NULL,
     "One account.", "admin"},
    {"PATCH", "/admin/users/{id}", ROLE_ADMIN, NULL, 0, NULL, user_fields, NULL, user_patch,
     "Change the role of an account, or disable it.", "admin"},
    {"DELETE", "/admin/users/{id}", ROLE_ADMIN, NULL, R_EMPTY, NULL, NULL, NULL, user_delete,
     "Delete an account with its monitors, channels and incidents.", "admin"},
    {"GET", "/admin/invites", ROLE_ADMIN, "invite_list", 0, NULL, NULL, NULL, NULL,
     "Invitations that are open, and those used in the last 30 days.", "admin"},
    {"POST", "/admin/invites", ROLE_ADMIN, NULL, R_CREATED, NULL, invite_fields, NULL,
     invite_post,
     "Invite somebody, by e-mail when an address is given; the answer shows the link, once.",
     "admin"},
    {"DELETE", "/admin/invites/{id}", ROLE_ADMIN, "invite_delete", R_EMPTY, NULL, NULL, NULL,
     NULL, "Take an invitation back.", "admin"},
    {"GET", "/admin/audit", ROLE_ADMIN, "audit_list", 0, audit_query, NULL, NULL, NULL,
     "Who did what, the newest first.", "admin"},
    {0}};

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = routes;
    return OK;
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    send_json = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    public_url = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_url);
    mark = APR_RETRIEVE_OPTIONAL_FN(tocsin_mark);
    secret_make = APR_RETRIEVE_OPTIONAL_FN(tocsin_secret_make);
    if (call_route && secret_make)
        return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                 "mod_tocsin_admin needs mod_tocsin and mod_tocsin_auth");
    return HTTP_INTERNAL_SERVER_ERROR;
}

static void register_hooks(apr_pool_t *)
{
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_admin) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
