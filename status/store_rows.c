/* store_rows: readings in memory: in order, and each once. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "store_in.h"

void rows_free(struct rows *rows)
{
    free(rows->row);
    arena_free(&rows->memory);
    memset(rows, 0, sizeof(*rows));
}

void rows_grow(struct rows *rows)
{
    rows->room = rows->room ? rows->room * 2 : 1024;
    rows->row = realloc(rows->row, rows->room * sizeof(*rows->row));
    if (!rows->row)
        abort();
}

struct reading row_reading(const struct store *s, const struct row *row)
{
    return (struct reading){
        .t = row->t,
        .svc = s->names.item[row->svc].text,
        .err = row->err,
        .code = row->code,
        .lat = row->lat,
        .state = (enum state)row->state,
    };
}

static int by_key(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

    if (x->svc != y->svc)
        return x->svc < y->svc ? -1 : 1;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void drop_twins(struct rows *rows, size_t from)
{
    size_t n = rows->n - from, kept = from;
    struct row **order = malloc(n * sizeof(*order));

    if (!order)
        abort();
    for (size_t i = 0; i < n; i++)
        order[i] = &rows->row[from + i];
    qsort(order, n, sizeof(*order), by_key);
    for (size_t i = n; i-- > 1;)
        if (order[i]->svc == order[i - 1]->svc && order[i]->t == order[i - 1]->t)
            order[i]->t = -1;
    free(order);
    for (size_t i = from; i < rows->n; i++)
        if (rows->row[i].t >= 0)
            rows->row[kept++] = rows->row[i];
    rows->n = kept;
}

/* Where each service's times go up, none can be there twice: the usual file. */
static bool times_go_up(struct store *s, const struct rows *rows, size_t from)
{
    int32_t turn = ++s->turn;

    for (size_t i = from; i < rows->n; i++) {
        const struct row *row = &rows->row[i];
        struct name *name = &s->names.item[row->svc];

        if (name->mark == turn && row->t <= name->last)
            return false;
        name->mark = turn;
        name->last = row->t;
    }
    return true;
}

void rows_once(struct store *s, struct rows *rows, size_t from)
{
    if (!times_go_up(s, rows, from))
        drop_twins(rows, from);
}

/* ---------------------------------------------------------------- in order */

struct place {
    int64_t t;
    size_t i;
};

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

static void sort(struct rows *rows)
{
    struct place *order = malloc((rows->n ? rows->n : 1) * sizeof(*order));
    struct row *row = malloc((rows->n ? rows->n : 1) * sizeof(*row));

    if (!order || !row)
        abort();
    for (size_t i = 0; i < rows->n; i++)
        order[i] = (struct place){rows->row[i].t, i};
    qsort(order, rows->n, sizeof(*order), by_time);
    for (size_t i = 0; i < rows->n; i++)
        row[i] = rows->row[order[i].i];
    free(order);
    free(rows->row);
    rows->row = row;
    rows->room = rows->n;
}

void rows_sort(struct store *s, struct rows *rows)
{
    int32_t turn = ++s->turn;
    size_t kept = 0, i;

    for (i = 1; i < rows->n && rows->row[i - 1].t <= rows->row[i].t; i++)
        ;
    if (i < rows->n)
        sort(rows);
    for (i = 0; i < rows->n; i++) {
        struct name *name = &s->names.item[rows->row[i].svc];

        if (name->mark == turn && name->last == rows->row[i].t)
            continue;
        name->mark = turn;
        name->last = rows->row[i].t;
        rows->row[kept++] = rows->row[i];
    }
    rows->n = kept;
}

/* ---------------------------------------------------------------- going through them */

int store_each(struct store *s, int from_day, int to_day,
               int (*each)(const struct reading *r, int day, void *arg), void *arg)
{
    struct rows rows = {0};
    int rv = 0;

    for (int day = from_day; day <= to_day && rv == 0; day++) {
        rows.n = 0;
        store_read_day(s, day, &rows);
        for (size_t i = 0; i < rows.n && rv == 0; i++) {
            struct reading r = row_reading(s, &rows.row[i]);

            rv = each(&r, day, arg);
        }
        arena_free(&rows.memory);
    }
    rows_free(&rows);
    return rv;
}

long store_merge(struct store *s, int day, const struct row *row, size_t n)
{
    struct rows rows = {0};
    struct reading *fresh;
    size_t had;
    long rv;

    store_read_day(s, day, &rows);
    had = rows.n;
    for (size_t i = 0; i < n; i++)
        rows_add(&rows, &row[i]);
    rows_once(s, &rows, 0);
    fresh = malloc((n + 1) * sizeof(*fresh));
    if (!fresh)
        abort();
    for (size_t i = had; i < rows.n; i++)
        fresh[i - had] = row_reading(s, &rows.row[i]);
    rv = store_append(s, fresh, rows.n - had) < 0 ? -1 : (long)(rows.n - had);
    free(fresh);
    rows_free(&rows);
    return rv;
}

long rows_merge(struct store *s, struct rows *rows)
{
    long added = 0, n = 0;
    size_t to;

    rows_sort(s, rows);
    for (size_t from = 0; from < rows->n; from = to) {
        int day = day_of_ms(rows->row[from].t);

        for (to = from; to < rows->n && day_of_ms(rows->row[to].t) == day;)
            to++;
        if ((n = store_merge(s, day, rows->row + from, to - from)) < 0)
            return -1;
        added += n;
    }
    return added;
}

long store_append_new(struct store *s, const struct reading *r, size_t n)
{
    struct rows rows = {0};
    long added;

    for (size_t i = 0; i < n; i++) {
        struct row row = {
            .t = r[i].t,
            .svc = names_id(&s->names, r[i].svc, strlen(r[i].svc)),
            .err = r[i].err,
            .code = r[i].code,
            .lat = r[i].lat,
            .state = (uint8_t)r[i].state,
        };

        rows_add(&rows, &row);
    }
    added = rows_merge(s, &rows);
    rows_free(&rows);
    return added;
}

/* The day of "history-2025-11-03.jsonl" or its gz. */
static bool day_of_file(const char *name, int *day)
{
    const char *end;

    if (strncmp(name, "history-", 8) || strlen(name) < 18 || !day_parse(name + 8, 10, day))
        return false;
    end = name + 18;
    return !strcmp(end, ".jsonl") || !strcmp(end, ".jsonl.gz");
}

static void look_through(const char *folder, int depth, int *first, int *last)
{
    struct dirent *e;
    DIR *d = opendir(folder);
    int day;

    while (d && (e = readdir(d))) {
        char path[STORE_PATH];

        if (depth > 0 && strspn(e->d_name, "0123456789") == strlen(e->d_name) &&
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < (int)sizeof(path))
            look_through(path, depth - 1, first, last);
        else if (depth == 0 && day_of_file(e->d_name, &day)) {
            *first = day < *first ? day : *first;
            *last = day > *last ? day : *last;
        }
    }
    if (d)
        closedir(d);
}

bool store_days_in(const char *folder, int *first, int *last)
{
    *first = INT32_MAX;
    *last = INT32_MIN;
    look_through(folder, 2, first, last);
    return *first <= *last;
}

bool store_days(struct store *s, int *first, int *last)
{
    char folder[STORE_PATH];

    snprintf(folder, sizeof(folder), "%s/archives", s->dir);
    return store_days_in(folder, first, last);
}
