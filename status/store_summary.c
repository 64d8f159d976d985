/* store_summary: daily-summary.json, a row per service and day. */
#define _GNU_SOURCE /* qsort_r */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "day.h"
#include "file.h"
#include "line.h"
#include "store_in.h"

#define PARTS_MAX 4 /* threads */
#define PART_DAYS 4 /* a thread has no fewer to go through */

/* What a day's file says about a service. */
struct entry {
    struct entry *before; /* the next older day */
    int day;
    int32_t total, passed, incidents;
    int32_t average, p95; /* of the readings that are up; -1: none */
};

/* A day's readings sorted by service. */
struct work {
    size_t *start; /* of each service in row; one more at the end */
    struct row *row;
    int32_t *lat;
    size_t names_room, rows_room;
};

static void *room(void *old, size_t n, size_t each)
{
    void *got = realloc(old, (n ? n : 1) * each);

    if (!got)
        abort();
    return got;
}

static void group(struct work *w, const struct rows *rows, size_t names)
{
    if (names + 1 > w->names_room) {
        w->names_room = names * 2 + 64;
        w->start = room(w->start, w->names_room, sizeof(*w->start));
    }
    if (rows->n > w->rows_room) {
        w->rows_room = rows->n * 2;
        w->row = room(w->row, w->rows_room, sizeof(*w->row));
        w->lat = room(w->lat, w->rows_room, sizeof(*w->lat));
    }
    memset(w->start, 0, (names + 1) * sizeof(*w->start));
    for (size_t i = 0; i < rows->n; i++)
        w->start[rows->row[i].svc + 1]++;
    for (size_t i = 1; i <= names; i++)
        w->start[i] += w->start[i - 1];
    for (size_t i = 0; i < rows->n; i++)
        w->row[w->start[rows->row[i].svc]++] = rows->row[i];
    memmove(w->start + 1, w->start, names * sizeof(*w->start));
    w->start[0] = 0;
}

static int by_time(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return x->t < y->t ? -1 : x->t > y->t; /* no two are equal: (svc, t) is there once */
}

#define SHARES 256 /* that a range of numbers is cut into */

/* The one that `above` others stand above, of numbers in [0, high]: how many are in each share
 * of the range says in which it is; then the same with those that are in that share. */
static int32_t ranked(int32_t *v, size_t n, size_t above, int32_t high)
{
    int32_t low = 0;

    for (;;) {
        uint32_t count[SHARES] = {0};
        size_t kept = 0;
        int shift = 0, share;

        while ((high - low) >> shift >= SHARES)
            shift++;
        for (size_t i = 0; i < n; i++)
            count[(v[i] - low) >> shift]++;
        for (share = (high - low) >> shift; above >= count[share]; share--)
            above -= count[share];
        if (shift == 0)
            return low + share;
        for (size_t i = 0; i < n; i++) { /* without a jump that nobody can foresee */
            int32_t one = v[i];

            v[kept] = one;
            kept += (one - low) >> shift == share;
        }
        n = kept;
        low += share << shift;
        high = low + (1 << shift) - 1;
    }
}

static void entry_of(struct entry *e, struct row *row, size_t n, int32_t *lat)
{
    int64_t sum = 0;
    int32_t most = 0;
    size_t ups = 0, i;

    for (i = 1; i < n && row[i - 1].t < row[i].t; i++)
        ;
    if (i < n)
        qsort(row, n, sizeof(*row), by_time);
    for (i = 0; i < n; i++) {
        if (row[i].state == STATE_UP && row[i].lat >= 0) {
            sum += lat[ups++] = row[i].lat;
            most = row[i].lat > most ? row[i].lat : most;
        }
        e->passed += row[i].state == STATE_UP || row[i].state == STATE_MAINTENANCE;
        e->incidents += i > 0 && row[i - 1].state == STATE_UP && row[i].state == STATE_DOWN;
    }
    e->total = (int32_t)n;
    e->average = ups ? (int32_t)floor((double)sum / (double)ups + 0.5) : -1;
    e->p95 = ups ? ranked(lat, ups, ups - (size_t)ceil((double)ups * 0.95), most) : -1;
}

/* ---------------------------------------------------------------- the file */

static void add_pair(buf *out, const char *key, int64_t value)
{
    buf_puts(out, ",\n        \"");
    buf_puts(out, key);
    buf_puts(out, "\": ");
    if (value < 0)
        buf_puts(out, "null");
    else
        line_add_number(out, value);
}

