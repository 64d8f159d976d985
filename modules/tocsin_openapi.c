/*
 * tocsin_openapi: the API's description (OpenAPI 3.1), made from the route tables.
 *
 * What the dispatcher lets in and what the description says cannot differ: both read the
 * same tables. Made at the first request of a child, then kept as text.
 */
#include <httpd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin_core.h"

static apr_thread_mutex_t *lock;
static char *document;
static apr_size_t document_len;

/* ---------------------------------------------------------------- fields */

static json_t *typed(const tocsin_field *f, const char *type)
{
    json_t *schema = json_object();

    if (f->flags & F_NULL)
        json_object_set_new(schema, "type", json_pack("[s, s]", type, "null"));
    else
        json_object_set_new(schema, "type", json_string(type));
    return schema;
}

static json_t *limited(json_t *schema, const tocsin_field *f, const char *least,
                       const char *most)
{
    if (f->min)
        json_object_set_new(schema, least, json_integer(f->min));
    if (f->max)
        json_object_set_new(schema, most, json_integer(f->max));
    return schema;
}

static json_t *formatted(json_t *schema, const char *format)
{
    json_object_set_new(schema, "format", json_string(format));
    return schema;
}

static json_t *with_items(json_t *schema, json_t *items)
{
    json_object_set_new(schema, "items", items);
    return schema;
}

static json_t *text_item(const tocsin_field *f)
{
    json_t *item = json_pack("{s:s}", "type", "string");

    if (f->item_max)
        json_object_set_new(item, "maxLength", json_integer(f->item_max));
    return item;
}

static json_t *choices(const tocsin_field *f)
{
    json_t *schema = typed(f, "string"), *list = json_array();

    for (const char *s = f->choices; s && *s;) {
        apr_size_t n = strcspn(s, "|");

        json_array_append_new(list, json_stringn(s, n));
        s += n + (s[n] == '|');
    }
    if (f->flags & F_NULL)
        json_array_append_new(list, json_null());
    json_object_set_new(schema, "enum", list);
    return schema;
}

static json_t *map_schema(const tocsin_field *f)
{
    json_t *schema = limited(typed(f, "object"), f, "minProperties", "maxProperties");

    json_object_set_new(schema, "additionalProperties", text_item(f));
    return schema;
}

static json_t *id_schema(const tocsin_field *f)
{
    json_t *schema = formatted(typed(f, "integer"), "int64");

    json_object_set_new(schema, "minimum", json_integer(1));
    return schema;
}

static json_t *schema_of_type(const tocsin_field *f)
{
    static const tocsin_field id = {.type = T_ID};

    switch (f->type) {
    case T_STRING:
        return limited(typed(f, "string"), f, "minLength", "maxLength");
    case T_INT:
        return limited(typed(f, "integer"), f, "minimum", "maximum");
    case T_BOOL:
        return typed(f, "boolean");
    case T_ENUM:
        return choices(f);
    case T_EMAIL:
        return formatted(typed(f, "string"), "email");
    case T_URL:
        return formatted(typed(f, "string"), "uri");
    case T_TIME:
        return formatted(typed(f, "string"), "date-time");
    case T_UUID:
        return formatted(typed(f, "string"), "uuid");
    case T_ID:
        return id_schema(f);
    case T_STRINGS:
        return with_items(limited(typed(f, "array"), f, "minItems", "maxItems"), text_item(f));
    case T_IDS:
        return with_items(limited(typed(f, "array"), f, "minItems", "maxItems"),
                          id_schema(&id));
    case T_MAP:
        return map_schema(f);
    case T_OBJECT:
        return typed(f, "object");
    case T_LIST:
        return with_items(limited(typed(f, "array"), f, "minItems", "maxItems"),
                          json_pack("{s:s}", "type", "object"));
    }
    return json_object();
}

static json_t *schema_of(const tocsin_field *f)
{
    json_t *schema = schema_of_type(f);

    if (f->help)
        json_object_set_new(schema, "description", json_string(f->help));
    if (f->flags & F_SECRET)
        json_object_set_new(schema, "writeOnly", json_true());
    return schema;
}

static json_t *body_schema(const tocsin_route *route)
{
    json_t *properties = json_object(), *required = json_array();
    json_t *schema = json_pack("{s:s, s:b, s:O}", "type", "object", "additionalProperties", 0,
                               "properties", properties);

    for (const tocsin_field *f = route->body; f && f->name; f++) {
        json_object_set_new(properties, f->name, schema_of(f));
        if ((f->flags & F_REQUIRED) && strcmp(route->method, "PATCH"))
            json_array_append_new(required, json_string(f->name));
    }
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(properties);
    json_decref(required);
    return schema;
}

/* ---------------------------------------------------------------- an operation */

