/*
 * store: the plain files of status data (formats: docs/status-data.md).
 *
 *     DIR/archives/YYYY/MM/history-YYYY-MM-DD.jsonl[.gz]   every reading, by UTC day
 *     DIR/current.json                                     the last 14 days
 *     DIR/daily-summary.json                               90 days, a row a day
 *     DIR/incidents.json  DIR/maintenance.json             (notes.h)
 *     DIR/status/v1/...                                    the same in the 1.x layout (v1.h)
 *
 * One writer at a time holds DIR/.lock; every file but the day's archive is replaced by
 * rename, and the archive only grows by whole lines. Readers need no lock.
 */
#ifndef TOCSIN_STORE_H
#define TOCSIN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_CURRENT_DAYS 14

enum state { STATE_UP, STATE_DEGRADED, STATE_DOWN, STATE_MAINTENANCE };

/* One check. */
struct reading {
    int64_t t;       /* ms since 1970, when the answer was there */
    const char *svc; /* name of the system, any text of 1 to 1024 bytes */
    const char *err; /* NULL: none */
    int32_t code;    /* HTTP status; 0: no answer */
    int32_t lat;     /* ms; -1: not known, which counts nowhere and is written as 0 */
    enum state state;
};

struct store; /* an open folder */

/* What readers could not use. A file counts once, however often it was read. */
struct store_trouble {
    long bad_lines, bad_files;
};

/* Opens DIR for reading, or with `write` for writing: makes it when it is not there and takes
 * the lock, waiting up to `wait_ms`. NULL: see error. */
struct store *store_open(const char *dir, bool write, int wait_ms, char *error, size_t size);
void store_close(struct store *s);

/* Who is told, in a sentence with the file's name, of each file that has something in it
 * that cannot be used. Nobody, when this is not called. */
void store_tell(struct store *s, void (*tell)(void *arg, const char *sentence), void *arg);

/* Adds readings to the archives of their days: one write and one fsync a day. A day that is
 * compressed already gets a plain file beside its gz; store_compress() merges them. Nothing
 * of a day is kept when not all of it could be written. */
int store_append(struct store *s, const struct reading *r, size_t n);

/* The same without those whose (svc, t) the archives have already. How many were added, or
 * -1. */
long store_append_new(struct store *s, const struct reading *r, size_t n);

/* The first and the last day that have a file; false when there is none. */
bool store_days(struct store *s, int *first, int *last);

/* Every reading of the UTC days [from_day, to_day] (days since 1970), ascending by day, in a
 * day in the order of the files; plain and gz of a day are both read and (svc, t) counts
 * once. The strings live during the call (svc as long as the store). `each` returns nonzero
 * to stop. */
int store_each(struct store *s, int from_day, int to_day,
               int (*each)(const struct reading *r, int day, void *arg), void *arg);

/* Rewrites current.json: what lies in [now - 14 days, now], ascending. `null_err` writes
 * "err":null as the seed's text shows instead of leaving it out. What has not changed since
 * the last time is not read again. */
int store_current(struct store *s, int64_t now_ms, bool null_err);
/* Rewrites daily-summary.json over `window` days that end today. */
int store_summarize(struct store *s, int64_t now_ms, int window);
/* Compresses what is plain before the day of now; returns how many, or -1. A plain file
 * beside a gz (readings that came late) is merged into it. */
int store_compress(struct store *s, int64_t now_ms);

/* What the last store_summarize() has seen. */
struct store_summary {
    int services, days; /* days with readings */
    int64_t readings;
};
const struct store_summary *store_summary(const struct store *s);

const struct store_trouble *store_trouble(const struct store *s);
/* Why the last call returned -1, with the file's name. */
const char *store_error(const struct store *s);

#endif
