/* front_matter: finds the lines, then libyaml's events are taken by a small state machine. */
#include "front_matter.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "buf.h"

#define EVENTS_MAX 4000
#define DEPTH_MAX  16

struct reader {
    struct front_matter *out;
    struct arena **memory;
    int depth;           /* 1: in the mapping */
    const char *key;     /* of the value that comes next; NULL: a key comes */
    bool known, systems; /* in the list of systems */
    int line;
    char *error;
    size_t size;
};

static int refuse(struct reader *r, int line, const char *why)
{
    snprintf(r->error, r->size, "line %d: %s", line, why);
    return -1;
}

/* ---------------------------------------------------------------- the lines */

static const char *line_end(const char *p)
{
    p += strcspn(p, "\n");
    return *p ? p + 1 : p;
}

/* Whether the line is "---" alone, but for blanks around. */
static bool is_rule(const char *p)
{
    p += strspn(p, " \t");
    if (strncmp(p, "---", 3) != 0)
        return false;
    p += 3;
    p += strspn(p, " \t\r");
    return *p == '\n' || *p == '\0';
}

static bool is_skipped(const char *p)
{
    p += strspn(p, " \t\r");
    return *p == '\n' || *p == '#';
}

/* The text between the rules; NULL when there is none. */
static const char *find(const char *text, size_t *len, const char **rest)
{
    const char *p = text, *inside;

    if (!strncmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    while (*p && is_skipped(p))
        p = line_end(p);
    if (!is_rule(p))
        return NULL;
    inside = p = line_end(p);
    while (*p && !is_rule(p))
        p = line_end(p);
    if (!*p)
        return NULL;
    *len = (size_t)(p - inside);
    *rest = line_end(p);
    return inside;
}

/* What comes after "key:" when that begins with a '@' or '`', with which no plain YAML may. */
static const char *odd_value(const char *line, const char *end)
{
    const char *p = line;

    while (p < end && (isalnum((unsigned char)*p) || strchr(" \t-_", *p)))
        p++;
    if (p == end || *p != ':')
        return NULL;
    p++;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p < end && (*p == '@' || *p == '`') ? p : NULL;
}

/* The same text as YAML: "start: @tomorrow" gets quotes. */
static void make_yaml(buf *out, const char *p, size_t len)
{
    const char *end = p + len;

    while (p < end) {
        const char *next = line_end(p), *value, *stop, *c;

        if (next > end)
            next = end;
        value = odd_value(p, next);
        if (!value) {
            buf_add(out, p, (size_t)(next - p));
            p = next;
            continue;
        }
        for (stop = value; stop < next && !strchr("\r\n", *stop); stop++)
            if (*stop == '#' && isspace((unsigned char)stop[-1]))
                break;
        while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        buf_add(out, p, (size_t)(value - p));
        buf_add(out, "'", 1);
        for (c = value; c < stop; c++) {
            buf_add(out, c, 1);
            if (*c == '\'')
                buf_add(out, c, 1);
        }
        buf_add(out, "'\n", 2);
        p = next;
    }
}

/* ---------------------------------------------------------------- its events */

static int add_system(struct reader *r, const char *name, size_t len)
{
    struct front_matter *o = r->out;
    int i;

    while (len && isspace((unsigned char)*name)) {
        name++;
        len--;
    }
    while (len && isspace((unsigned char)name[len - 1]))
        len--;
    if (!len)
        return 0;
    for (i = 0; i < o->systems; i++)
        if (strlen(o->system[i]) == len && !memcmp(o->system[i], name, len))
            return 0;
    if (o->systems == FRONT_SYSTEMS_MAX)
        return refuse(r, r->line, "too many systems");
    if (!o->system)
        o->system = arena_alloc(r->memory, FRONT_SYSTEMS_MAX * sizeof(*o->system));
    o->system[o->systems++] = arena_copy(r->memory, name, len);
    return 0;
}

static int take_value(struct reader *r, const char *text, size_t len)
{
    struct front_matter *o = r->out;
    const char **to = !strcmp(r->key, "start")  ? &o->start
                      : !strcmp(r->key, "end")  ? &o->end
                      : !strcmp(r->key, "type") ? &o->type
                                                : NULL;

    if (!strcmp(r->key, "systems")) { /* "api, database" */
        size_t at = 0, n;

        for (; at < len; at += n + 1) {
            for (n = 0; at + n < len && text[at + n] != ','; n++)
                ;
            if (add_system(r, text + at, n) != 0)
                return -1;
        }
        return 0;
    }
    if (!to)
        return 0;
    if (*to)
        return refuse(r, r->line, "this key is there twice");
    *to = arena_copy(r->memory, text, len);
    return 0;
}

static int take_scalar(struct reader *r, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;

    if (e->data.scalar.tag)
        return refuse(r, r->line, "tags have no meaning here");
    if (r->systems && r->depth == 2) {
        if (len > FRONT_VALUE_MAX || memchr(text, '\0', len))
            return refuse(r, r->line, "the name of a system is too long");
        return add_system(r, text, len);
    }
    if (r->depth != 1)
        return r->depth ? 0 : refuse(r, r->line, "it has no keys");
    if (!r->key) {
        r->key = arena_copy(r->memory, text, len < FRONT_VALUE_MAX ? len : FRONT_VALUE_MAX);
        return 0;
    }
    r->known = !strcmp(r->key, "start") || !strcmp(r->key, "end") || !strcmp(r->key, "type") ||
               !strcmp(r->key, "systems");
    if (r->known && memchr(text, '\0', len))
        return refuse(r, r->line, "a value holds a zero byte");
    if (r->known && len > (strcmp(r->key, "systems") ? FRONT_VALUE_MAX : FRONT_MATTER_MAX))
        return refuse(r, r->line, "a value is too long");
    if (take_value(r, text, len) != 0)
        return -1;
    r->key = NULL;
    return 0;
}

static int open_block(struct reader *r, bool mapping)
{
    if (++r->depth > DEPTH_MAX)
        return refuse(r, r->line, "it is nested too deep");
    if (r->depth == 1)
        return mapping ? 0 : refuse(r, r->line, "it has no keys");
    if (r->depth == 2 && !r->key)
        return refuse(r, r->line, "a key is no word");
    if (r->depth == 2) {
        r->systems = !mapping && !strcmp(r->key, "systems");
        r->known = !strcmp(r->key, "start") || !strcmp(r->key, "end");
        if (r->known || (mapping && !strcmp(r->key, "systems")))
            return refuse(r, r->line, "this value should be a word");
    }
    return r->depth == 3 && r->systems ? refuse(r, r->line, "a system is no name") : 0;
}

static int take(struct reader *r, const yaml_event_t *e)
{
    r->line = (int)e->start_mark.line + 1;
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return refuse(r, r->line, "aliases are not taken here");
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor ? refuse(r, r->line, "anchors are not taken here")
                                     : take_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor ? refuse(r, r->line, "anchors are not taken here")
                                             : open_block(r, false);
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor ? refuse(r, r->line, "anchors are not taken here")
                                            : open_block(r, true);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        if (--r->depth == 1) {
            r->key = NULL;
            r->systems = false;
        }
        return 0;
    default:
        return 0;
    }
}