static void parameter(json_t *list, const char *name, const char *in, int required,
                      json_t *schema)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", in,
                                          "required", required, "schema", schema));
}

static json_t *parameters(const tocsin_route *route, int safe)
{
    static const tocsin_field id = {.type = T_ID}, uuid = {.type = T_UUID};
    static const tocsin_field key = {.type = T_STRING, .min = 1, .max = 64};
    json_t *list = json_array();

    if (strstr(route->path, "{id}"))
        parameter(list, "id", "path", 1, schema_of(&id));
    if (strstr(route->path, "{sub}"))
        parameter(list, "sub", "path", 1, schema_of(&id));
    if (strstr(route->path, "{uuid}"))
        parameter(list, "uuid", "path", 1, schema_of(&uuid));
    if (strstr(route->path, "{key}"))
        parameter(list, "key", "path", 1, schema_of(&key));
    if (strstr(route->path, "{name}"))
        parameter(list, "name", "path", 1, schema_of(&key));
    for (const tocsin_field *f = route->query; f && f->name; f++)
        parameter(list, f->name, "query", (f->flags & F_REQUIRED) != 0, schema_of(f));
    if (!safe && !(route->flags & R_NO_CSRF))
        parameter(list, "X-CSRF-Token", "header", 0,
                  json_pack("{s:s, s:s}", "type", "string", "description",
                            "From /bootstrap; needed with the cookie."));
    if (!strcmp(route->method, "PATCH") || !strcmp(route->method, "PUT"))
        parameter(list, "If-Match", "header", 0,
                  json_pack("{s:s, s:s}", "type", "string", "description",
                            "The ETag that was read: 412 when it changed since."));
    return list;
}

static void response(json_t *responses, int status)
{
    char number[8];

    apr_snprintf(number, sizeof(number), "%d", status);
    json_object_set_new(responses, number,
                        json_pack("{s:s}", "$ref", "#/components/responses/problem"));
}

static json_t *success(const tocsin_route *route, int status)
{
    json_t *answer =
        json_pack("{s:s}", "description", route->summary ? route->summary : "Done.");

    if (status != HTTP_NO_CONTENT)
        json_object_set_new(
            answer, "content",
            json_pack("{s:{s:{s:s}}}", "application/json", "schema", "type", "object"));
    return answer;
}