/* A ratio as text. The same few come again and again, and each takes a while to find. */
struct ratio {
    int32_t passed, total;
    char text[28];
};

#define RATIOS 64

static struct ratio *ratio_of(struct ratio *ratios, int32_t passed, int32_t total)
{
    struct ratio *r = &ratios[passed % RATIOS];
    double ratio = (double)passed / total;

    if (r->passed == passed && r->total == total)
        return r;
    r->passed = passed;
    r->total = total;
    for (int digits = 15; digits <= 17; digits++) { /* as few as give the number again */
        snprintf(r->text, sizeof(r->text), "%.*g", digits, ratio);
        if (strtod(r->text, NULL) == ratio)
            break;
    }
    return r;
}

static void add_entry(buf *out, const struct entry *e, bool first, struct ratio *ratios)
{
    char date[11];

    day_print(e->day, date);
    buf_puts(out,
             first ? "\n      {\n        \"date\": \"" : ",\n      {\n        \"date\": \"");
    buf_puts(out, date);
    buf_puts(out, "\",\n        \"uptimePct\": ");
    buf_puts(out, ratio_of(ratios, e->passed, e->total)->text);
    add_pair(out, "avgLatencyMs", e->average);
    add_pair(out, "p95LatencyMs", e->p95);
    add_pair(out, "checksTotal", e->total);
    add_pair(out, "checksPassed", e->passed);
    add_pair(out, "incidentCount", e->incidents);
    buf_puts(out, "\n      }");
}

static int by_name(const void *a, const void *b, void *names)
{
    const struct name *item = ((const struct names *)names)->item;

    return strcmp(item[*(const uint32_t *)a].text, item[*(const uint32_t *)b].text);
}

static void add_services(struct store *s, buf *out, struct entry *const *entries, size_t n)
{
    uint32_t *order = room(NULL, n, sizeof(*order));
    struct ratio ratios[RATIOS] = {0};
    size_t shown = 0;

    for (size_t i = 0; i < n; i++)
        if (entries[i])
            order[shown++] = (uint32_t)i;
    qsort_r(order, shown, sizeof(*order), by_name, &s->names);
    for (size_t i = 0; i < shown; i++) {
        buf_puts(out, i ? ",\n    " : "\n    ");
        line_add_string(out, s->names.item[order[i]].text);
        buf_puts(out, ": [");
        for (const struct entry *e = entries[order[i]]; e; e = e->before)
            add_entry(out, e, e == entries[order[i]], ratios);
        buf_puts(out, "\n    ]");
    }
    if (shown)
        buf_puts(out, "\n  ");
    s->summary.services = (int)shown;
    free(order);
}

static int write_summary(struct store *s, int64_t now_ms, int window,
                         struct entry *const *entries, size_t n)
{
    char path[STORE_PATH], when[25];
    buf out = {0};
    int rv;

    day_print_ms(now_ms, when);
    buf_puts(&out, "{\n  \"version\": 1,\n  \"lastUpdated\": \"");
    buf_puts(&out, when);
    buf_puts(&out, "\",\n  \"windowDays\": ");
    line_add_number(&out, window);
    buf_puts(&out, ",\n  \"services\": {");
    add_services(s, &out, entries, n);
    buf_puts(&out, "}\n}\n");
    snprintf(path, sizeof(path), "%s/daily-summary.json", s->dir);
    rv = file_replace(path, out.data, out.len, s->error, sizeof(s->error));
    buf_free(&out);
    return rv;
}

/* ---------------------------------------------------------------- the days */

/* Some days that one thread goes through, with names and memory of its own. */
struct part {
    struct store s;
    int from, to;
    struct entry **newest; /* by number of the name */
    size_t n;
    struct arena *memory;
    buf said;    /* sentences, each with a zero */
    size_t told; /* as many files had been told about before */
    pthread_t thread;
    bool started;
};

static void part_tell(void *arg, const char *sentence)
{
    struct part *p = arg;

    buf_add(&p->said, sentence, strlen(sentence) + 1);
}

static void add_names(struct entry ***newest, size_t *n, size_t names)
{
    if (names <= *n)
        return;
    *newest = room(*newest, names, sizeof(**newest));
    memset(*newest + *n, 0, (names - *n) * sizeof(**newest));
    *n = names;
}

