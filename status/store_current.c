/*
 * store_current: current.json, the readings of the last 14 days.
 *
 * The lock file remembers which archives, up to which byte, the current.json that lies there
 * was made of. While only the ends of plain files have grown since, the new file is the old
 * one without its oldest readings and with the new ones; otherwise all is read again.
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "day.h"
#include "file.h"
#include "hash.h"
#include "line.h"
#include "store_in.h"

/* Archives are named by UTC days here; a day more on both sides finds the readings of
 * those who name them by their own clock. */
#define DAYS        (STORE_CURRENT_DAYS + 3)
#define CURRENT_MAX (1 << 30)
#define NOTE_MAX    8192

/* A file as it was: another size, time or number is another content. */
struct mark {
    int64_t size, mtime, number; /* all 0: it is not there */
    uint64_t hash;               /* of its bytes, where it may grow */
};

struct memory {
    int first_day; /* of day[0] */
    int null_err;
    int64_t from, newest; /* the window's begin, the last reading's t; -1: there is none */
    struct mark current, gz[DAYS], plain[DAYS];
};

/* What is being made. */
struct making {
    struct store *s;
    int64_t from, now;
    bool null_err;
    struct memory was, is;
    char path[STORE_PATH];
};

static void mark_file(struct mark *m, const char *path)
{
    struct stat st;

    memset(m, 0, sizeof(*m));
    if (stat(path, &st) == 0) {
        m->size = st.st_size;
        m->mtime = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
        m->number = (int64_t)st.st_ino;
    }
}

static bool same(const struct mark *a, const struct mark *b)
{
    return a->size == b->size && a->mtime == b->mtime && a->number == b->number;
}

/* The hash of the first `size` bytes of a file. */
static bool hash_of(const char *path, int64_t size, uint64_t *hash)
{
    size_t len;
    char *data = file_read(path, CURRENT_MAX, &len);
    bool ok = data && (int64_t)len >= size;

    if (ok)
        *hash = hash64(data, (size_t)size, 0);
    free(data);
    return ok;
}

/* Up to its last whole line: what is behind that is read again. */
static void mark_lines(struct mark *m, const char *path)
{
    size_t len;
    char *data = file_read(path, CURRENT_MAX, &len);

    while (data && len > 0 && data[len - 1] != '\n')
        len--;
    m->size = data ? (int64_t)len : -1; /* which no file has */
    m->hash = data ? hash64(data, len, 0) : 0;
    free(data);
}

/* Has the file only got longer? */
static bool has_grown(const struct mark *was, const struct mark *is, const char *path)
{
    uint64_t hash;

    return was->number == 0 || (was->number == is->number && is->size > was->size &&
                                hash_of(path, was->size, &hash) && hash == was->hash);
}

static void mark_days(struct making *m)
{
    char path[STORE_PATH];

    m->is.first_day = day_of_ms(m->from) - 1;
    for (int i = 0; i < DAYS; i++) {
        store_day_path(m->s, m->is.first_day + i, true, path);
        mark_file(&m->is.gz[i], path);
        store_day_path(m->s, m->is.first_day + i, false, path);
        mark_file(&m->is.plain[i], path);
    }
}

/* ---------------------------------------------------------------- what is remembered */