static int read_events(struct reader *r, const char *yaml, size_t len)
{
    yaml_parser_t parser;
    yaml_event_t event;
    int rc = 0, n;
    bool over = false;

    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, len);
    for (n = 0; rc == 0 && !over; n++) {
        if (!yaml_parser_parse(&parser, &event)) {
            rc = refuse(r, (int)parser.problem_mark.line + 1,
                        parser.problem ? parser.problem : "it is no YAML");
            break;
        }
        over = event.type == YAML_STREAM_END_EVENT;
        rc = n < EVENTS_MAX ? take(r, &event) : refuse(r, r->line, "it is too long");
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return rc;
}

int front_matter_read(struct front_matter *out, struct arena **memory, const char *text,
                      char *error, size_t size)
{
    struct reader r = {.out = out, .memory = memory, .error = error};
    const char *inside;
    buf yaml = {0};
    size_t len;
    int rc;

    r.size = size;
    *out = (struct front_matter){.rest = text};
    inside = find(text, &len, &out->rest);
    if (!inside)
        return 0;
    if (len > FRONT_MATTER_MAX)
        return refuse(&r, 1, "it is too long");
    make_yaml(&yaml, inside, len);
    buf_add(&yaml, "\n", 1);
    rc = read_events(&r, yaml.data, yaml.len);
    buf_free(&yaml);
    return rc == 0 ? 1 : -1;
}
