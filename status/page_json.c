/* page_json: one function a part of the model; a member that is not as it must be is named. */
#include "page_json.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define COMPONENTS_MAX 2000
#define LOGO_MAX       65536
#define TIME_MAX       INT64_C(253402300799) /* the end of the year 9999 */

struct reader {
    struct arena **memory;
    char *error;
    size_t size;
    bool bad; /* sticks: the first error is the one that is told */
};

static void refuse(struct reader *r, const char *name)
{
    if (!r->bad)
        snprintf(r->error, r->size, "the page has no valid '%s'", name);
    r->bad = true;
}

/* Absent or null: "". */
static const char *text(struct reader *r, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!v || json_is_null(v))
        return "";
    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v)) {
        refuse(r, name);
        return "";
    }
    return arena_copy(r->memory, json_string_value(v), json_string_length(v));
}

static const char *text_or_null(struct reader *r, const json_t *o, const char *name)
{
    const char *s = text(r, o, name);

    return *s ? s : NULL;
}

/* It becomes a file name. */
static const char *key(struct reader *r, const json_t *o, const char *name)
{
    const char *s = text(r, o, name);

    if (!*s || strlen(s) > 63 ||
        strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(s))
        refuse(r, name);
    return s;
}

static int64_t whole(struct reader *r, const json_t *o, const char *name, int64_t low,
                     int64_t high)
{
    const json_t *v = json_object_get(o, name);
    int64_t n = json_integer_value(v);

    if (!json_is_integer(v) || n < low || n > high) {
        refuse(r, name);
        return low;
    }
    return n;
}

