/*
 * tocsin_route: find the route of a path.
 *
 * Paths are split at '/' and indexed by their first word at configuration time; the few
 * routes that share it are compared part by part. A number that is none, or beyond 63
 * bits, matches nothing: it never reaches SQL.
 */
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "tocsin_core.h"

#define KEY_MAX 64

/* Cut the path at its slashes, in place; -1: does not start with one, or too many parts. */
static int split(char *path, const char **segment)
{
    int n = 0;

    if (*path != '/')
        return -1;
    while (*path == '/') {
        if (n == SEGMENTS_MAX)
            return -1;
        *path++ = '\0';
        segment[n++] = path;
        path += strcspn(path, "/");
    }
    return n;
}

int uuid_valid(const char *s)
{
    int i;

    for (i = 0; i < 36; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? s[i] != '-' : !apr_isxdigit(s[i]))
            return 0;
    }
    return s[i] == '\0';
}

/* 1..2^63-1, without sign or leading zero; 0: not one. */
static apr_int64_t id_parse(const char *s)
{
    apr_int64_t id = 0;

    if (*s < '1' || *s > '9')
        return 0;
    for (; *s; s++)
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(id, 10, &id) ||
            __builtin_add_overflow(id, *s - '0', &id))
            return 0;
    return id;
}

static int key_valid(const char *s)
{
    const char *start = s;

    for (; *s; s++)
        if (!apr_isalnum(*s) && *s != '-' && *s != '_' && *s != '.')
            return 0;
    return s > start && s - start <= KEY_MAX;
}

static int segment_match(const char *pattern, const char *s, route_match *out)
{
    if (*pattern != '{')
        return !strcmp(pattern, s);
    if (!strcmp(pattern, "{id}"))
        return (out->id = id_parse(s)) != 0;
    if (!strcmp(pattern, "{sub}"))
        return (out->sub = id_parse(s)) != 0;
    if (!strcmp(pattern, "{uuid}") ? !uuid_valid(s) : !key_valid(s))
        return 0;
    *(strcmp(pattern, "{name}") ? &out->key : &out->name) = s;
    return 1;
}

static int entry_match(const route_entry *e, const char **segment, int n, route_match *out)
{
    out->id = out->sub = 0;
    out->key = out->name = NULL;
    if (e->nsegments != n)
        return 0;
    for (int i = 1; i < n; i++)
        if (!segment_match(e->segment[i], segment[i], out))
            return 0;
    return 1;
}

static const char *method_add(apr_pool_t *p, const char *allow, const char *method)
{
    const char *more = strcmp(method, "GET") ? method : "GET, HEAD";

    return allow ? apr_pstrcat(p, allow, ", ", more, NULL) : more;
}

int route_find(const route_map *map, apr_pool_t *p, const char *method, const char *path,
               route_match *out)
{
    const char *segment[SEGMENTS_MAX], *allow = NULL, *allow_key = NULL;
    const route_entry *by_key = NULL;
    apr_array_header_t *same;
    int n = split(apr_pstrdup(p, path), segment);

    memset(out, 0, sizeof(*out));
    if (n < 1 || !(same = apr_hash_get(map->first, segment[0], APR_HASH_KEY_STRING)))
        return 0;
    if (!strcmp(method, "HEAD"))
        method = "GET";
    for (int i = 0; i < same->nelts; i++) {
        const route_entry *e = APR_ARRAY_IDX(same, i, const route_entry *);

        if (!entry_match(e, segment, n, out))
            continue;
        if (strcmp(e->route->method, method)) {
            const char **methods = out->key ? &allow_key : &allow;

            *methods = method_add(p, *methods, e->route->method);
        }
        else if (out->key) {
            by_key = by_key ? by_key : e;
        }
        else {
            out->entry = e;
            return 1;
        }
    }
    if (!allow && by_key) { /* a word of a path's own is nobody's key */
        entry_match(by_key, segment, n, out);
        out->entry = by_key;
        return 1;
    }
    allow = allow ? allow : allow_key;
    out->allow = allow ? apr_pstrcat(p, allow, ", OPTIONS", NULL) : NULL;
    return 0;
}

static int same_route(const route_entry *a, const tocsin_route *b)
{
    return !strcmp(a->route->method, b->method) && !strcmp(a->route->path, b->path);
}

static const char *add(apr_pool_t *p, route_map *map, const tocsin_route *route)
{
    route_entry *e = apr_pcalloc(p, sizeof(*e));
    apr_array_header_t *same;

    e->route = route;
    e->slot = -1;
    e->nsegments = split(apr_pstrdup(p, route->path), e->segment);
    if (e->nsegments < 1 || *e->segment[0] == '{')
        return apr_psprintf(p, "route '%s %s' is malformed", route->method, route->path);
    same = apr_hash_get(map->first, e->segment[0], APR_HASH_KEY_STRING);
    if (!same) {
        same = apr_array_make(p, 8, sizeof(route_entry *));
        apr_hash_set(map->first, e->segment[0], APR_HASH_KEY_STRING, same);
    }
    for (int i = 0; i < same->nelts; i++)
        if (same_route(APR_ARRAY_IDX(same, i, const route_entry *), route))
            return apr_psprintf(p, "route '%s %s' is declared twice", route->method,
                                route->path);
    APR_ARRAY_PUSH(same, route_entry *) = e;
    APR_ARRAY_PUSH(map->entries, route_entry *) = e;
    return NULL;
}

route_map *route_map_make(apr_pool_t *p, const apr_array_header_t *tables, const char **error)
{
    route_map *map = apr_pcalloc(p, sizeof(*map));

    map->entries = apr_array_make(p, 128, sizeof(route_entry *));
    map->first = apr_hash_make(p);
    for (int i = 0; i < tables->nelts; i++)
        for (const tocsin_route *rt = APR_ARRAY_IDX(tables, i, const tocsin_route *);
             rt->method; rt++)
            if ((*error = add(p, map, rt)))
                return NULL;
    return map;
}