static void sum_day(struct part *p, int day, struct rows *rows, struct work *w)
{
    rows->n = 0;
    store_read_day(&p->s, day, rows);
    arena_free(&rows->memory);
    add_names(&p->newest, &p->n, p->s.names.n);
    group(w, rows, p->n);
    for (size_t i = 0; i < p->n; i++) {
        struct entry *e;

        if (w->start[i] == w->start[i + 1])
            continue;
        e = arena_alloc(&p->memory, sizeof(*e));
        e->day = day;
        e->before = p->newest[i];
        p->newest[i] = e;
        entry_of(e, w->row + w->start[i], w->start[i + 1] - w->start[i], w->lat);
    }
    p->s.summary.readings += (int64_t)rows->n;
    p->s.summary.days += rows->n > 0;
}

static void *sum_days(void *arg)
{
    struct part *p = arg;
    struct rows rows = {0};
    struct work work = {0};

    for (int day = p->from; day <= p->to; day++)
        sum_day(p, day, &rows, &work);
    rows_free(&rows);
    free(work.start);
    free(work.row);
    free(work.lat);
    return NULL;
}

static void part_start(struct part *p, const struct store *s, int from, int to)
{
    p->from = from;
    p->to = to;
    memcpy(p->s.dir, s->dir, sizeof(s->dir));
    p->s.lock = -1;
    p->told = p->s.told_n = s->told_n;
    p->s.told = room(NULL, s->told_n, sizeof(*s->told));
    if (s->told_n > 0)
        memcpy(p->s.told, s->told, s->told_n * sizeof(*s->told));
    store_tell(&p->s, part_tell, p);
    p->started = pthread_create(&p->thread, NULL, sum_days, p) == 0;
}

/* What was read of a part goes before what there is, for it is later. */
static void part_join(struct part *p, struct store *s, struct entry ***newest, size_t *n)
{
    if (p->started)
        pthread_join(p->thread, NULL);
    else
        sum_days(p);
    for (size_t i = 0; i < p->n; i++) {
        const struct name *name = &p->s.names.item[i];
        struct entry *oldest = p->newest[i];
        uint32_t id;

        if (!oldest)
            continue;
        id = names_id(&s->names, name->text, name->len);
        add_names(newest, n, s->names.n);
        while (oldest->before)
            oldest = oldest->before;
        oldest->before = (*newest)[id];
        (*newest)[id] = p->newest[i];
    }
    for (size_t at = 0; at < p->said.len && s->tell; at += strlen(p->said.data + at) + 1)
        s->tell(s->tell_arg, p->said.data + at);
    for (size_t i = p->told; i < p->s.told_n; i++) {
        s->told = room(s->told, s->told_n + 1, sizeof(*s->told));
        s->told[s->told_n++] = p->s.told[i];
    }
    s->trouble.bad_lines += p->s.trouble.bad_lines;
    s->trouble.bad_files += p->s.trouble.bad_files;
    s->summary.readings += p->s.summary.readings;
    s->summary.days += p->s.summary.days;
}

static void part_free(struct part *p)
{
    arena_free(&p->memory);
    free(p->newest);
    buf_free(&p->said);
    names_free(&p->s.names);
    buf_free(&p->s.scratch);
    free(p->s.told);
}

int store_summarize(struct store *s, int64_t now_ms, int window)
{
    int first = day_of_ms(now_ms) - window + 1, rv, parts;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct entry **newest = NULL;
    struct part *part;
    size_t n = 0;

    parts = processors < 1 ? 1 : processors > PARTS_MAX ? PARTS_MAX : (int)processors;
    if (window < parts * PART_DAYS)
        parts = 1;
    part = calloc((size_t)parts, sizeof(*part));
    if (!part)
        abort();
    s->summary = (struct store_summary){0};
    for (int i = 0; i < parts; i++)
        part_start(&part[i], s, first + window * i / parts,
                   first + window * (i + 1) / parts - 1);
    for (int i = 0; i < parts; i++)
        part_join(&part[i], s, &newest, &n);
    rv = write_summary(s, now_ms, window, newest, n);
    for (int i = 0; i < parts; i++)
        part_free(&part[i]);
    free(part);
    free(newest);
    return rv;
}

const struct store_summary *store_summary(const struct store *s)
{
    return &s->summary;
}
