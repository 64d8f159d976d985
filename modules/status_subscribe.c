/*
 * status_subscribe: people subscribe to a status page, confirm, choose, and leave.
 *
 * The forms of static pages come here from any host and without a cookie: a request can do no
 * more than have one mail sent, and the links of mails hold a secret of 256 bits each.
 */
#include <apr_strings.h>
#include <http_protocol.h>
#include <httpd.h>
#include <string.h>

#include "status_sheet.h"
#include "tocsin_status.h"

#define FORM_MAX     65536
#define ASK_A_SECOND (20.0 / 3600) /* requests of one address to be subscribed */
#define ASK_BURST    20

#define COMPONENTS_FIELD                                                                      \
    {                                                                                         \
        "components", T_IDS, .max = 500, .help = "What to hear of; everything unless set."    \
    }

static const tocsin_field subscribe_body[] = {
    {"type", T_ENUM, .choices = "email|webhook", .help = "How to be told; email."},
    {"address", T_STRING, F_REQUIRED, .min = 3, .max = 2048,
     .help = "The mail address, or the URL that is posted to."},
    COMPONENTS_FIELD,
    {0},
};

static const tocsin_field settings_body[] = {
    {"do", T_ENUM, .choices = "save|unsubscribe", .help = "unsubscribe ends it; save."},
    COMPONENTS_FIELD,
    {0},
};

static const tocsin_field confirm_body[] = {
    {"do", T_ENUM, .choices = "confirm", .help = "Nothing else can be done here."},
    {0},
};

static const tocsin_field list_query[] = {
    {"limit", T_INT, .min = 1, .max = 1000, .help = "How many at most; 100 unless set."},
    {"after", T_ID, .help = "`next` of the page before."},
    {"q", T_STRING, .min = 1, .max = 200, .help = "A part of the address."},
    {"format", T_ENUM, .choices = "json|csv", .help = "csv: all of them as a table; json."},
    {0},
};

static const tocsin_field import_query[] = {
    {"confirmed", T_BOOL,
     .help = "They have agreed, which the caller answers for; false: each is asked by mail."},
    {0},
};

static const tocsin_field import_body[] = {
    {"addresses", T_STRINGS, .min = 1, .max = 5000, .item_max = 254,
     .help = "Mail addresses."},
    {"rows", T_LIST, .min = 1, .max = 5000,
     .help =
         "Instead, as a table: objects of address, type, components (numbers with blanks)."},
    {"confirmed", T_BOOL,
     .help = "They have agreed, which the caller answers for; false: each is asked by mail."},
    {0},
};

/* ---------------------------------------------------------------- what was sent */

static int has(request_rec *r, const char *header, const char *word)
{
    const char *value = apr_table_get(r->headers_in, header);

    return value && ap_strcasestr(value, word);
}

/* Programs say that they want JSON, browsers take everything. */
static int wants_json(request_rec *r)
{
    if (has(r, "Accept", "text/html"))
        return 0;
    return has(r, "Accept", "application/json") || has(r, "Content-Type", "application/json");
}

static void take(json_t *into, const char *name, const char *value)
{
    json_t *list, *text;

    if (strcmp(name, "components")) {
        text = json_string(value);
        json_object_set_new(into, name, text ? text : json_string("?"));
        return;
    }
    list = json_object_get(into, name);
    if (!list) {
        list = json_array();
        json_object_set_new(into, name, list);
    }
    json_array_append_new(list, json_integer(apr_atoi64(value)));
}

/* The fields that we know of a form; others are nobody's business. */
static json_t *parse_form(request_rec *r, const char *text)
{
    static const char *const known[] = {"type", "address", "do", "components",
                                        "List-Unsubscribe"};
    char *copy = apr_pstrdup(r->pool, text), *save, *pair;
    json_t *form = json_object();
    size_t i;

    for (pair = apr_strtok(copy, "&", &save); pair; pair = apr_strtok(NULL, "&", &save)) {
        char *value = strchr(pair, '=');

        if (!value)
            continue;
        *value++ = '\0';
        for (char *p = value; *p; p++)
            if (*p == '+')
                *p = ' ';
        if (ap_unescape_urlencoded(pair) != OK || ap_unescape_urlencoded(value) != OK)
            continue;
        for (i = 0; i < sizeof(known) / sizeof(*known); i++)
            if (!strcmp(pair, known[i]))
                take(form, known[i], value);
    }
    return form;
}

