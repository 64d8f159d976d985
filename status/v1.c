/* v1: see v1.h. Reads the days once, then writes file by file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "hash.h"
#include "line.h"
#include "v1_in.h"

int v1_file(struct v1_work *w, const char *name, const void *data, size_t len)
{
    char path[STORE_PATH];

    snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    return file_refresh(path, data, len, w->s->error, sizeof(w->s->error)) < 0 ? -1 : 0;
}

int v1_json(struct v1_work *w, const char *name, json_t *root, size_t flags)
{
    char *text = json_dumps(root, flags);
    int rv;

    json_decref(root);
    if (!text)
        return store_fail(w->s, "cannot write '%s/%s': no memory", w->dir, name);
    rv = v1_file(w, name, text, strlen(text));
    free(text);
    return rv;
}

json_t *v1_text(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    buf quoted = {0};

    if (value)
        return value;
    line_add_string(&quoted, text); /* which makes it UTF-8 */
    value = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
    buf_free(&quoted);
    return value ? value : json_string("");
}

json_t *v1_time(int64_t seconds)
{
    char out[21];

    if (seconds == 0)
        return json_null();
    day_print_s(seconds, out);
    return json_string(out);
}

/* ---------------------------------------------------------------- reading */

static void count(struct v1_work *w, const struct row *row)
{
    static const uint8_t rank[] = {
        [STATE_UP] = 0, [STATE_MAINTENANCE] = 1, [STATE_DEGRADED] = 2, [STATE_DOWN] = 3};
    struct v1_figures *f = &w->figures[row->svc];
    int back = w->today - day_of_ms(row->t);
    bool passed = row->state == STATE_UP || row->state == STATE_MAINTENANCE;
    bool timed = row->state == STATE_UP && row->lat >= 0;
    struct v1_day *day;

    if (row->t > w->now || back < 0 || back >= V1_DAYS)
        return;
    day = &f->day[V1_DAYS - 1 - back];
    if (day->total == 0 || rank[row->state] > rank[day->worst])
        day->worst = row->state;
    day->total++;
    day->passed += passed;
    day->ups += timed;
    day->sum += timed ? row->lat : 0;
    if (row->t >= f->newest) {
        f->newest = row->t;
        f->state = row->state;
    }
    if (row->t > w->now - DAY_MS) {
        f->total24++;
        f->passed24 += passed;
        if (timed && row->code >= 200 && row->code < 300) {
            f->ms_n++;
            f->ms_sum += row->lat;
        }
    }
}

static void group(struct v1_work *w)
{
    w->start = calloc(w->known + 2, sizeof(*w->start));
    w->order = malloc((w->recent.n + 1) * sizeof(*w->order));
    if (!w->start || !w->order)
        abort();
    for (size_t i = 0; i < w->recent.n; i++)
        w->start[w->recent.row[i].svc + 2]++;
    for (size_t i = 2; i < w->known + 2; i++)
        w->start[i] += w->start[i - 1];
    for (size_t i = 0; i < w->recent.n; i++)
        w->order[w->start[w->recent.row[i].svc + 1]++] = i;
}

/* All that is shown comes out of one reading of the days. */
static void read_days(struct v1_work *w)
{
    int64_t from = w->now - STORE_CURRENT_DAYS * DAY_MS;
    struct rows rows = {0};

    for (int day = w->today - V1_DAYS; day <= w->today + 1; day++) {
        struct names *names = &w->s->names;
        bool near = day >= day_of_ms(from) - 1;
        size_t first = near ? w->recent.n : 0;
        struct rows *into = near ? &w->recent : &rows;

        rows.n = 0;
        store_read_day(w->s, day, into);
        if (names->n > w->known) {
            w->figures = realloc(w->figures, names->n * sizeof(*w->figures));
            if (!w->figures)
                abort();
            memset(w->figures + w->known, 0, (names->n - w->known) * sizeof(*w->figures));
            w->known = names->n;
        }
        for (size_t i = first; i < into->n; i++)
            count(w, &into->row[i]);
        arena_free(&rows.memory);
    }
    rows_free(&rows);
    rows_sort(w->s, &w->recent);
    group(w);
}

/* ---------------------------------------------------------------- entities/ */