static void remember(struct making *m)
{
    struct memory *is = &m->is;
    char note[NOTE_MAX];
    int n;

    for (int i = 0; i < DAYS; i++) {
        char path[STORE_PATH];

        store_day_path(m->s, is->first_day + i, false, path);
        if (is->plain[i].number)
            mark_lines(&is->plain[i], path);
    }
    mark_file(&is->current, m->path);
    n = snprintf(note, sizeof(note), "tocsin 2 %d %d %lld %lld %lld %lld %lld\n",
                 is->first_day, m->null_err, (long long)m->from, (long long)is->newest,
                 (long long)is->current.size, (long long)is->current.mtime,
                 (long long)is->current.number);
    for (int i = 0; i < DAYS && n < (int)sizeof(note); i++)
        n += snprintf(note + n, sizeof(note) - (size_t)n,
                      "%lld %lld %lld %lld %lld %lld %llx\n", (long long)is->gz[i].size,
                      (long long)is->gz[i].mtime, (long long)is->gz[i].number,
                      (long long)is->plain[i].size, (long long)is->plain[i].mtime,
                      (long long)is->plain[i].number, (unsigned long long)is->plain[i].hash);
    if (n >= (int)sizeof(note) - 5)
        n = 0;
    else
        n += snprintf(note + n, sizeof(note) - (size_t)n, "end\n");
    /* without it the next run only reads more */
    if (ftruncate(m->s->lock, 0) < 0 || pwrite(m->s->lock, note, (size_t)n, 0) != n)
        return;
}

static bool recall(struct making *m)
{
    struct memory *was = &m->was;
    long long a, b, c, d, e, f;
    unsigned long long hash;
    char note[NOTE_MAX];
    const char *p = note;
    ssize_t n = pread(m->s->lock, note, sizeof(note) - 1, 0);
    int used = 0;

    if (n <= 0)
        return false;
    note[n] = 0;
    if (sscanf(p, "tocsin 2 %d %d %lld %lld %lld %lld %lld%n", &was->first_day, &was->null_err,
               &a, &b, &c, &d, &e, &used) < 7)
        return false;
    was->from = a;
    was->newest = b;
    was->current = (struct mark){c, d, e, 0};
    for (int i = 0; i < DAYS; i++) {
        p += used;
        if (sscanf(p, "%lld %lld %lld %lld %lld %lld %llx%n", &a, &b, &c, &d, &e, &f, &hash,
                   &used) < 7)
            return false;
        was->gz[i] = (struct mark){a, b, c, 0};
        was->plain[i] = (struct mark){d, e, f, hash};
    }
    return !strcmp(p + used, "\nend\n");
}

/* ---------------------------------------------------------------- only what is new */

/* Reads what has come to the plain files; false when something else has changed. */
static bool read_new(struct making *m, struct rows *rows)
{
    struct mark current, none = {0};

    mark_file(&current, m->path);
    if (!recall(m) || m->was.null_err != m->null_err || m->was.from > m->from ||
        !same(&m->was.current, &current))
        return false;
    for (int i = 0; i < DAYS; i++) {
        int then = m->is.first_day + i - m->was.first_day;
        const struct mark *gz = then < DAYS ? &m->was.gz[then] : &none;
        const struct mark *plain = then < DAYS ? &m->was.plain[then] : &none;

        if (!same(gz, &m->is.gz[i]))
            return false;
        if (!same(plain, &m->is.plain[i])) {
            char path[STORE_PATH];

            store_day_path(m->s, m->is.first_day + i, false, path);
            if (!has_grown(plain, &m->is.plain[i], path))
                return false;
            store_read_file(m->s, path, false, plain->size, rows);
        }
    }
    rows_sort(m->s, rows);
    return true;
}

static void add_rows(struct making *m, const struct rows *rows, buf *out)
{
    for (size_t i = 0; i < rows->n; i++) {
        struct reading r = row_reading(m->s, &rows->row[i]);

        if (out->len > 0)
            buf_puts(out, ",");
        line_add(out, &r, m->null_err);
    }
}

/* Where the first reading begins that is not too old, in a file that line_add() made: there
 * "{\"t\":" is at the beginning of a reading and nowhere else. */
static const char *first_kept(const char *p, const char *end, int64_t from)
{
    while (p < end && strtoll(p + 5, NULL, 10) < from) {
        p = memmem(p + 5, (size_t)(end - p) - 5, "{\"t\":", 5);
        if (!p)
            return end;
    }
    return p;
}

