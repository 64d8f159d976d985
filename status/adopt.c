/* adopt: see adopt.h. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adopt.h"
#include "day.h"
#include "file.h"
#include "line.h"
#include "store_in.h"

#define FILE_MAX   (1 << 30)
#define CHECKS_MAX 100000 /* of a system in a day */

/* NULL when there is no such file; what is no JSON is told about. */
static json_t *load(struct store *s, const char *path)
{
    char sentence[STORE_PATH + 256];
    json_error_t e;
    json_t *root;
    size_t len;
    char *data = file_read(path, FILE_MAX, &len);

    if (!data)
        return NULL;
    root = json_loadb(data, len, 0, &e);
    free(data);
    if (!root) {
        s->trouble.bad_files++;
        snprintf(sentence, sizeof(sentence), "'%s' line %d: %s", path, e.line, e.text);
        if (s->tell)
            s->tell(s->tell_arg, sentence);
    }
    return root;
}

static void take_line(struct store *s, struct rows *rows, const json_t *reading, long *bad)
{
    char *text = json_dumps(reading, JSON_COMPACT);
    buf scratch = {0};
    struct line line;

    if (text && line_read(text, strlen(text), &line, &scratch)) {
        struct row row = {
            .t = line.t,
            .svc = names_id(&s->names, line.svc, line.svc_len),
            .code = line.code,
            .lat = line.lat,
            .state = (uint8_t)line.state,
        };

        if (line.err)
            row.err = arena_copy(&rows->memory, line.err, line.err_len);
        rows_add(rows, &row);
    }
    else
        ++*bad;
    free(text);
    buf_free(&scratch);
}

static int adopt_current(struct store *s, struct adopted *out)
{
    struct rows rows = {0};
    char path[STORE_PATH];
    json_t *root, *one;
    size_t i;

    snprintf(path, sizeof(path), "%s/current.json", s->dir);
    root = load(s, path);
    json_array_foreach(json_is_object(root) ? json_object_get(root, "readings") : root, i, one)
        take_line(s, &rows, one, &out->bad);
    out->current = rows_merge(s, &rows);
    json_decref(root);
    rows_free(&rows);
    return out->current < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- systems/NAME.json */

/* {"timestamp":"…","status":"up","responseTime":12,"code":200} as a reading. */
static void take_history(struct store *s, struct rows *rows, const char *name,
                         const json_t *entry, long *bad)
{
    const char *when = json_string_value(json_object_get(entry, "timestamp"));
    const json_t *error = json_object_get(entry, "error");
    json_t *reading;
    int64_t t;

    if (!when || !day_parse_ms(when, &t)) {
        ++*bad;
        return;
    }
    reading = json_object();
    json_object_set_new(reading, "t", json_integer(t));
    json_object_set_new(reading, "svc", json_string(name));
    json_object_set(reading, "state", json_object_get(entry, "status"));
    json_object_set(reading, "code", json_object_get(entry, "code"));
    json_object_set(reading, "lat", json_object_get(entry, "responseTime"));
    if (json_is_string(error))
        json_object_set(reading, "err", (json_t *)(uintptr_t)error);
    take_line(s, rows, reading, bad);
    json_decref(reading);
}

static void adopt_system(struct store *s, struct rows *rows, const char *path, long *bad)
{
    json_t *root = load(s, path), *one;
    const char *name = json_string_value(json_object_get(root, "name"));
    size_t i;

    if (name)
        json_array_foreach(json_object_get(root, "history"), i, one)
            take_history(s, rows, name, one, bad);
    json_decref(root);
}

static int adopt_systems(struct store *s, struct adopted *out)
{
    char folder[STORE_PATH], path[STORE_PATH];
    struct rows rows = {0};
    struct dirent *e;
    DIR *d;

    snprintf(folder, sizeof(folder), "%s/systems", s->dir);
    if (!(d = opendir(folder)))
        return 0;
    while ((e = readdir(d))) {
        size_t len = strlen(e->d_name);

        if (*e->d_name != '.' && len > 5 && !strcmp(e->d_name + len - 5, ".json") &&
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < (int)sizeof(path))
            adopt_system(s, &rows, path, &out->bad);
    }
    closedir(d);
    out->systems = rows_merge(s, &rows);
    rows_free(&rows);
    return out->systems < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- daily-summary.json */

/* What the summary says of a system and a day. */
struct entry {
    int day;
    uint32_t svc;
    int total, failed, outages, ms;
};

struct entries {
    struct entry *entry;
    size_t n, room;
};

static bool entry_of(const json_t *json, struct entry *e)
{
    const char *date = json_string_value(json_object_get(json, "date"));
    json_int_t total = json_integer_value(json_object_get(json, "checksTotal"));
    json_int_t passed = json_integer_value(json_object_get(json, "checksPassed"));
    json_int_t outages = json_integer_value(json_object_get(json, "incidentCount"));
    double ms = json_number_value(json_object_get(json, "avgLatencyMs"));

    if (!date || !day_parse(date, strlen(date), &e->day) || total < 1 || total > CHECKS_MAX ||
        passed < 0 || passed > total || outages < 0 || e->day < 0)
        return false;
    e->total = (int)total;
    e->failed = (int)(total - passed);
    e->outages = outages > total ? (int)total : (int)outages;
    e->ms = ms >= 0 && ms < INT32_MAX ? (int)(ms + 0.5) : 0;
    return true;
}

static void entry_add(struct entries *all, const struct entry *e)
{
    if (all->n == all->room) {
        all->room = all->room ? all->room * 2 : 256;
        all->entry = realloc(all->entry, all->room * sizeof(*all->entry));
        if (!all->entry)
            abort();
    }
    all->entry[all->n++] = *e;
}

static int by_day(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->svc < y->svc ? -1 : x->svc > y->svc;
}

/* Which checks fail: in as many runs as there were outages, each after good ones; without an
 * outage, at the begin of the day. For free(). */
static bool *failures(const struct entry *e)
{
    int good = e->total - e->failed, runs = e->outages, i, run;
    bool *fails = calloc((size_t)e->total, sizeof(*fails));

    if (!fails)
        abort();
    if (runs > e->failed)
        runs = e->failed;
    if (runs > good)
        runs = good;
    for (i = 0; i < e->failed && runs == 0; i++)
        fails[i] = true;
    for (i = 0, run = 0; run < runs; run++) {
        i += (good - run - 1) / runs + 1; /* their sum over the runs is `good` */
        for (int n = (e->failed - run - 1) / runs + 1; n > 0; n--)
            fails[i++] = true;
    }
    return fails;
}

static void add_checks(struct rows *rows, const struct entry *e)
{
    bool *fails = failures(e);

    for (int i = 0; i < e->total; i++) {
        struct row row = {
            .t = e->day * DAY_MS + DAY_MS * i / e->total,
            .svc = e->svc,
            .code = fails[i] ? 0 : 200,
            .lat = fails[i] ? 0 : e->ms,
            .state = fails[i] ? STATE_DOWN : STATE_UP,
            .err = fails[i] ? "from daily-summary.json" : NULL,
        };

        rows_add(rows, &row);
    }
    free(fails);
}

/* Makes the entries of one day whose systems have no reading in its files. */
static int make_day(struct store *s, const struct entry *e, size_t n, struct adopted *out)
{
    bool *known = calloc(s->names.n + 1, sizeof(*known));
    struct rows rows = {0};
    size_t names = s->names.n;
    int rv;

    if (!known)
        abort();
    store_read_day(s, e->day, &rows);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i].svc < names)
            known[rows.row[i].svc] = true;
    rows.n = 0;
    for (size_t i = 0; i < n; i++)
        if (!known[e[i].svc]) {
            add_checks(&rows, &e[i]);
            known[e[i].svc] = true;
            out->days++;
        }
    rv = store_merge(s, e->day, rows.row, rows.n) < 0 ? -1 : 0;
    rows_free(&rows);
    free(known);
    return rv;
}