static json_t *responses(const tocsin_route *route, int safe)
{
    int flags = route->flags;
    int status = flags & R_EMPTY      ? HTTP_NO_CONTENT
                 : flags & R_CREATED  ? HTTP_CREATED
                 : flags & R_ACCEPTED ? HTTP_ACCEPTED
                                      : HTTP_OK;
    json_t *all = json_object();
    char number[8];

    apr_snprintf(number, sizeof(number), "%d", status);
    json_object_set_new(all, number, success(route, status));
    if (route->role != ROLE_ANYONE)
        response(all, HTTP_UNAUTHORIZED);
    if (route->role != ROLE_ANYONE || !safe)
        response(all, HTTP_FORBIDDEN);
    if (strchr(route->path, '{'))
        response(all, HTTP_NOT_FOUND);
    if (!safe) {
        response(all, HTTP_BAD_REQUEST);
        response(all, HTTP_CONFLICT);
        response(all, HTTP_REQUEST_ENTITY_TOO_LARGE);
        response(all, HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    if (!strcmp(route->method, "PATCH") || !strcmp(route->method, "PUT"))
        response(all, HTTP_PRECONDITION_FAILED);
    response(all, HTTP_UNPROCESSABLE_ENTITY);
    if (!(flags & R_NO_LIMIT))
        response(all, HTTP_TOO_MANY_REQUESTS);
    response(all, HTTP_SERVICE_UNAVAILABLE);
    if (flags & R_AGENT) {
        response(all, HTTP_BAD_GATEWAY);
        response(all, HTTP_GATEWAY_TIME_OUT);
    }
    json_object_set_new(all, "default",
                        json_pack("{s:s}", "$ref", "#/components/responses/problem"));
    return all;
}

static json_t *request_body(const tocsin_route *route)
{
    json_t *schema = body_schema(route);
    json_t *content = json_pack("{s:{s:O}}", "application/json", "schema", schema);
    int required = 0;

    if (route->flags & R_FORM)
        json_object_set_new(content, "application/x-www-form-urlencoded",
                            json_pack("{s:O}", "schema", schema));
    required = json_object_get(schema, "required") != NULL;
    json_decref(schema);
    return json_pack("{s:b, s:o}", "required", required, "content", content);
}

static json_t *operation(const tocsin_route *route)
{
    int safe = !strcmp(route->method, "GET");
    json_t *op =
        json_pack("{s:s, s:o, s:o}", "summary", route->summary ? route->summary : "",
                  "parameters", parameters(route, safe), "responses", responses(route, safe));

    if (route->tag)
        json_object_set_new(op, "tags", json_pack("[s]", route->tag));
    if (route->body)
        json_object_set_new(op, "requestBody", request_body(route));
    else if (route->flags & R_RAW)
        json_object_set_new(op, "requestBody",
                            json_pack("{s:b, s:{s:{}, s:{}}}", "required", 1, "content",
                                      "image/png", "image/svg+xml"));
    if (route->flags & R_REAUTH)
        json_object_set_new(op, "x-proof", json_true());
    if (route->role == ROLE_ANYONE)
        json_object_set_new(op, "security", json_array());
    else
        json_object_set_new(op, "x-role", json_string(tocsin_role_name(route->role)));
    return op;
}

/* "get_monitors_id_checks" */
static void set_operation_id(json_t *op, const tocsin_route *route)
{
    char id[128], *to = id;

    for (const char *s = route->method; *s && to < id + 100; s++)
        *to++ = apr_tolower(*s);
    for (const char *s = route->path; *s && to < id + 126; s++)
        if (apr_isalnum(*s) || *s == '/')
            *to++ = *s == '/' ? '_' : *s;
    *to = '\0';
    json_object_set_new(op, "operationId", json_string(id));
}

/* ---------------------------------------------------------------- the document */

static json_t *paths(void)
{
    const route_map *map = dispatch_routes();
    json_t *all = json_object();

    for (int i = 0; i < map->entries->nelts; i++) {
        const tocsin_route *route = APR_ARRAY_IDX(map->entries, i, route_entry *)->route;
        json_t *item = json_object_get(all, route->path), *op = operation(route);
        char method[16];

        if (!item) {
            item = json_object();
            json_object_set_new(all, route->path, item);
        }
        apr_cpystrn(method, route->method, sizeof(method));
        ap_str_tolower(method);
        set_operation_id(op, route);
        json_object_set_new(item, method, op);
    }
    return all;
}

static json_t *problem_schema(void)
{
    return json_pack("{s:s, s:[s,s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s},"
                     " s:{s:s, s:s, s:{s:s}}}}",
                     "type", "object", "required", "type", "title", "status", "detail",
                     "request_id", "properties", "type", "type", "string", "title", "type",
                     "string", "status", "type", "integer", "detail", "type", "string",
                     "request_id", "type", "string", "errors", "type", "object", "description",
                     "Each wrong field and the rule it breaks.", "additionalProperties",
                     "type", "string");
}

static json_t *components(void)
{
    return json_pack(
        "{s:{s:o}, s:{s:{s:s, s:{s:{s:{s:s}}}}}, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}",
        "schemas", "Problem", problem_schema(), "responses", "problem", "description",
        "A problem document (RFC 9457).", "content", "application/problem+json", "schema",
        "$ref", "#/components/schemas/Problem", "securitySchemes", "cookie", "type", "apiKey",
        "in", "cookie", "name", "__Host-tocsin", "bearer", "type", "http", "scheme", "bearer",
        "description", "An access token, or an API token (tcs_…).");
}

static char *make(void)
{
    json_t *doc = json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:[{s:[]}, {s:[]}], s:o, s:o}", "openapi",
        "3.1.0", "info", "title", "Tocsin", "version", TOCSIN_VERSION, "description",
        "Monitors, hosts, apps, incidents and messages. Bodies are JSON of at most 65536 "
        "bytes (512 KiB for lists of components and postmortems, 2 MiB for env files); "
        "unknown fields are refused; errors are problem documents. What has x-proof asks "
        "sessions for the password when its last proof is older than 15 minutes "
        "(POST /session/proof).",
        "servers", "url", ".", "security", "cookie", "bearer", "paths", paths(), "components",
        components());
    char *text = json_dumps(doc, JSON_COMPACT);

    json_decref(doc);
    return text;
}

static int openapi_get(tocsin_request *q)
{
    apr_thread_mutex_lock(lock);
    if (!document && (document = make()))
        document_len = strlen(document);
    apr_thread_mutex_unlock(lock);
    if (!document)
        return HTTP_INTERNAL_SERVER_ERROR;
    return tocsin_send(q->r, HTTP_OK, document, document_len);
}

static apr_status_t document_free(void *)
{
    free(document);
    document = NULL;
    return APR_SUCCESS;
}

void openapi_config(void)
{
    lock = NULL;
    document = NULL;
}

void openapi_child_init(apr_pool_t *p)
{
    apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, p);
    apr_pool_cleanup_register(p, NULL, document_free, apr_pool_cleanup_null);
}

const tocsin_route openapi_routes[] = {{"GET", "/openapi.json", ROLE_ANYONE, NULL, 0, NULL,
                                        NULL, NULL, openapi_get, "This description.",
                                        "health"},
                                       {0}};
