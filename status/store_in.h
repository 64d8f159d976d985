/* store_in: what the files of the store share; for store*.c and v1*.c alone. */
#ifndef TOCSIN_STORE_IN_H
#define TOCSIN_STORE_IN_H

#include "buf.h"
#include "names.h"
#include "store.h"

struct row {
    int64_t t;
    const char *err; /* NULL: none */
    uint32_t svc;    /* a number of store.names */
    int32_t code, lat;
    uint8_t state;
};

/* The readings of a day, or of several: each (svc, t) once. */
struct rows {
    struct row *row;
    size_t n, room;
    struct arena *memory; /* of err */
};

struct store {
    char dir[3500];
    int lock; /* the open .lock when we write, else -1 */
    struct names names;
    buf scratch;
    int32_t turn;   /* of going through rows with name.last */
    uint64_t *told; /* hashes of the files that were told about */
    size_t told_n;
    void (*tell)(void *arg, const char *sentence);
    void *tell_arg;
    struct store_trouble trouble;
    struct store_summary summary;
    char error[4352];
};

#define STORE_PATH 4096

__attribute__((format(printf, 2, 3))) int store_fail(struct store *s, const char *format, ...);
/* DIR/archives/2025/11/history-2025-11-03.jsonl, with `gz` .jsonl.gz */
void store_day_path(const struct store *s, int day, bool gz, char *path);

/* How far a file could be read; the worse of two is the greater. */
enum whole { MISSING, WHOLE, BROKEN };

/* Adds the readings of a day's two files to `rows`, those of the gz first. */
enum whole store_read_day(struct store *s, int day, struct rows *rows);
/* Adds what one file has, from byte `from` on. */
enum whole store_read_file(struct store *s, const char *path, bool gz, int64_t from,
                           struct rows *rows);
/* Adds the lines from p on that are of the usual shape, up to the first that is not or that
 * comes near `end`; where that one begins. */
const char *store_own_lines(struct store *s, struct rows *rows, const char *p,
                            const char *end);
/* Adds to the archive of a day those of the rows that it does not have. How many, or -1. */
long store_merge(struct store *s, int day, const struct row *row, size_t n);
/* All rows to the archives of their days, sorted; how many were new, or -1. */
long rows_merge(struct store *s, struct rows *rows);
void rows_grow(struct rows *rows);
static inline void rows_add(struct rows *rows, const struct row *row)
{
    if (rows->n == rows->room)
        rows_grow(rows);
    rows->row[rows->n++] = *row;
}
/* As store_days(), of any folder of archives. */
bool store_days_in(const char *folder, int *first, int *last);

void rows_free(struct rows *rows);
/* Of the rows from number `from` on, the first of each (svc, t) stays; in their order. */
void rows_once(struct store *s, struct rows *rows, size_t from);
/* Ascending by t, those of one t as they came, each (svc, t) once. */
void rows_sort(struct store *s, struct rows *rows);
struct reading row_reading(const struct store *s, const struct row *row);

#endif
