/*
 * day: the calendar in UTC, whatever zone the process has. Days count from 1970-01-01.
 */
#ifndef TOCSIN_DAY_H
#define TOCSIN_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAY_S  86400
#define DAY_MS INT64_C(86400000)

/* The day of a moment; also of one before 1970. */
int day_of_ms(int64_t ms);
int day_of_date(int year, int month, int day);
void day_to_date(int day, int *year, int *month, int *mday);
/* "2025-11-03", ten characters exactly and a date that there is. */
bool day_parse(const char *text, size_t len, int *day);
/* 11 bytes. */
void day_print(int day, char *out);
/* "2025-11-03T10:00:00Z", 21 bytes; years 0 to 9999. */
void day_print_s(int64_t seconds, char *out);
/* "2025-11-03T10:00:00.123Z", 25 bytes. */
void day_print_ms(int64_t ms, char *out);

/* RFC 3339 with any fraction and offset, also without seconds, or a date alone (midnight
 * UTC). False for what is no moment: a month 13, a February 30, words. */
bool day_parse_ms(const char *text, int64_t *ms);

#endif
