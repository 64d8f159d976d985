/*
 * when: the times that people write.
 *
 *     2025-11-15T02:00:00Z   2025-11-15 02:00 CET   2025-11-15 (12:00)   Nov 15 2am PST
 *     2025-11-15 02:00 Europe/Berlin
 *     tomorrow 2am UTC   next Monday 9am   this Friday at 22:00   tonight   noon
 *     +2h   +1d 12h   in 3 hours   in half an hour   2 days ago   in 2 weeks at 9am
 *
 * A leading '@' is taken off, upper and lower case are one. What says no zone is in UTC, what
 * says a day and no hour is at 12:00 of it. `anchor` is what "tomorrow" and "in 3 hours" count
 * from: the moment when the words were written, so that reading them later moves nothing; the
 * day they count from is the anchor's in the zone that the words name. A weekday is the next
 * such day, today included; "next Monday" that of the week after, which begins on Monday; an
 * hour alone is today's; a date without a year is the one nearest to the anchor; 11/15/2025
 * has the month first unless it cannot.
 */
#ifndef TOCSIN_WHEN_H
#define TOCSIN_WHEN_H

#include <stddef.h>
#include <stdint.h>

#define WHEN_MAX 128 /* longer words are no time */

/* Seconds since 1970 into *at. 0, or -1 with what is wrong in error: "there is no 30
 * February",
 * "'XYZ' is no time zone that is known here". Years 1970 to 9999. */
int when_parse(const char *words, int64_t anchor, int64_t *at, char *error, size_t size);

#endif
