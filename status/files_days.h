/*
 * files_days: how long a system was up, degraded, down, in maintenance or unknown, day by
 * day, out of readings that are points in time.
 *
 * A reading holds until the next one, but for at most twice the usual distance of that day's
 * readings: when nothing was measured for longer, the rest of the gap is unknown, which is
 * neither up nor down. Before the first reading there is no data at all. What is inside of a
 * maintenance window is maintenance, whatever was measured.
 */
#ifndef TOCSIN_FILES_DAYS_H
#define TOCSIN_FILES_DAYS_H

#include <stddef.h>
#include <stdint.h>

#include "page.h"

#define DAYS_USUAL_MS 300000 /* when one reading is all there is */

struct sample {
    int64_t t;
    int32_t lat; /* -1: not known */
    int16_t code;
    uint8_t state; /* enum state */
};

struct samples {
    struct sample *item;
    size_t n, room;
};

/* A stretch of time, ms: from <= t < to. */
struct span {
    int64_t from, to;
};

void samples_add(struct samples *s, const struct sample *one);
void samples_free(struct samples *s);

/* Sorts spans and joins those that touch; returns how many are left. */
size_t spans_join(struct span *span, size_t n);

/*
 * Fills c->day, of which the last is that of now_ms, and c->status, since and ms. The
 * samples are sorted by time; the spans are joined already. Samples later than now_ms are
 * not there yet.
 */
void files_days(struct page_component *c, struct samples *s, const struct span *span,
                size_t spans, int64_t now_ms);

#endif
