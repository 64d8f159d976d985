/*
 * when_word: the words that when.c knows, and the zones.
 */
#ifndef TOCSIN_WHEN_WORD_H
#define TOCSIN_WHEN_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum word_kind {
    WORD_UNKNOWN,
    WORD_FILL,    /* "at", "on", "the": says nothing */
    WORD_DAY,     /* value: days from today; "tomorrow" */
    WORD_HOUR,    /* value: an hour; "noon", "evening" */
    WORD_TONIGHT, /* today at 22:00 */
    WORD_NOW,
    WORD_WEEKDAY, /* value: 0 is Monday */
    WORD_MONTH,   /* value: 1 … 12 */
    WORD_UNIT,    /* value: seconds; of months and years: -months */
    WORD_THIS,
    WORD_NEXT,
    WORD_IN,
    WORD_AGO,
    WORD_FROM_NOW, /* "from now", "later": after an amount */
    WORD_A,        /* one: "an hour" */
    WORD_HALF,
    WORD_AM,
    WORD_PM,
    WORD_ZONE,   /* value: minutes east of Greenwich */
    WORD_US_ZONE /* value: the same in winter; daylight saving as in the United States */
};

/* What a word of lower-case letters is. */
enum word_kind when_word(const char *word, size_t len, int *value);

/* The offset in seconds of a zone with daylight saving as in the United States, at a wall
 * time that counts as seconds since 1970 there. */
int when_us_offset(int winter_minutes, int64_t wall);

#endif