/*
 * A body that is no JSON into q->input, checked as JSON is. A mail program's one click is
 * multipart/form-data or a form (RFC 8058): one is looked at for its words only.
 */
static int take_form(tocsin_request *q)
{
    const char *bytes;
    json_t *form, *errors;
    apr_size_t len;
    int status;

    if (has(q->r, "Content-Type", "application/json"))
        return OK;
    if ((status = core.bytes(q->r, FORM_MAX, &bytes, &len)) != OK)
        return status;
    form = parse_form(q->r, len && !memchr(bytes, '\0', len) ? bytes : "");
    if (has(q->r, "Content-Type", "multipart/form-data") &&
        strstr(bytes, "List-Unsubscribe") && strstr(bytes, "One-Click"))
        json_object_set_new(form, "List-Unsubscribe", json_string("One-Click"));
    if (json_object_get(form, "List-Unsubscribe") &&
        (q->route->body == settings_body || q->route->body == confirm_body)) {
        json_object_clear(form);
        json_object_set_new(form, "do", json_string("unsubscribe"));
    }
    json_object_del(form, "List-Unsubscribe");
    errors = core.check_fields(q->r, q->route->body, form, 0);
    json_object_update_missing(q->input, form);
    json_decref(form);
    if (!errors)
        return OK;
    core.problem(q->r, HTTP_UNPROCESSABLE_ENTITY, "invalid", NULL, errors);
    return HTTP_UNPROCESSABLE_ENTITY;
}

/* ---------------------------------------------------------------- to be subscribed */

static int check_address(tocsin_request *q)
{
    static const tocsin_field mail[] = {{"address", T_EMAIL, .max = 254}, {0}};
    static const tocsin_field hook[] = {{"address", T_URL, .min = 1, .max = 2048}, {0}};
    const char *type = json_string_value(json_object_get(q->input, "type"));
    json_t *object = json_object(), *errors;

    json_object_set(object, "address", json_object_get(q->input, "address"));
    errors =
        core.check_fields(q->r, type && !strcmp(type, "webhook") ? hook : mail, object, 1);
    json_decref(object);
    if (!errors)
        return OK;
    core.problem(q->r, HTTP_UNPROCESSABLE_ENTITY, "invalid",
                 "nothing can be sent to this address", errors);
    return HTTP_UNPROCESSABLE_ENTITY;
}

static int limited(request_rec *r)
{
    const char *key = apr_pstrcat(r->pool, "subscribe ", r->useragent_ip, NULL);
    int retry_s;

    if (!core.limit || core.limit(r, key, ASK_A_SECOND, ASK_BURST, &retry_s))
        return OK;
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, retry_s));
    core.problem(r, HTTP_TOO_MANY_REQUESTS, "limit", "too many requests; try again later",
                 NULL);
    return HTTP_TOO_MANY_REQUESTS;
}

