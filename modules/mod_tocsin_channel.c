/*
 * mod_tocsin_channel: /channels and /deliveries: where messages go, and how they went.
 */
#include <apr_strings.h>
#include <string.h>

#include "mod_tocsin.h"

module AP_MODULE_DECLARE_DATA tocsin_channel_module;

static APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
static APR_OPTIONAL_FN_TYPE(tocsin_send) * send_json;
static APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
static APR_OPTIONAL_FN_TYPE(tocsin_check_fields) * check_fields;

/* ---------------------------------------------------------------- fields */

static const tocsin_field list_query[] = {
    {"limit", T_INT, 0, 1, 200, NULL, 0, "Items a page; 100."},
    {"after", T_ID, 0, 0, 0, NULL, 0, "Cursor: `next` of the page before."},
    {"type", T_ENUM, 0, 0, 0, "email|webhook|slack", 0, "Only channels of this type."},
    {"all", T_BOOL, 0, 0, 0, NULL, 0, "Those of all accounts; operators only."},
    {NULL},
};

#define CONFIG_HELP                                                                             \
    "email: to[] (1-10), from, smtp_url, starttls (required, opportunistic, off), "             \
    "smtp_user, smtp_password; webhook: url, secret (whsec_…, made when absent), headers{}; " \
    "slack: url. Secrets are shown as {\"set\": true}; what is left out stays."
#define NAME_FIELD(flags)                                                                     \
    {                                                                                         \
        "name", T_STRING, flags, 1, 80, NULL, 0, "What people call it."                       \
    }
#define EVENTS_FIELD                                                                          \
    {                                                                                         \
        "events", T_STRINGS, 0, 0, 3, NULL, 10,                                               \
            "Which events are told: down, up, degraded; all of them."                         \
    }
#define DEFAULT_FIELD                                                                         \
    {                                                                                         \
        "is_default", T_BOOL, 0, 0, 0, NULL, 0,                                               \
            "Used by new monitors that name no channels; false."                              \
    }
#define ENABLED_FIELD                                                                         \
    {                                                                                         \
        "enabled", T_BOOL, 0, 0, 0, NULL, 0, "false: nothing is sent; true."                  \
    }
#define TYPE_FIELD(flags)                                                                     \
    {                                                                                         \
        "type", T_ENUM, flags, 0, 0, "email|webhook|slack", 0, "The kind of channel; stays."  \
    }
#define CONFIG_FIELD(flags)                                                                   \
    {                                                                                         \
        "config", T_OBJECT, flags | F_SECRET, 0, 0, NULL, 0, CONFIG_HELP                      \
    }
#define EVENT_FIELD                                                                           \
    {                                                                                         \
        "event", T_ENUM, 0, 0, 0, "test|down|up|degraded", 0, "Which message to send; test."  \
    }

static const tocsin_field create_body[] = {
    TYPE_FIELD(F_REQUIRED),
    NAME_FIELD(F_REQUIRED),
    CONFIG_FIELD(F_REQUIRED),
    EVENTS_FIELD,
    DEFAULT_FIELD,
    ENABLED_FIELD,
    {NULL},
};
static const tocsin_field update_body[] = {
    TYPE_FIELD(0), NAME_FIELD(0), CONFIG_FIELD(0), EVENTS_FIELD,
    DEFAULT_FIELD, ENABLED_FIELD, {NULL},
};
static const tocsin_field try_body[] = {
    TYPE_FIELD(0),
    NAME_FIELD(0),
    CONFIG_FIELD(0),
    EVENT_FIELD,
    {"channel", T_ID, 0, 0, 0, NULL, 0, "A channel whose settings these are laid over."},
    {NULL},
};
static const tocsin_field test_body[] = {EVENT_FIELD, {NULL}};

static const tocsin_field delivery_query[] = {
    {"limit", T_INT, 0, 1, 200, NULL, 0, "Items a page; 50."},
    {"after", T_ID, 0, 0, 0, NULL, 0, "Cursor: `next` of the page before."},
    {"state", T_ENUM, 0, 0, 0, "pending|sent|dead|cancelled", 0,
     "Only messages in this state."},
    {"event", T_ENUM, 0, 0, 0, "down|up|degraded|test|incident|maintenance", 0,
     "Only messages about this."},
    {"channel", T_ID, 0, 0, 0, NULL, 0, "Only messages to this channel."},
    {"monitor", T_ID, 0, 0, 0, NULL, 0, "Only messages about this monitor."},
    {"incident", T_ID, 0, 0, 0, NULL, 0, "Only messages about this incident."},
    {"all", T_BOOL, 0, 0, 0, NULL, 0, "Those of all accounts; operators only."},
    {NULL},
};

/* ---------------------------------------------------------------- rules */

/* The host is shown to the guard here already: the reason stands at the field, not in a
 * failed delivery. SQL checks the form of each setting. */
