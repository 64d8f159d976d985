/* Paths find their route, and nothing that is none finds one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tocsin_core.h"

#define ENV_BACKUP "/apps/{id}/env/{key}/backups/{name}/restore"

static const tocsin_route table[] = {{.method = "GET", .path = "/monitors"},
                                     {.method = "POST", .path = "/monitors"},
                                     {.method = "POST", .path = "/monitors/test"},
                                     {.method = "GET", .path = "/monitors/test/{uuid}"},
                                     {.method = "GET", .path = "/monitors/{id}"},
                                     {.method = "PATCH", .path = "/monitors/{id}"},
                                     {.method = "DELETE", .path = "/monitors/{id}"},
                                     {.method = "GET", .path = "/monitors/{id}/checks"},
                                     {.method = "GET", .path = "/notes/{key}"},
                                     {.method = "GET", .path = "/apps/{id}/actions/{sub}"},
                                     {.method = "GET", .path = "/apps/{id}/env/{key}"},
                                     {.method = "GET", .path = ENV_BACKUP},
                                     {0}};

#define UUID "123e4567-e89b-12d3-a456-426614174000"

static const struct {
    const char *method, *path;
    const char *found; /* path of the route */
    apr_int64_t id;
    const char *key;
    const char *allow;
} cases[] = {
    {"GET", "/monitors", "/monitors", 0, NULL, NULL},
    {"HEAD", "/monitors", "/monitors", 0, NULL, NULL},
    {"GET", "/monitors/7", "/monitors/{id}", 7, NULL, NULL},
    {"GET", "/monitors/9223372036854775807", "/monitors/{id}", INT64_MAX, NULL, NULL},
    {"GET", "/monitors/7/checks", "/monitors/{id}/checks", 7, NULL, NULL},
    {"POST", "/monitors/test", "/monitors/test", 0, NULL, NULL},
    {"GET", "/monitors/test/" UUID, "/monitors/test/{uuid}", 0, UUID, NULL},
    {"GET", "/notes/a-b_c.d", "/notes/{key}", 0, "a-b_c.d", NULL},
    {"PUT", "/monitors", NULL, 0, NULL, "GET, HEAD, POST, OPTIONS"},
    {"PUT", "/monitors/7", NULL, 0, NULL, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"OPTIONS", "/monitors/test", NULL, 0, NULL, "POST, OPTIONS"},
    {"get", "/monitors", NULL, 0, NULL, "GET, HEAD, POST, OPTIONS"},
    {"GET", "", NULL, 0, NULL, NULL},
    {"GET", "/", NULL, 0, NULL, NULL},
    {"GET", "monitors", NULL, 0, NULL, NULL},
    {"GET", "/monitor", NULL, 0, NULL, NULL},
    {"GET", "/monitors/", NULL, 0, NULL, NULL},
    {"GET", "//monitors", NULL, 0, NULL, NULL},
    {"GET", "/monitors/0", NULL, 0, NULL, NULL},
    {"GET", "/monitors/007", NULL, 0, NULL, NULL},
    {"GET", "/monitors/-7", NULL, 0, NULL, NULL},
    {"GET", "/monitors/+7", NULL, 0, NULL, NULL},
    {"GET", "/monitors/7x", NULL, 0, NULL, NULL},
    {"GET", "/monitors/9223372036854775808", NULL, 0, NULL, NULL},
    {"GET", "/monitors/99999999999999999999999", NULL, 0, NULL, NULL},
    {"GET", "/monitors/{id}", NULL, 0, NULL, NULL},
    {"GET", "/monitors/7/checks/1", NULL, 0, NULL, NULL},
    {"GET", "/monitors/7/8/9/10/11/12/13/14", NULL, 0, NULL, NULL},
    {"GET", "/monitors/test/123e4567-e89b-12d3-a456-42661417400", NULL, 0, NULL, NULL},
    {"GET", "/monitors/test/123e4567xe89b-12d3-a456-426614174000", NULL, 0, NULL, NULL},
    {"GET", "/notes/", NULL, 0, NULL, NULL},
    {"GET", "/notes/a b", NULL, 0, NULL, NULL},
    {"GET", "/notes/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
     0, NULL, NULL},
};

