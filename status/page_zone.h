/*
 * page_zone: wall clocks anywhere, out of the TZif files of the system (RFC 8536).
 *
 * Own reader, because libc has one zone a process: pages of different zones are made side
 * by side. Looks in $TZDIR or /usr/share/zoneinfo.
 */
#ifndef TOCSIN_PAGE_ZONE_H
#define TOCSIN_PAGE_ZONE_H

#include <stdint.h>

struct zone;

struct zone_time {
    int year, month, day, weekday; /* January is 1, Sunday is 0 */
    int hour, minute, second;
    int day_number; /* days since 1970-01-01 on that calendar */
    int offset_s;   /* east of UTC */
    char abbr[12];  /* "CEST"; "UTC+11" where the zone has no letters */
};

/* The zone of an IANA name; UTC when there is no such, or its file is broken. For
 * zone_free(). */
struct zone *zone_open(const char *name);
void zone_free(struct zone *z);
/* The name, or "UTC" when it is that instead. */
const char *zone_name(const struct zone *z);
void zone_time(const struct zone *z, int64_t at, struct zone_time *out);

#endif
