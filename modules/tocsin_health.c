/*
 * tocsin_health: is this process alive, and is everything there that it needs?
 */
#include <httpd.h>

#include "tocsin_core.h"

static int health_get(tocsin_request *q)
{
    static const char body[] = "{\"status\":\"ok\"}";

    return tocsin_send(q->r, HTTP_OK, body, sizeof(body) - 1);
}

static int ready_get(tocsin_request *q)
{
    const char *json;
    apr_size_t len;
    int status;

    json_object_set_new(q->input, "migration", json_integer(TOCSIN_MIGRATION));
    if ((status = tocsin_call_route(q, "ready", &json, &len)) != OK)
        return status;
    return tocsin_send(q->r, HTTP_OK, json, len);
}

const tocsin_route health_routes[] = {
    {"GET", "/health", ROLE_ANYONE, NULL, R_NO_LIMIT, NULL, NULL, NULL, health_get,
     "Whether httpd answers; asks nobody else.", "health"},
    {"GET", "/ready", ROLE_ANYONE, NULL, R_NO_LIMIT, NULL, NULL, NULL, ready_get,
     "Whether the database, its migrations and the daemon are there; 503 says what is not.",
     "health"},
    {0}};