/* Call a function; its answer as a page, or as it is for programs. NULL is 404. */
static int answer(tocsin_request *q, const char *function, int good, enum sheet which,
                  int to_settings)
{
    const char *json, *token, *action = NULL;
    json_t *about;
    apr_size_t len;
    int status = core.call_route(q, function, &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return wants_json(q->r) ? HTTP_NOT_FOUND
                                : sheet_send(q->r, HTTP_NOT_FOUND, SHEET_UNKNOWN, NULL, NULL);
    if (wants_json(q->r))
        return core.send(q->r, good, json, len);
    about = json_loadb(json, len, 0, NULL);
    token = json_string_value(json_object_get(about, "token"));
    if (to_settings && token)
        action = apr_pstrcat(q->r->pool, "../", token, NULL);
    status = sheet_send(q->r, good, which, about, action);
    json_decref(about);
    return status;
}

static int subscribe_post(tocsin_request *q)
{
    int status;

    if (!wants_json(q->r))
        sheet_problems(q->r);
    if ((status = take_form(q)) != OK || (status = check_address(q)) != OK ||
        (status = limited(q->r)) != OK)
        return status;
    status_say_url(q);
    return answer(q, "subscribe", HTTP_ACCEPTED, SHEET_ASKED, 0);
}

/* ---------------------------------------------------------------- the links of mails */

/* Looking at a link does nothing: mail servers do it, too. */
static int confirm_get(tocsin_request *q)
{
    status_say_url(q);
    return answer(q, "subscription_asked", HTTP_OK, SHEET_CONFIRM, 0);
}

static int confirm_post(tocsin_request *q)
{
    int status;

    if (!wants_json(q->r))
        sheet_problems(q->r);
    if ((status = take_form(q)) != OK)
        return status;
    status_say_url(q);
    return answer(q, "subscription_confirm", HTTP_OK, SHEET_CONFIRMED, 1);
}

static int settings_get(tocsin_request *q)
{
    status_say_url(q);
    return answer(q, "subscription_read", HTTP_OK, SHEET_SETTINGS, 0);
}

static int settings_post(tocsin_request *q)
{
    const char *what;
    int status, leaves;

    if (!wants_json(q->r))
        sheet_problems(q->r);
    if ((status = take_form(q)) != OK)
        return status;
    status_say_url(q);
    what = json_string_value(json_object_get(q->input, "do"));
    leaves = what && !strcmp(what, "unsubscribe");
    if (!leaves && !json_object_get(q->input, "components"))
        return wants_json(q->r)
                   ? HTTP_UNPROCESSABLE_ENTITY
                   : answer(q, "subscription_read", HTTP_UNPROCESSABLE_ENTITY, SHEET_NONE, 0);
    return answer(q, "subscription_update", HTTP_OK, leaves ? SHEET_GONE : SHEET_SETTINGS, 0);
}

/* ---------------------------------------------------------------- the page's owner */

static int list_get(tocsin_request *q)
{
    const char *format = json_string_value(json_object_get(q->input, "format"));

    return format && !strcmp(format, "csv") ? csv_export(q) : status_answer(q, HTTP_OK);
}

const tocsin_route subscribe_routes[] = {
    {"POST", "/public/pages/{key}/subscriptions", ROLE_ANYONE, "subscribe", R_RAW | R_ACCEPTED,
     .body = subscribe_body, .handler = subscribe_post,
     .summary =
         "Ask to be told by a status page: a message to the address says how to confirm.",
     .tag = "subscriptions"},
    {"GET", "/subscriptions/{key}/confirm", ROLE_ANYONE, .handler = confirm_get,
     .summary = "The page that asks whether one means it.", .tag = "subscriptions"},
    {"POST", "/subscriptions/{key}/confirm", ROLE_ANYONE, "subscription_confirm", R_RAW,
     .body = confirm_body, .handler = confirm_post, .summary = "Confirm a subscription.",
     .tag = "subscriptions"},
    {"GET", "/subscriptions/{key}", ROLE_ANYONE, .handler = settings_get,
     .summary = "What is subscribed to, as a page or as JSON.", .tag = "subscriptions"},
    {"POST", "/subscriptions/{key}", ROLE_ANYONE, "subscription_update", R_RAW,
     .body = settings_body, .handler = settings_post,
     .summary = "Choose components, or unsubscribe with one click (RFC 8058).",
     .tag = "subscriptions"},

    {"GET", "/pages/{id}/subscribers", ROLE_VIEWER, "subscriber_list", .query = list_query,
     .handler = list_get, .summary = "Who is told.", .tag = "pages"},
    {"POST", "/pages/{id}/subscribers/import", ROLE_MEMBER, "subscriber_import",
     R_RAW | R_LARGE, .query = import_query, .body = import_body, .handler = csv_import,
     .summary = "Add many: the body is a CSV table with a column `address`, or JSON.",
     .tag = "pages"},
    {"DELETE", "/pages/{id}/subscribers/{key}", ROLE_MEMBER, "subscriber_delete", R_EMPTY,
     .summary = "Tell one no more.", .tag = "pages"},
    {0},
};
