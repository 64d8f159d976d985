/*
 * status_pages: /pages, and what is told in public of /incidents.
 */
#include <apr_strings.h>
#include <string.h>

#include "status_fields.h"
#include "tocsin_status.h"

/* ---------------------------------------------------------------- rules */

/* Under which address the public reads pages: SQL does not know it. */
int status_say_url(tocsin_request *q)
{
    const char *url = core.public_url(q->r);

    json_object_set_new(q->input, "@url", json_string(url));
    return OK;
}

/* The errors of item n of a list, or of a member (n < 0), under its own name. */
static void check_object(tocsin_request *q, const char *name, int n,
                         const tocsin_field *fields, json_t *object)
{
    json_t *errors = core.check_fields(q->r, fields, object, 1), *rule;
    const char *field, *at;

    json_object_foreach(errors, field, rule)
    {
        at = n < 0 ? apr_pstrcat(q->r->pool, name, ".", field, NULL)
                   : apr_psprintf(q->r->pool, "%s[%d].%s", name, n, field);
        core.invalid(q, at, json_string_value(rule));
    }
    json_decref(errors);
}

static int check_components(tocsin_request *q)
{
    json_t *list = json_object_get(q->input, "components"), *item;
    size_t n;

    json_array_foreach(list, n, item)
    {
        check_object(q, "components", (int)n, page_component, item);
        if (q->errors && json_object_size(q->errors) > 50)
            break;
    }
    return status_say_url(q);
}

static int check_preview(tocsin_request *q)
{
    json_t *incident = json_object_get(q->input, "incident");

    if (incident)
        check_object(q, "incident", -1, page_preview_incident, incident);
    json_object_del(q->input, "password"); /* nobody is asked for it here */
    return check_components(q);
}

/* ---------------------------------------------------------------- handlers */

/* The hash goes on in the place of the password. */
static int hash_password(tocsin_request *q)
{
    const char *password = json_string_value(json_object_get(q->input, "password")), *hash;
    int status;

    if (!password)
        return OK;
    if (!core.hash_password)
        return HTTP_SERVICE_UNAVAILABLE;
    if ((status = core.hash_password(q->r, password, &hash)) != OK)
        return status;
    json_object_set_new(q->input, "password", json_string(hash));
    return OK;
}

int status_answer(tocsin_request *q, int good)
{
    const char *json;
    apr_size_t len;
    int status = core.call_route(q, q->route->function, &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    if (good == HTTP_CREATED) {
        const char *id = strstr(json, "\"id\"");

        id = id ? id + 4 + strspn(id + 4, " :") : "";
        apr_table_setn(q->r->headers_out, "Location",
                       apr_pstrcat(q->r->pool, q->r->uri, "/",
                                   apr_pstrmemdup(q->r->pool, id, strspn(id, "0123456789")),
                                   NULL));
    }
    return core.send(q->r, good, json, len);
}

static int create_page(tocsin_request *q)
{
    int status = hash_password(q);

    return status == OK ? status_answer(q, HTTP_CREATED) : status;
}

static int update_page(tocsin_request *q)
{
    int status = hash_password(q);

    return status == OK ? status_answer(q, HTTP_OK) : status;
}

const tocsin_route page_routes[] = {
    {"GET", "/pages", ROLE_VIEWER, "page_list", .query = page_list_query,
     .check = status_say_url, .summary = "The status pages one may see.", .tag = "pages"},
    {"POST", "/pages", ROLE_MEMBER, "page_create", R_CREATED | R_LARGE, .body = page_settings,
     .check = check_components, .handler = create_page, .summary = "Make a status page.",
     .tag = "pages"},
    {"GET", "/pages/{id}", ROLE_VIEWER, "page_read", .check = status_say_url,
     .summary = "A status page and its components.", .tag = "pages"},
    {"PATCH", "/pages/{id}", ROLE_MEMBER, "page_update", R_LARGE, .body = page_settings,
     .check = check_components, .handler = update_page, .summary = "Change its settings.",
     .tag = "pages"},
    {"DELETE", "/pages/{id}", ROLE_MEMBER, "page_delete", R_EMPTY,
     .summary = "Delete it with its subscribers.", .tag = "pages"},
    {"PUT", "/pages/{id}/components", ROLE_MEMBER, "page_components", R_LARGE,
     .body = page_components, .check = check_components,
     .summary = "Set what stands on it, in order.", .tag = "pages"},
    {"POST", "/pages/{id}/publish", ROLE_MEMBER, "page_publish", .check = status_say_url,
     .summary = "Write its files now.", .tag = "pages"},
    {"PUT", "/pages/{id}/logo", ROLE_MEMBER, "page_logo", R_RAW, .check = status_say_url,
     .handler = logo_put, .summary = "Set its logo: the body is a PNG or an SVG.",
     .tag = "pages"},
    {"GET", "/pages/{id}/logo", ROLE_VIEWER, .handler = logo_get, .summary = "Its logo.",
     .tag = "pages"},
    {"DELETE", "/pages/{id}/logo", ROLE_MEMBER, "page_logo", R_EMPTY,
     .summary = "Take its logo away.", .tag = "pages"},
    {"POST", "/pages/{id}/preview", ROLE_MEMBER, "page_preview_start", R_CREATED | R_LARGE,
     .body = page_preview, .check = check_preview, .handler = preview_post,
     .summary = "Make a look at the page with what is about to change; kept for 10 minutes.",
     .tag = "pages"},
    {"GET", "/pages/{id}/preview/{uuid}", ROLE_VIEWER, .query = preview_query,
     .handler = preview_get, .summary = "That look, as HTML.", .tag = "pages"},
    {"GET", "/pages/{id}/assets/{key}", ROLE_VIEWER, .handler = preview_asset,
     .summary = "The style sheet of such a look.", .tag = "pages"},

    {"POST", "/incidents/{id}/updates", ROLE_MEMBER, "incident_update",
     .body = incident_update, .summary = "Say how it goes.", .tag = "incidents"},
    {"POST", "/incidents/{id}/publish", ROLE_MEMBER, "incident_publish",
     .body = incident_publish, .summary = "Let the public read of it.", .tag = "incidents"},
    {"POST", "/incidents/{id}/withdraw", ROLE_MEMBER, "incident_withdraw",
     .summary = "Take it back from the public.", .tag = "incidents"},
    {"GET", "/incidents/{id}/postmortem", ROLE_VIEWER, "postmortem_read",
     .query = postmortem_query, .summary = "What was learnt, as it was written last.",
     .tag = "incidents"},
    {"PUT", "/incidents/{id}/postmortem", ROLE_MEMBER, "postmortem_write", R_LARGE,
     .body = postmortem_body, .summary = "Save a revision of what was learnt.",
     .tag = "incidents"},
    {"POST", "/incidents/{id}/postmortem/publish", ROLE_MEMBER, "postmortem_publish",
     .body = postmortem_publish, .summary = "Let the public read a revision, or none.",
     .tag = "incidents"},
    {0},
};