static bool yes(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

/* The entries of an array; `room` gets zeroed structs of `size` bytes for them. */
static int list(struct reader *r, const json_t *o, const char *name, size_t most, size_t size,
                void *room, const json_t **array)
{
    size_t n;

    *array = json_object_get(o, name);
    n = json_array_size(*array);
    if (!json_is_array(*array) || n > most) {
        refuse(r, name);
        return 0;
    }
    *(void **)room = n ? arena_alloc(r->memory, n * size) : NULL;
    return (int)n;
}

/* ---------------------------------------------------------------- days */

struct sums {
    int64_t ms[PAGE_DAYS + 1]; /* the last one: of days that are too old */
};

static void add_seconds(struct page_day *d, int status, int64_t n)
{
    if (n > 0 && n <= 86401)
        d->seconds[status] += (int32_t)n;
}

/* Figures of days one after the other: a text with spaces between them, for an object each
 * is what a page spent most of its time on; or a list. */
struct column {
    const char *text;
    const json_t *array;
    size_t i;
};

static struct column column(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    return (struct column){.text = json_string_value(v), .array = v};
}

static bool more(const struct column *c)
{
    return c->text ? *c->text : c->i < json_array_size(c->array);
}

/* 0 where there is none. */
static int64_t next(struct column *c)
{
    bool minus;
    int64_t n = 0;

    if (!c->text)
        return json_integer_value(json_array_get(c->array, c->i++));
    minus = *c->text == '-';
    c->text += minus;
    for (; *c->text >= '0' && *c->text <= '9'; c->text++)
        if (n < INT64_C(1) << 53)
            n = n * 10 + (*c->text - '0');
    if (*c->text)
        c->text++;
    return minus ? -n : n;
}

/* One set of columns; what is said of a day more than once adds up. */
static void columns(struct reader *r, const json_t *o, int64_t first, struct page_day *day,
                    struct sums *total)
{
    static const char *const names[] = {"unknown", "up",          "degraded",
                                        "down",    "maintenance", "paused"};
    struct column at = column(o, "at"), seconds[STATUSES], checks = column(o, "checks"),
                  failed = column(o, "failed"), sum = column(o, "sum_ms"),
                  p95 = column(o, "p95_ms");

    for (int s = 0; s < STATUSES; s++)
        seconds[s] = column(o, names[s]);
    while (more(&at)) {
        struct page_day old, *d = &old; /* kept since a day when it was not too old */
        int64_t n = next(&at) - first, ms;

        if (n >= PAGE_DAYS) {
            refuse(r, "days");
            return;
        }
        memset(&old, 0, sizeof(old));
        if (n >= 0)
            d = &day[n];
        for (int s = 0; s < STATUSES; s++)
            add_seconds(d, s, next(&seconds[s]));
        d->checks += (int32_t)next(&checks);
        d->failed += (int32_t)next(&failed);
        ms = next(&sum);
        total->ms[n >= 0 ? n : PAGE_DAYS] += ms;
        ms = more(&p95) ? next(&p95) : -1;
        if (ms > d->p95_ms)
            d->p95_ms = ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
    }
}

static void days(struct reader *r, const json_t *all, int64_t first, struct page_component *c)
{
    struct sums total = {{0}};

    for (int i = 0; i < PAGE_DAYS; i++)
        c->day[i].avg_ms = c->day[i].p95_ms = -1;
    for (size_t i = 0; i < json_array_size(all); i++)
        columns(r, json_array_get(all, i), first, c->day, &total);
    for (int i = 0; i < PAGE_DAYS; i++)
        if (c->day[i].checks > c->day[i].failed)
            c->day[i].avg_ms = (int32_t)(total.ms[i] / (c->day[i].checks - c->day[i].failed));
}

/* ---------------------------------------------------------------- parts */

static void component(struct reader *r, const json_t *o, const struct page *p,
                      struct page_component *c)
{
    c->key = key(r, o, "key");
    c->section = text(r, o, "section");
    c->name = text(r, o, "name");
    c->description = text(r, o, "description");
    c->status = (int)whole(r, o, "status", 0, STATUSES - 1);
    c->since = whole(r, o, "since", 0, TIME_MAX);
    c->ms = (int32_t)whole(r, o, "ms", -1, INT32_MAX);
    c->show_ms = yes(o, "show_ms");
    c->show_uptime = yes(o, "show_uptime");
    days(r, json_object_get(o, "days"), p->today - (PAGE_DAYS - 1), c);
}

static int indexes(struct reader *r, const json_t *o, const struct page *p, int **out)
{
    const json_t *array;
    int n = list(r, o, "components", COMPONENTS_MAX, sizeof(int), out, &array);

    for (int i = 0; i < n; i++) {
        const json_t *v = json_array_get(array, (size_t)i);

        (*out)[i] = (int)json_integer_value(v);
        if (!json_is_integer(v) || json_integer_value(v) < 0 ||
            json_integer_value(v) >= p->components) {
            refuse(r, "components");
            (*out)[i] = 0;
        }
    }
    return r->bad ? 0 : n;
}

static int updates(struct reader *r, const json_t *o, struct page_update **out)
{
    const json_t *array;
    int n = list(r, o, "updates", INT_MAX, sizeof(**out), out, &array);

    for (int i = 0; i < n; i++) {
        const json_t *u = json_array_get(array, (size_t)i);

        (*out)[i].at = whole(r, u, "at", 0, TIME_MAX);
        (*out)[i].phase = text(r, u, "phase");
        (*out)[i].author = text(r, u, "author");
        (*out)[i].body = text(r, u, "body");
    }
    return n;
}

static void incident(struct reader *r, const json_t *o, const struct page *p,
                     struct page_incident *i)
{
    i->key = key(r, o, "key");
    i->title = text(r, o, "title");
    i->severity = text(r, o, "severity");
    i->started_at = whole(r, o, "started_at", 0, TIME_MAX);
    i->resolved_at = whole(r, o, "resolved_at", 0, TIME_MAX);
    i->components = indexes(r, o, p, &i->component);
    i->updates = updates(r, o, &i->update);
    i->postmortem = text_or_null(r, o, "postmortem");
}

static void window(struct reader *r, const json_t *o, const struct page *p,
                   struct page_window *w)
{
    w->key = key(r, o, "key");
    w->title = text(r, o, "title");
    w->description = text(r, o, "description");
    w->starts_at = whole(r, o, "starts_at", 0, TIME_MAX);
    w->ends_at = whole(r, o, "ends_at", 0, TIME_MAX);
    w->told_at = whole(r, o, "told_at", 0, TIME_MAX);
    w->components = indexes(r, o, p, &w->component);
    w->updates = updates(r, o, &w->update);
}

/* ---------------------------------------------------------------- the logo */

static int digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static void logo(struct reader *r, const json_t *o, struct page *p)
{
    const char *s = text(r, o, "logo");
    size_t len = strlen(s), n = 0;
    unsigned char *out;
    unsigned bits = 0;

    if (!len)
        return;
    if (len > LOGO_MAX * 2) {
        refuse(r, "logo");
        return;
    }
    out = arena_alloc(r->memory, len);
    for (size_t i = 0; i < len && s[i] != '='; i++) {
        if (digit(s[i]) < 0) {
            refuse(r, "logo");
            return;
        }
        bits = bits << 6 | (unsigned)digit(s[i]);
        if (i % 4)
            out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    p->logo = out;
    p->logo_size = n;
    p->logo_type = text(r, o, "logo_type");
}

/* ---------------------------------------------------------------- the page */

static void settings(struct reader *r, const json_t *o, struct page *p)
{
    p->slug = key(r, o, "slug");
    p->title = text(r, o, "title");
    p->description = text(r, o, "description");
    p->url = text(r, o, "url");
    p->lang = text(r, o, "lang");
    p->zone = text(r, o, "zone");
    p->theme = text(r, o, "theme");
    p->accent = text(r, o, "accent");
    p->link = text(r, o, "link");
    p->robots = yes(o, "robots");
    p->subscribe = yes(o, "subscribe");
    p->subscribe_url = text_or_null(r, o, "subscribe_url");
    p->day_down_s = (int32_t)whole(r, o, "day_down_s", 1, 86400);
    p->now = whole(r, o, "now", 0, TIME_MAX);
    p->today = (int32_t)whole(r, o, "today", 0, INT32_MAX);
    logo(r, o, p);
}

static void parts(struct reader *r, const json_t *o, struct page *p)
{
    const json_t *array;
    int n;

    n = list(r, o, "components", COMPONENTS_MAX, sizeof(*p->component), &p->component, &array);
    for (int i = 0; i < n; i++)
        component(r, json_array_get(array, (size_t)i), p, &p->component[i]);
    p->components = n;
    n = list(r, o, "incidents", INT_MAX, sizeof(*p->incident), &p->incident, &array);
    for (int i = 0; i < n; i++)
        incident(r, json_array_get(array, (size_t)i), p, &p->incident[i]);
    p->incidents = n;
    n = list(r, o, "windows", INT_MAX, sizeof(*p->window), &p->window, &array);
    for (int i = 0; i < n; i++)
        window(r, json_array_get(array, (size_t)i), p, &p->window[i]);
    p->windows = n;
}

struct page *page_from_json(const json_t *model, char *error, size_t size)
{
    struct arena *memory = NULL;
    struct page *p = arena_alloc(&memory, sizeof(*p));
    struct reader r = {&memory, error, size, false};

    settings(&r, model, p);
    parts(&r, model, p);
    p->memory = memory;
    if (!r.bad)
        return p;
    page_free(p);
    return NULL;
}

void page_json_place(json_t *model, const char *public_url)
{
    const char *slug = json_string_value(json_object_get(model, "slug"));
    const char *url = json_string_value(json_object_get(model, "url"));
    size_t n = url ? strlen(url) : 0;

    if (!slug)
        return;
    if (n > 0)
        json_object_set_new(model, "url",
                            json_sprintf("%s%s", url, url[n - 1] == '/' ? "" : "/"));
    else if (public_url)
        json_object_set_new(model, "url", json_sprintf("%s/status/%s/", public_url, slug));
    json_object_set_new(model, "subscribe_url",
                        json_sprintf("%s/api/v1/public/pages/%s/subscriptions",
                                     public_url ? public_url : "../..", slug));
}