static void check_url(tocsin_request *q, const char *field, const char *url)
{
    static const tocsin_field fields[] = {{"url", T_URL, 0, 1, 2048, NULL, 0, ""}, {NULL}};
    json_t *object = json_pack("{s:s}", "url", url), *errors;

    if (!object)
        return;
    errors = check_fields(q->r, fields, object, 1);
    if (errors) {
        const char *rule = json_string_value(json_object_get(errors, "url"));

        invalid(q, field, apr_pstrdup(q->r->pool, rule ? rule : "is not valid"));
        json_decref(errors);
    }
    json_decref(object);
}

static int check_config(tocsin_request *q)
{
    const json_t *config = json_object_get(q->input, "config");
    const char *url = json_string_value(json_object_get(config, "url"));
    const char *smtp = json_string_value(json_object_get(config, "smtp_url"));
    const char *host = smtp ? strstr(smtp, "://") : NULL;
    const char *word;
    json_t *item;
    size_t i;

    if (url)
        check_url(q, "config.url", url);
    if (host)
        check_url(q, "config.smtp_url", apr_pstrcat(q->r->pool, "http", host, NULL));
    json_array_foreach(json_object_get(q->input, "events"), i,
                       item) if ((word = json_string_value(item)) && strcmp(word, "down") &&
                                 strcmp(word, "up") && strcmp(word, "degraded"))
        invalid(q, "events", "must hold down, up and degraded only");
    return OK;
}

/* ---------------------------------------------------------------- handlers */

/* The API's base: what stands before the resource's first word. */
static const char *base_of(request_rec *r)
{
    const char *words[] = {"/channels/", "/deliveries/"}, *found = NULL, *at;

    for (int i = 0; i < 2; i++)
        for (at = r->uri; (at = strstr(at, words[i])); at++)
            if (!found || at > found)
                found = at;
    return apr_pstrmemdup(r->pool, r->uri, found ? (apr_size_t)(found - r->uri) : 0);
}

/* A message is owed now: 202, and the place where its way can be followed. */
static int owe(tocsin_request *q)
{
    const char *json, *id;
    apr_size_t len;
    int status = call_route(q, q->route->function, &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    if ((id = strstr(json, "\"id\""))) {
        id += 4 + strspn(id + 4, " :");
        apr_table_setn(q->r->headers_out, "Location",
                       apr_pstrcat(q->r->pool, base_of(q->r), "/deliveries/",
                                   apr_pstrmemdup(q->r->pool, id, strspn(id, "0123456789")),
                                   NULL));
    }
    return send_json(q->r, HTTP_ACCEPTED, json, len);
}

static const tocsin_route routes[] = {
    {"GET", "/channels", ROLE_VIEWER, "channel_list", 0, list_query, NULL, NULL, NULL,
     "The caller's channels.", "channels"},
    {"POST", "/channels", ROLE_MEMBER, "channel_create", R_CREATED, NULL, create_body,
     check_config, NULL,
     "Make a channel. A webhook's new signing secret is in this answer and in no other.",
     "channels"},
    {"POST", "/channels/test", ROLE_MEMBER, "channel_try", R_ACCEPTED, NULL, try_body,
     check_config, owe, "Send a message with settings that are not saved.", "channels"},
    {"GET", "/channels/{id}", ROLE_VIEWER, "channel_read", 0, NULL, NULL, NULL, NULL,
     "A channel.", "channels"},
    {"PATCH", "/channels/{id}", ROLE_MEMBER, "channel_update", 0, NULL, update_body,
     check_config, NULL, "Change a channel; secrets that are left out stay.", "channels"},
    {"DELETE", "/channels/{id}", ROLE_MEMBER, "channel_delete", R_EMPTY, NULL, NULL, NULL,
     NULL, "Delete a channel and the record of its messages.", "channels"},
    {"POST", "/channels/{id}/test", ROLE_MEMBER, "channel_test", R_ACCEPTED, NULL, test_body,
     NULL, owe, "Send a message by a channel as it is saved.", "channels"},
    {"GET", "/deliveries", ROLE_VIEWER, "delivery_list", 0, delivery_query, NULL, NULL, NULL,
     "Messages, the newest first, and how they went.", "deliveries"},
    {"GET", "/deliveries/{id}", ROLE_VIEWER, "delivery_read", 0, NULL, NULL, NULL, NULL,
     "A message with each attempt to deliver it.", "deliveries"},
    {"POST", "/deliveries/{id}/resend", ROLE_MEMBER, "delivery_resend", R_ACCEPTED, NULL, NULL,
     NULL, owe, "Send a message once more, as a new one.", "deliveries"},
    {NULL},
};

/* ---------------------------------------------------------------- hooks */

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = routes;
    return OK;
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *)
{
    call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    send_json = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    invalid = APR_RETRIEVE_OPTIONAL_FN(tocsin_invalid);
    check_fields = APR_RETRIEVE_OPTIONAL_FN(tocsin_check_fields);
    return OK;
}

static void register_hooks(apr_pool_t *)
{
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_channel) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0,
};