static apr_pool_t *pool;

static route_map *map_of(const tocsin_route *routes, const char **error)
{
    apr_array_header_t *tables = apr_array_make(pool, 2, sizeof(const tocsin_route *));

    APR_ARRAY_PUSH(tables, const tocsin_route *) = routes;
    return route_map_make(pool, tables, error);
}

static void same(const char *got, const char *want, const char *path)
{
    if (!got != !want || (got && strcmp(got, want)))
        fail_msg("%s: %s instead of %s", path, got ? got : "nothing", want ? want : "nothing");
}

static void paths_find_their_routes(void **)
{
    const char *error = NULL;
    route_map *map = map_of(table, &error);

    assert_null(error);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        route_match m;
        int found = route_find(map, pool, cases[i].method, cases[i].path, &m);

        same(found ? m.entry->route->path : NULL, cases[i].found, cases[i].path);
        same(m.allow, cases[i].allow, cases[i].path);
        if (found) {
            assert_int_equal(m.id, cases[i].id);
            same(m.key, cases[i].key, cases[i].path);
        }
    }
}

/* A second number, and a second word. */
static void paths_have_parts_of_parts(void **)
{
    static const struct {
        const char *path, *found, *key, *name;
        apr_int64_t id, sub;
    } deep[] = {
        {"/apps/7/actions/8", "/apps/{id}/actions/{sub}", NULL, NULL, 7, 8},
        {"/apps/7/actions/0", NULL, NULL, NULL, 0, 0},
        {"/apps/7/actions/x", NULL, NULL, NULL, 0, 0},
        {"/apps/7/env/main", "/apps/{id}/env/{key}", "main", NULL, 7, 0},
        {"/apps/7/env/main/backups/b.1/restore", ENV_BACKUP, "main", "b.1", 7, 0},
        {"/apps/7/env/main/backups//restore", NULL, NULL, NULL, 0, 0},
        {"/apps/7/env/main/backups/a b/restore", NULL, NULL, NULL, 0, 0},
    };
    const char *error = NULL;
    route_map *map = map_of(table, &error);

    for (size_t i = 0; i < sizeof(deep) / sizeof(*deep); i++) {
        route_match m;
        int found = route_find(map, pool, "GET", deep[i].path, &m);

        same(found ? m.entry->route->path : NULL, deep[i].found, deep[i].path);
        if (found) {
            same(m.key, deep[i].key, deep[i].path);
            same(m.name, deep[i].name, deep[i].path);
            assert_int_equal(m.id, deep[i].id);
            assert_int_equal(m.sub, deep[i].sub);
        }
    }
}

static void routes_are_declared_once_and_well(void **)
{
    static const tocsin_route twice[] = {
        {.method = "GET", .path = "/x"}, {.method = "GET", .path = "/x"}, {0}};
    static const tocsin_route bare[] = {{.method = "GET", .path = "x"}, {0}};
    static const tocsin_route root[] = {{.method = "GET", .path = "/{id}"}, {0}};
    const char *error = NULL;

    assert_null(map_of(twice, &error));
    assert_non_null(strstr(error, "twice"));
    assert_null(map_of(bare, &error));
    assert_null(map_of(root, &error));
}

static void uuids(void **)
{
    assert_true(uuid_valid(UUID));
    assert_true(uuid_valid("123E4567-E89B-12D3-A456-426614174000"));
    assert_false(uuid_valid(""));
    assert_false(uuid_valid(UUID "0"));
    assert_false(uuid_valid("g23e4567-e89b-12d3-a456-426614174000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_routes),
        cmocka_unit_test(paths_have_parts_of_parts),
        cmocka_unit_test(routes_are_declared_once_and_well),
        cmocka_unit_test(uuids),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
