/*
 * store: the plain files of status data (formats: docs/status-data.md).
 *
 *     DIR/archives/YYYY/MM/history-YYYY-MM-DD.jsonl[.gz]   every reading, by UTC day
 *     DIR/current.json                                     the last 14 days
 *     DIR/daily-summary.json                               90 days, a row a day
 *     DIR/incidents.json  DIR/maintenance.json
 *     DIR/status/v1/...                                    the same in the 1.x layout
 *
 * One writer at a time holds DIR/.lock; every file but the day's archive is replaced by
 * rename, and the archive only grows by whole lines. Readers need no lock.
 */
#ifndef TOCSIN_STORE_H
#define TOCSIN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state { STATE_UP, STATE_DEGRADED, STATE_DOWN, STATE_MAINTENANCE };

/* One check. */
struct reading {
    int64_t t;       /* ms since 1970, when the answer was there */
    const char *svc; /* name of the system, any text */
    const char *err; /* NULL: none */
    int32_t code;    /* HTTP status; 0: no answer */
    int32_t lat;     /* ms */
    enum state state;
};

struct store; /* an open folder */

/* What readers could not use; each is told once on stderr by name when `told` is set. */
struct store_trouble {
    long bad_lines, bad_files;
    bool told;
};

/* Opens DIR for reading, or with `write` for writing: makes it when it is not there and takes
 * the lock, waiting up to `wait_ms`. NULL: see error. */
struct store *store_open(const char *dir, bool write, int wait_ms, char *error, size_t size);
void store_close(struct store *s);

/* Adds readings to the archives of their days: one write and one fsync a day. A day that is
 * compressed already gets a plain file beside its gz; store_compress() merges them. */
int store_append(struct store *s, const struct reading *r, size_t n);

/* Every reading of the UTC days [from_day, to_day] (days since 1970), ascending by day, in a
 * day in the order of the files; plain and gz of a day are both read and (svc, t) counts
 * once. The strings live during the call. `each` returns nonzero to stop. */
int store_each(struct store *s, int from_day, int to_day,
               int (*each)(const struct reading *r, int day, void *arg), void *arg);

/* Rewrites current.json: what lies in [now - 14 days, now], ascending. `null_err` writes
 * "err":null as the seed's text shows instead of leaving it out. */
int store_current(struct store *s, int64_t now_ms, bool null_err);
/* Rewrites daily-summary.json over `window` days that end today. */
int store_summarize(struct store *s, int64_t now_ms, int window);
/* Compresses what is plain before the day of now; returns how many, or -1. */
int store_compress(struct store *s, int64_t now_ms);

const struct store_trouble *store_trouble(const struct store *s);
/* Why the last call returned -1, with the file's name. */
const char *store_error(const struct store *s);

#endif