static int write_joined(struct making *m, const char *old, size_t len, const buf *fresh)
{
    struct store *s = m->s;
    struct file_new f;
    bool comma = len > 0 && fresh->len > 0;

    if (file_new_open(&f, m->path, s->error, sizeof(s->error)) < 0)
        return -1;
    if (file_new_write(&f, "[", 1, s->error, sizeof(s->error)) < 0 ||
        file_new_write(&f, old, len, s->error, sizeof(s->error)) < 0 ||
        file_new_write(&f, ",", comma, s->error, sizeof(s->error)) < 0 ||
        file_new_write(&f, fresh->data, fresh->len, s->error, sizeof(s->error)) < 0 ||
        file_new_write(&f, "]", 1, s->error, sizeof(s->error)) < 0) {
        file_new_abort(&f);
        return -1;
    }
    return file_new_commit(&f, true, s->error, sizeof(s->error));
}

/* 1: made, 0: all must be read again, -1: see error. */
static int renew(struct making *m, struct rows *rows)
{
    const char *first, *end;
    buf fresh = {0};
    char *old;
    size_t len;
    int rv = 1;

    if (!read_new(m, rows))
        return 0;
    if (rows->n > 0 && (rows->row[0].t <= m->was.newest || rows->row[rows->n - 1].t > m->now))
        return 0; /* it belongs among the others, or may be there already; or lies ahead */
    if (m->was.newest > m->now || !(old = file_read(m->path, CURRENT_MAX, &len)))
        return 0;
    if (len < 2 || old[0] != '[' || old[len - 1] != ']') {
        free(old);
        return 0;
    }
    m->is.newest = rows->n > 0 ? rows->row[rows->n - 1].t : m->was.newest;
    end = old + len - 1;
    first = first_kept(old + 1, end, m->from);
    add_rows(m, rows, &fresh);
    if (first > old + 1 || fresh.len > 0)
        rv = write_joined(m, first, (size_t)(end - first), &fresh) < 0 ? -1 : 1;
    buf_free(&fresh);
    free(old);
    return rv;
}

/* ---------------------------------------------------------------- everything */

static bool any_ahead(const struct rows *rows, int64_t now)
{
    return rows->n > 0 && rows->row[rows->n - 1].t > now;
}

static void keep_window(struct making *m, struct rows *rows)
{
    size_t kept = 0;

    for (size_t i = 0; i < rows->n; i++)
        if (rows->row[i].t >= m->from && rows->row[i].t <= m->now)
            rows->row[kept++] = rows->row[i];
    rows->n = kept;
}

static int make(struct making *m, struct rows *rows)
{
    struct store *s = m->s;
    bool ahead, broken = false;
    buf out = {0};
    int rv;

    rows->n = 0;
    for (int i = 0; i < DAYS; i++)
        broken |= store_read_day(s, m->is.first_day + i, rows) == BROKEN;
    rows_sort(s, rows);
    ahead = any_ahead(rows, m->now);
    keep_window(m, rows);
    m->is.newest = rows->n > 0 ? rows->row[rows->n - 1].t : -1;
    add_rows(m, rows, &out);
    rv = write_joined(m, "", 0, &out);
    buf_free(&out);
    if (rv == 0 && (ahead || broken))
        m->is.newest = INT64_MAX; /* next time all is read again */
    return rv;
}

int store_current(struct store *s, int64_t now_ms, bool null_err)
{
    struct making m = {
        .s = s,
        .from = now_ms - STORE_CURRENT_DAYS * DAY_MS,
        .now = now_ms,
        .null_err = null_err,
    };
    struct rows rows = {0};
    int rv;

    if (s->lock < 0)
        return store_fail(s, "'%s' is open for reading only", s->dir);
    snprintf(m.path, sizeof(m.path), "%s/current.json", s->dir);
    mark_days(&m);
    rv = renew(&m, &rows);
    if (rv > 0)
        remember(&m);
    else if (rv == 0 && (rv = make(&m, &rows)) == 0)
        remember(&m);
    rows_free(&rows);
    return rv < 0 ? -1 : 0;
}
