/* What a request brings, taken as a path, as a word of a query and as JSON of each type:
 * nothing is read beyond its end, and what is let in can be sent on. */
#include <apr_general.h>
#include <apr_pools.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin_core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const tocsin_route routes[] = {{.method = "GET", .path = "/monitors/{id}/checks"},
                                      {.method = "GET", .path = "/monitors/test/{uuid}"},
                                      {.method = "GET", .path = "/notes/{key}"},
                                      {0}};
static apr_pool_t *root;
static route_map *map;

static void start(void)
{
    apr_array_header_t *tables;
    const char *error;

    if (root)
        return;
    apr_initialize();
    apr_pool_create(&root, NULL);
    tables = apr_array_make(root, 1, sizeof(const tocsin_route *));
    APR_ARRAY_PUSH(tables, const tocsin_route *) = routes;
    map = route_map_make(root, tables, &error);
}

static void as_path(apr_pool_t *p, const char *text)
{
    route_match m;

    if (!route_find(map, p, "GET", text, &m))
        return;
    if (strstr(m.entry->route->path, "{id}") && m.id <= 0)
        abort();
    if (m.key && strpbrk(m.key, "/ \n'\""))
        abort();
}

static void as_value(apr_pool_t *p, const tocsin_field *f, json_t *value)
{
    char *sent;

    if (!value || field_check(p, NULL, f, value))
        return;
    sent = json_dumps(value, JSON_ENCODE_ANY);
    if (!sent)
        abort();
    free(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    json_t *json = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    apr_pool_t *p;

    start();
    apr_pool_create(&p, root);
    memcpy(text, data, size);
    text[size] = '\0';
    as_path(p, text);
    for (int type = T_STRING; type <= T_LIST; type++) {
        tocsin_field f = {
            .name = "f", .type = type, .choices = "a|b", .max = 64, .item_max = 8};
        const char *rule;
        json_t *value = field_parse(p, &f, text, size, &rule);

        as_value(p, &f, value);
        as_value(p, &f, json);
        json_decref(value);
    }
    json_decref(json);
    apr_pool_destroy(p);
    free(text);
    return 0;
}
