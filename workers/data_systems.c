#define _GNU_SOURCE /* asprintf */
#include "data_systems.h"
#include "db.h"
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- who */

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

static void clear(struct data_systems *s)
{
    for (int i = 0; i < s->n; i++) {
        free(s->item[i].svc);
        free(s->item[i].description);
    }
    free(s->item);
    s->item = NULL;
    s->n = 0;
}

/* Files are named by the slug: two that differ in their name only by a dot get two. */
static bool slug_taken(const struct data_systems *s, const char *name)
{
    char slug[FILE_SLUG_SIZE], other[FILE_SLUG_SIZE];

    file_slug(name, slug, sizeof(slug));
    for (int i = 0; i < s->n; i++) {
        file_slug(s->item[i].svc, other, sizeof(other));
        if (!strcmp(slug, other))
            return true;
    }
    return false;
}

void data_systems_take(struct data_systems *s, const PGresult *res)
{
    enum { MONITOR, NAME, DESCRIPTION };
    int rows = PQntuples(res) > 1000 ? 1000 : PQntuples(res);

    clear(s);
    s->item = need(calloc((size_t)rows + 1, sizeof(*s->item)));
    for (int i = 0; i < rows; i++) {
        struct data_system d = {.monitor = db_int(res, i, MONITOR, 0)};
        const char *name = PQgetvalue(res, i, NAME);

        if (!slug_taken(s, name))
            d.svc = need(strdup(name));
        else if (asprintf(&d.svc, "%s (%lld)", name, d.monitor) < 0)
            abort();
        d.description = need(strdup(PQgetvalue(res, i, DESCRIPTION)));
        s->item[s->n++] = d;
    }
}

const char *data_systems_svc(const struct data_systems *s, long long monitor)
{
    for (int i = 0; i < s->n; i++)
        if (s->item[i].monitor == monitor)
            return s->item[i].svc;
    return NULL;
}

char *data_systems_ids(const struct data_systems *s)
{
    size_t size = (size_t)s->n * 21 + 3, at = 1;
    char *out = need(malloc(size));

    out[0] = '{';
    for (int i = 0; i < s->n; i++)
        at +=
            (size_t)snprintf(out + at, size - at, "%s%lld", i ? "," : "", s->item[i].monitor);
    out[at] = '}';
    out[at + 1] = '\0';
    return out;
}

/* ---------------------------------------------------------------- what is said */

static const char *text(struct notes *out, const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? arena_str(&out->memory, s) : "";
}

const char *data_text(const json_t *told, const char *name)
{
    const char *s = json_string_value(json_object_get(told, name));

    return s ? s : "";
}

static int64_t whole(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static void systems(struct notes *out, struct note *n, const json_t *o,
                    const struct data_systems *s)
{
    const json_t *ids = json_object_get(o, "monitors");
    size_t most = json_array_size(ids);

    n->system = arena_alloc(&out->memory, (most + 1) * sizeof(*n->system));
    for (size_t i = 0; i < most; i++) {
        const char *svc = data_systems_svc(s, json_integer_value(json_array_get(ids, i)));

        if (svc)
            n->system[n->systems++] = arena_str(&out->memory, svc);
    }
}

static void comments(struct notes *out, struct note *n, const json_t *o)
{
    const json_t *list = json_object_get(o, "comments");
    size_t most = json_array_size(list);

    n->comment = arena_alloc(&out->memory, (most + 1) * sizeof(*n->comment));
    for (size_t i = 0; i < most; i++) {
        const json_t *c = json_array_get(list, i);
        const char *phase = text(out, c, "phase");

        n->comment[n->comments++] = (struct note_comment){.author = "",
                                                          .body = text(out, c, "body"),
                                                          .phase = *phase ? phase : NULL,
                                                          .at = whole(c, "at")};
        if (whole(c, "at") > n->updated_at)
            n->updated_at = whole(c, "at");
    }
}

static void note(struct notes *out, struct note *n, const json_t *o,
                 const struct data_systems *s)
{
    n->id = whole(o, "id");
    n->title = text(out, o, "title");
    n->body = text(out, o, "body");
    n->severity = text(out, o, "severity");
    n->created_at = n->updated_at = whole(o, "created_at");
    n->closed_at = whole(o, "closed_at");
    n->starts_at = whole(o, "starts_at");
    n->ends_at = whole(o, "ends_at");
    if (n->closed_at > n->updated_at)
        n->updated_at = n->closed_at;
    systems(out, n, o, s);
    comments(out, n, o);
}

/* Where people read on: the page of the incident, or the console's. */
static void link_to(struct notes *out, struct note *n, const json_t *told,
                    const char *public_url, const char *page)
{
    const char *own = json_string_value(json_object_get(told, "url"));
    char url[2300] = "";

    if (own && *own)
        snprintf(url, sizeof(url), "%s%sincidents/%lld.html", own,
                 own[strlen(own) - 1] == '/' ? "" : "/", (long long)n->id);
    else if (public_url && strcmp(page, "*") != 0)
        snprintf(url, sizeof(url), "%s/status/%s/incidents/%lld.html", public_url, page,
                 (long long)n->id);
    else if (public_url)
        snprintf(url, sizeof(url), "%s/incidents/?id=%lld", public_url, (long long)n->id);
    if (url[0])
        n->url = arena_str(&out->memory, url);
}

static struct note *list(struct notes *out, const json_t *array, const struct data_systems *s,
                         int *count)
{
    size_t most = json_array_size(array);
    struct note *all = arena_alloc(&out->memory, (most + 1) * sizeof(*all));

    for (size_t i = 0; i < most; i++)
        note(out, &all[i], json_array_get(array, i), s);
    *count = (int)most;
    return all;
}

int data_notes(struct notes *out, const json_t *told, const struct data_systems *s,
               const char *public_url, const char *page, char *error, size_t size)
{
    memset(out, 0, sizeof(*out));
    if (!json_is_object(told)) {
        snprintf(error, size, "the database told nothing of incidents");
        return -1;
    }
    out->incident = list(out, json_object_get(told, "incidents"), s, &out->incidents);
    for (int i = 0; i < out->incidents; i++)
        link_to(out, &out->incident[i], told, public_url, page);
    out->window = list(out, json_object_get(told, "windows"), s, &out->windows);
    return 0;
}