int store_make_day(struct store *s, const struct made_day *day)
{
    struct adopted out = {0};
    const struct entry e = {
        .day = day->day,
        .svc = names_id(&s->names, day->svc, strlen(day->svc)),
        .total = day->total < CHECKS_MAX ? day->total : CHECKS_MAX,
        .failed = day->failed < day->total ? day->failed : day->total,
        .outages = day->outages,
        .ms = day->ms,
    };

    if (e.total < 1 || e.failed > e.total)
        return 0;
    return make_day(s, &e, 1, &out) < 0 ? -1 : (int)out.days;
}

static void read_summary(struct store *s, int today, struct entries *all, long *bad)
{
    char path[STORE_PATH];
    json_t *root, *list, *one;
    const char *name;
    struct entry e;
    size_t i;

    snprintf(path, sizeof(path), "%s/daily-summary.json", s->dir);
    root = load(s, path);
    json_object_foreach(json_object_get(root, "services"), name, list)
    {
        json_array_foreach(list, i, one)
        {
            if (!*name || strlen(name) > LINE_NAME_MAX || !entry_of(one, &e)) {
                ++*bad;
                continue;
            }
            e.svc = names_id(&s->names, name, strlen(name));
            if (e.day < today)
                entry_add(all, &e);
        }
    }
    json_decref(root);
}

static int adopt_summary(struct store *s, int64_t now_ms, struct adopted *out)
{
    struct entries all = {0};
    size_t to;
    int rv = 0;

    read_summary(s, day_of_ms(now_ms), &all, &out->bad);
    if (all.n > 0)
        qsort(all.entry, all.n, sizeof(*all.entry), by_day);
    for (size_t from = 0; from < all.n && rv == 0; from = to) {
        for (to = from; to < all.n && all.entry[to].day == all.entry[from].day;)
            to++;
        rv = make_day(s, all.entry + from, to - from, out);
    }
    free(all.entry);
    return rv;
}

int store_adopt(struct store *s, int64_t now_ms, struct adopted *out)
{
    memset(out, 0, sizeof(*out));
    if (adopt_current(s, out) < 0 || adopt_systems(s, out) < 0)
        return -1;
    return adopt_summary(s, now_ms, out);
}