/* "API" and "a.p.i" want the same file: the first by name has it, others add a hash. */
static void file_name(const struct v1_entity *entity, int i, char *out, size_t size)
{
    char slug[FILE_SLUG_SIZE], other[FILE_SLUG_SIZE];
    bool taken = false;

    file_slug(entity[i].name, slug, sizeof(slug));
    for (int k = 0; k < i && !taken; k++) {
        file_slug(entity[k].name, other, sizeof(other));
        taken = !strcmp(slug, other);
    }
    if (taken)
        snprintf(out, size, "entities/%s-%08x.json", slug,
                 (unsigned)hash64(entity[i].name, strlen(entity[i].name), 0));
    else
        snprintf(out, size, "entities/%s.json", slug);
}

static int write_entity(struct v1_work *w, const struct v1_entity *entity, int i)
{
    uint32_t svc = names_id(&w->s->names, entity[i].name, strlen(entity[i].name));
    int64_t from = w->now - STORE_CURRENT_DAYS * DAY_MS;
    char name[FILE_SLUG_SIZE + 32], when[25];
    bool any = false;
    buf out = {0};
    int rv;

    day_print_ms(w->now, when);
    buf_puts(&out, "{\"schemaVersion\":1,\"generatedAt\":\"");
    buf_puts(&out, when);
    buf_puts(&out, "\",\"name\":");
    line_add_string(&out, entity[i].name);
    buf_puts(&out, ",\"readings\":[");
    for (size_t k = svc < w->known ? w->start[svc] : 0;
         svc < w->known && k < w->start[svc + 1]; k++) {
        struct reading r = row_reading(w->s, &w->recent.row[w->order[k]]);

        if (r.t < from || r.t > w->now)
            continue;
        if (any)
            buf_puts(&out, ",");
        line_add(&out, &r, false);
        any = true;
    }
    buf_puts(&out, "]}");
    file_name(entity, i, name, sizeof(name));
    rv = v1_file(w, name, out.data, out.len);
    buf_free(&out);
    return rv;
}

/* ---------------------------------------------------------------- all of it */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct v1_entity *)a)->name, ((const struct v1_entity *)b)->name);
}

/* All systems with readings in the window, when the caller has named none. */
static struct v1_entity *everything(const struct v1_work *w, int *n)
{
    struct v1_entity *all = calloc(w->s->names.n + 1, sizeof(*all));

    if (!all)
        abort();
    *n = 0;
    for (size_t i = 0; i < w->known; i++)
        if (w->figures[i].newest)
            all[(*n)++].name = w->s->names.item[i].text;
    qsort(all, (size_t)*n, sizeof(*all), by_name);
    return all;
}

static int make_folders(struct v1_work *w)
{
    static const char *const names[] = {"entities", "inputs", "raw", "archives"};
    char path[STORE_PATH];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
        if (file_mkdirs(path, w->s->error, sizeof(w->s->error)) < 0)
            return -1;
    }
    return 0;
}

static int write_summary(struct v1_work *w, const struct v1_entity *entity, int n)
{
    json_t *root = json_object();
    char when[25];

    day_print_ms(w->now, when);
    json_object_set_new(root, "schemaVersion", json_integer(1));
    json_object_set_new(root, "generatedAt", json_string(when));
    json_object_set_new(root, "generatedBy", json_string("tocsin"));
    json_object_set_new(root, "entities", v1_entities(w, entity, n));
    json_object_set_new(root, "incidents", v1_incidents(w));
    json_object_set_new(root, "maintenance", v1_maintenance(w));
    return v1_json(w, "summary.json", root, JSON_COMPACT | JSON_REAL_PRECISION(15));
}

int v1_write(struct store *s, const struct v1 *v1, int64_t now_ms)
{
    struct v1_work w = {.s = s, .v1 = v1, .now = now_ms, .today = day_of_ms(now_ms)};
    const struct v1_entity *entity = v1->entity;
    struct v1_entity *all = NULL;
    int n = v1->entities, rv;

    if (s->lock < 0)
        return store_fail(s, "'%s' is open for reading only", s->dir);
    snprintf(w.dir, sizeof(w.dir), "%s/status/v1", s->dir);
    if (make_folders(&w) < 0)
        return -1;
    rv = v1_link_archives(&w); /* first: it may bring readings */
    read_days(&w);
    if (n == 0)
        entity = all = everything(&w, &n);
    for (int i = 0; i < n && rv == 0; i++)
        rv = write_entity(&w, entity, i);
    if (rv == 0)
        rv =
            v1_write_notes(&w) < 0 || v1_write_atom(&w) < 0 || write_summary(&w, entity, n) < 0
                ? -1
                : 0;
    rows_free(&w.recent);
    free(w.figures);
    free(w.start);
    free(w.order);
    free(all);
    return rv;
}
