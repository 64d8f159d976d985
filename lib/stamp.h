/*
 * stamp: a point in time as text, and back: RFC 3339, "2026-11-21T10:00:00.000Z".
 */
#ifndef TOCSIN_STAMP_H
#define TOCSIN_STAMP_H

#include <stdint.h>

#define STAMP_SIZE   25 /* with the zero */
#define STAMP_DAY_MS 86400000LL

/*
 * Reads "2026-11-21T10:00:00Z": seconds and their fraction may be missing, the zone may be
 * Z or ±hh:mm, never absent. A date that is in no calendar is refused: -1, and *ms is kept.
 */
int stamp_parse(const char *text, int64_t *ms);

/* Reads "2026-11-21" as days since 1970. */
int stamp_parse_day(const char *text, int *day);

/* Years 0 to 9999; what is beyond is written as the nearest of them. */
void stamp_format(int64_t ms, char out[STAMP_SIZE]);

/* "2026-11-21" */
void stamp_format_day(int day, char out[11]);

/* Days since 1970, UTC; before 1970 too. */
int stamp_day(int64_t ms);

int64_t stamp_now(void);

#endif
