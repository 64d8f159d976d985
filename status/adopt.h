/*
 * adopt: what older files of a 0.x tree know and its archives do not, taken into the archives.
 */
#ifndef TOCSIN_ADOPT_H
#define TOCSIN_ADOPT_H

#include "store.h"

struct adopted {
    long current; /* readings out of current.json */
    long systems; /* out of systems/NAME.json, the oldest layout */
    long days;    /* days of which only daily-summary.json knows, made of its numbers */
    long bad;     /* entries that are no readings */
};

/*
 * Adds the readings of these files to the archives of their days: each (svc, t) once, so that
 * it can be done again. A day of a system that has no readings anywhere gets as many as the
 * summary counts, with its share of failures, its number of outages and its mean time. 0, or
 * -1: see store_error(). The store is open for writing.
 */
int store_adopt(struct store *s, int64_t now_ms, struct adopted *out);

/* Makes the checks of a day of a system of which only numbers are left, as above, when its
 * files have no reading of that system. 1: made, 0: there is one, -1: see store_error(). */
struct made_day {
    int day;
    const char *svc;
    int total, failed, outages, ms;
};
int store_make_day(struct store *s, const struct made_day *day);

#endif
