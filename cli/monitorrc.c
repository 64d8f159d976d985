#include "monitorrc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* Where in the file we are, for what is said. */
struct place {
    struct monitorrc *rc;
    const char *path;
    size_t index;
    const char *name;
};

static const char *const system_keys[] = {
    "system",  "url",         "method",      "timeout",   "expectedCodes", "maxResponseTime",
    "display", "displayName", "description", "redirects", "retries",       "section",
};
static const char *const root_keys[] = {"$schema", "description", "systems"};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void say(int *count, const struct place *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(int *count, const struct place *at, const char *format, ...)
{
    char text[600];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (*count)++;
    if (at->name)
        complain("%s: system '%s': %s", at->path, at->name, text);
    else
        complain("%s: systems[%zu]: %s", at->path, at->index, text);
}

/* What is not known is kept by whoever edits the file, and said: it may be a slip. */
static void check_keys(const struct place *at, json_t *obj, const char *const *known, size_t n)
{
    const char *key, *near;
    json_t *value;
    size_t i;

    json_object_foreach(obj, key, value)
    {
        for (i = 0; i < n && strcmp(key, known[i]) != 0; i++)
            ;
        if (i < n || !strncmp(key, "x-", 2))
            continue;
        if ((near = nearest(key, known, n)))
            say(&at->rc->warnings, at, "unknown key '%s', did you mean '%s'?", key, near);
        else
            say(&at->rc->warnings, at, "unknown key '%s' is ignored", key);
    }
}

/* ---------------------------------------------------------------- one system */

static void take_ms(const struct place *at, json_t *obj, const char *key, long least,
                    long most, long *to)
{
    json_t *v = json_object_get(obj, key);
    double value = json_number_value(v);

    if (!v || json_is_null(v))
        return;
    if (!json_is_number(v) || value < (double)least || value > (double)most) {
        say(&at->rc->warnings, at, "%s is no number between %ld and %ld: %ld is used", key,
            least, most, *to);
        return;
    }
    *to = (long)value;
}

static void take_codes(const struct place *at, json_t *obj, struct codes *to)
{
    json_t *v = json_object_get(obj, "expectedCodes"), *one;
    struct codes codes = {{0}}, more;
    bool ok = true;
    char text[32];
    size_t i, j;

    if (!v || json_is_null(v))
        return;
    if (json_is_string(v)) {
        ok = codes_parse(&codes, json_string_value(v));
    }
    else {
        ok = json_array_size(v) > 0;
        json_array_foreach(v, i, one)
        {
            snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(one));
            ok = ok && codes_parse(&more, json_is_string(one) ? json_string_value(one) : text);
            for (j = 0; ok && j < sizeof(codes.bit); j++)
                codes.bit[j] |= more.bit[j];
        }
    }
    if (ok)
        *to = codes;
    else
        say(&at->rc->warnings, at,
            "expectedCodes is no list of codes between 100 and 599: those of --expected-codes"
            " are used");
}

static const char *take_text(const struct place *at, json_t *obj, const char *key,
                             const char *unset)
{
    json_t *v = json_object_get(obj, key);

    if (!v || json_is_null(v))
        return unset;
    if (!json_is_string(v)) {
        say(&at->rc->warnings, at, "%s is no text", key);
        return unset;
    }
    return arena_str(&at->rc->memory, json_string_value(v));
}

static void take_method(const struct place *at, json_t *obj, struct system *s)
{
    const char *text = take_text(at, obj, "method", s->method);
    char method[24];

    if (method_take(text, method, sizeof(method)))
        s->method = arena_str(&at->rc->memory, method);
    else
        say(&at->rc->warnings, at, "method '%.40s' is none: %s is used", text, s->method);
}

static bool known_already(const struct monitorrc *rc, const char *name)
{
    size_t i;

    for (i = 0; i < rc->n; i++)
        if (!strcmp(rc->system[i].name, name))
            return true;
    return false;
}

static void take_system(struct place *at, json_t *obj, const struct system *unset)
{
    struct monitorrc *rc = at->rc;
    struct system *s = &rc->system[rc->n];
    const char *name = json_string_value(json_object_get(obj, "system")), *why;

    at->name = NULL;
    if (!json_is_object(obj)) {
        say(&rc->errors, at, "no object");
        return;
    }
    if ((why = name_wrong(name))) {
        say(&rc->errors, at, "system: %s", why);
        return;
    }
    at->name = name;
    if (known_already(rc, name)) {
        say(&rc->errors, at, "is there twice: the first one counts");
        return;
    }
    check_keys(at, obj, system_keys, COUNT(system_keys));
    *s = *unset;
    s->name = arena_str(&rc->memory, name);
    s->label = take_text(at, obj, "displayName", s->name);
    s->section = take_text(at, obj, "section", "");
    s->description = take_text(at, obj, "description", "");
    s->hidden = json_is_false(json_object_get(obj, "display"));
    if (json_object_get(obj, "display") && !json_is_boolean(json_object_get(obj, "display")))
        say(&rc->warnings, at, "display is neither true nor false");
    s->url = take_text(at, obj, "url", "");
    take_method(at, obj, s);
    take_ms(at, obj, "timeout", 1, MONITORRC_MS_MAX, &s->timeout_ms);
    take_ms(at, obj, "maxResponseTime", 1, MONITORRC_MS_MAX, &s->max_ms);
    take_ms(at, obj, "redirects", 0, 20, &s->redirects);
    take_ms(at, obj, "retries", 0, RETRIES_MOST, &s->retries);
    take_codes(at, obj, &s->expected);
    if ((s->wrong = url_wrong(s->url)))
        say(&rc->errors, at, "url '%.100s': %s", s->url, s->wrong);
    rc->n++;
}

/* ---------------------------------------------------------------- the file */

int monitorrc_take(struct monitorrc *rc, json_t *root, const char *path,
                   const struct system *unset)
{
    json_t *systems = json_object_get(root, "systems"), *one;
    struct place at = {.rc = rc, .path = path, .name = "(top)"};
    size_t i;

    if (!json_is_object(root) || !json_is_array(systems)) {
        complain("%s: no list of \"systems\"", path);
        return -1;
    }
    if (json_array_size(systems) > MONITORRC_SYSTEMS) {
        complain("%s: more than %d systems", path, MONITORRC_SYSTEMS);
        return -1;
    }
    check_keys(&at, root, root_keys, COUNT(root_keys));
    rc->system =
        arena_alloc(&rc->memory, (json_array_size(systems) + 1) * sizeof(*rc->system));
    json_array_foreach(systems, i, one)
    {
        at.index = i;
        take_system(&at, one, unset);
    }
    return 0;
}

int monitorrc_read(struct monitorrc *rc, const char *path, const struct system *unset)
{
    json_error_t e;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    int rv;

    if (!root) {
        if (e.line > 0)
            complain("%s:%d:%d: %s", path, e.line, e.column, e.text);
        else
            complain("cannot read '%s': %s", path, e.text);
        return -1;
    }
    rv = monitorrc_take(rc, root, path, unset);
    json_decref(root);
    return rv;
}

void monitorrc_free(struct monitorrc *rc)
{
    arena_free(&rc->memory);
    *rc = (struct monitorrc){0};
}
