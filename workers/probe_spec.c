#include "probe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

/* "Name: value"; an empty value needs a semicolon, or libcurl would remove the header. A
 * line break in either would begin a header of its own. */
static struct curl_slist *add_header(struct curl_slist *list, const char *name,
                                     const char *value)
{
    char line[LINE_MAX_BYTES];
    struct curl_slist *more;
    int n;

    if (strpbrk(name, "\r\n:; ") || strpbrk(value, "\r\n") || *name == '\0')
        return list;
    n = *value ? snprintf(line, sizeof(line), "%s: %s", name, value)
               : snprintf(line, sizeof(line), "%s;", name);
    if (n < 0 || n >= (int)sizeof(line) || !(more = curl_slist_append(list, line)))
        return list;
    return more;
}

static struct curl_slist *read_headers(const char *text)
{
    json_t *object = json_loads(text, 0, NULL), *value;
    struct curl_slist *list = NULL;
    const char *name;

    json_object_foreach(object, name, value) if (json_is_string(value)) list =
        add_header(list, name, json_string_value(value));
    json_decref(object);
    return list;
}

struct probe_spec *probe_spec_new(const struct probe_settings *from)
{
    struct probe_spec *s = calloc(1, sizeof(*s));
    size_t n = strlen(from->keyword);

    if (!s)
        return NULL;
    s->uses = 1;
    s->url = strdup(from->url);
    s->body = strdup(from->body);
    s->body_len = strlen(from->body);
    snprintf(s->method, sizeof(s->method), "%s", from->method);
    snprintf(s->expect_text, sizeof(s->expect_text), "%s", from->expect);
    s->headers = read_headers(from->headers);
    expect_parse(&s->expect, from->expect);
    s->keyword_absent = from->keyword_absent;
    s->verify_tls = from->verify_tls;
    s->timeout_s = from->timeout_s;
    s->redirects = from->redirects;
    s->degraded_ms = from->degraded_ms;
    if (n > 0 && (s->keyword = malloc(sizeof(*s->keyword))) &&
        search_init(s->keyword, from->keyword, n) != 0) {
        free(s->keyword);
        s->keyword = NULL;
    }
    if (!s->url || !s->body) {
        probe_spec_drop(s);
        return NULL;
    }
    return s;
}

struct probe_spec *probe_spec_use(struct probe_spec *spec)
{
    spec->uses++;
    return spec;
}

void probe_spec_drop(struct probe_spec *spec)
{
    if (!spec || --spec->uses > 0)
        return;
    curl_slist_free_all(spec->headers);
    free(spec->keyword);
    free(spec->body);
    free(spec->url);
    free(spec);
}

static bool same_headers(const struct curl_slist *a, const struct curl_slist *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (strcmp(a->data, b->data) != 0)
            return false;
    return !a && !b;
}

static bool same_keyword(const struct search *a, const struct search *b)
{
    if (!a || !b)
        return a == b;
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool probe_spec_same(const struct probe_spec *a, const struct probe_spec *b)
{
    return strcmp(a->url, b->url) == 0 && strcmp(a->method, b->method) == 0 &&
           strcmp(a->body, b->body) == 0 && strcmp(a->expect_text, b->expect_text) == 0 &&
           a->keyword_absent == b->keyword_absent && a->verify_tls == b->verify_tls &&
           a->timeout_s == b->timeout_s && a->redirects == b->redirects &&
           a->degraded_ms == b->degraded_ms && same_headers(a->headers, b->headers) &&
           same_keyword(a->keyword, b->keyword);
}
