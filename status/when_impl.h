/* when_impl: what the words of a time say, between when_read.c and when.c. */
#ifndef TOCSIN_WHEN_IMPL_H
#define TOCSIN_WHEN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNSET (-1)

enum day_kind { DAY_NONE, DAY_DATE, DAY_SHIFT, DAY_WEEKDAY };

struct said {
    const char *p; /* what is still to be read */
    enum day_kind kind;
    int year, month, mday; /* of a date; year UNSET: the nearest */
    int value;             /* of a shift or a weekday */
    bool next_week;
    int hour, minute, second; /* hour UNSET: not said */
    int implied;              /* the hour of "evening" */
    bool half_day;            /* am or pm was said */
    bool zone, us_zone;
    int minutes;    /* of the zone */
    char place[40]; /* or its name, "Europe/Berlin" */
    bool amount, now, at;
    int64_t seconds; /* of the amounts */
    int months;
    char *error;
    size_t size;
};

/* Says why; returns -1. */
int when_refuse(struct said *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads all of w->p into w. 0 or -1. */
int when_read(struct said *w);

#endif
