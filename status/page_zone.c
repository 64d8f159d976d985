/* page_zone: the 64-bit part of a TZif file, searched by halves, and the rule behind it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "page_zone.h"
#include "page_zone_rule.h"

#define ZONES        "/usr/share/zoneinfo"
#define FILE_MAX     (256 * 1024)
#define HEADER       44
#define TYPE_SIZE    6
#define OFFSET_MAX_S (26 * 3600)
#define TIME_MAX     INT64_C(253402300799) /* the end of the year 9999 */

struct zone {
    char name[64];
    char *file;
    size_t size;
    const unsigned char *times, *indexes, *types; /* within the file */
    const char *letters;
    uint32_t changes, kinds, chars;
    struct zone_rule rule;
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* A name that stays in its folder. */
static bool name_ok(const char *name)
{
    const char *p;

    if (!name || !*name || strlen(name) >= sizeof(((struct zone *)0)->name) ||
        strstr(name, "//"))
        return false;
    for (p = name; *p; p++)
        if (!((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
              (p > name && ((*p >= '0' && *p <= '9') || strchr("_+-/", *p)))))
            return false;
    return p[-1] != '/';
}

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool header(const unsigned char *p, size_t left, struct counts *n)
{
    if (left < HEADER || memcmp(p, "TZif", 4) != 0)
        return false;
    *n = (struct counts){be32(p + 20), be32(p + 24), be32(p + 28),
                         be32(p + 32), be32(p + 36), be32(p + 40)};
    return n->isut < 1024 && n->isstd < 1024 && n->leap < 1024 && n->time < 8192 &&
           n->type > 0 && n->type < 256 && n->chars > 0 && n->chars < 1024;
}

static size_t body(const struct counts *n, size_t time_size)
{
    return n->time * time_size + n->time + (size_t)n->type * TYPE_SIZE + n->chars +
           n->leap * (time_size + 4) + n->isstd + n->isut;
}

static bool indexes_ok(const struct zone *z)
{
    uint32_t i;

    for (i = 0; i < z->changes; i++)
        if (z->indexes[i] >= z->kinds)
            return false;
    for (i = 0; i < z->kinds; i++) {
        int32_t offset = (int32_t)be32(z->types + i * TYPE_SIZE);

        if (offset < -OFFSET_MAX_S || offset > OFFSET_MAX_S ||
            z->types[i * TYPE_SIZE + 5] >= z->chars)
            return false;
    }
    return z->letters[z->chars - 1] == 0;
}

static bool parse(struct zone *z)
{
    const unsigned char *p = (const unsigned char *)z->file, *end = p + z->size;
    struct counts n;
    char *footer, *line;

    if (!header(p, z->size, &n) || p[4] < '2' || body(&n, 4) > z->size - HEADER)
        return false;
    p += HEADER + body(&n, 4);
    if (!header(p, (size_t)(end - p), &n) || body(&n, 8) > (size_t)(end - p) - HEADER)
        return false;
    p += HEADER;
    z->changes = n.time;
    z->kinds = n.type;
    z->chars = n.chars;
    z->times = p;
    z->indexes = p + (size_t)n.time * 8;
    z->types = z->indexes + n.time;
    z->letters = (const char *)z->types + (size_t)n.type * TYPE_SIZE;
    footer = (char *)z->file + (p - (const unsigned char *)z->file) + body(&n, 8);
    if (*footer++ == '\n' && (line = strchr(footer, '\n'))) { /* file_read() ends in a zero */
        *line = 0;
        if (*footer)
            zone_rule_parse(&z->rule, footer);
    }
    return indexes_ok(z);
}

struct zone *zone_open(const char *name)
{
    struct zone *z = calloc(1, sizeof(*z));
    const char *dir = getenv("TZDIR");
    char path[4096];

    if (!z)
        abort();
    snprintf(z->name, sizeof(z->name), "UTC");
    if (!name_ok(name) || strcmp(name, "UTC") == 0)
        return z;
    snprintf(path, sizeof(path), "%s/%s", dir && *dir == '/' ? dir : ZONES, name);
    if (!(z->file = file_read(path, FILE_MAX, &z->size)))
        return z;
    if (parse(z)) {
        snprintf(z->name, sizeof(z->name), "%s", name);
        return z;
    }
    free(z->file);
    memset(z, 0, sizeof(*z));
    snprintf(z->name, sizeof(z->name), "UTC");
    return z;
}

void zone_free(struct zone *z)
{
    if (z)
        free(z->file);
    free(z);
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

/* The last change at or before a moment; -1: it is before all. */
static int64_t change_before(const struct zone *z, int64_t at)
{
    int64_t low = 0, high = z->changes;

    while (low < high) {
        int64_t middle = (low + high) / 2;

        if (be64(z->times + middle * 8) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

static int32_t offset_at(const struct zone *z, int64_t at, const char **abbr)
{
    int64_t change;
    const unsigned char *type;

    *abbr = "UTC";
    if (!z->file)
        return 0;
    change = change_before(z, at);
    if (z->rule.there && change == (int64_t)z->changes - 1) {
        int which = zone_rule_at(&z->rule, at);

        *abbr = z->rule.clock[which].abbr;
        return z->rule.clock[which].offset_s;
    }
    type = z->types + (change < 0 ? 0 : z->indexes[change] * TYPE_SIZE);
    *abbr = z->letters + type[5];
    return (int32_t)be32(type);
}

/* "+1030" is no name for people: they read UTC+10:30. */
static void abbreviate(char *out, size_t size, const char *abbr, int32_t offset)
{
    int minutes = abs(offset) / 60;

    if (*abbr != '+' && *abbr != '-')
        snprintf(out, size, "%s", abbr);
    else if (minutes % 60)
        snprintf(out, size, "UTC%c%d:%02d", offset < 0 ? '-' : '+', minutes / 60 % 100,
                 minutes % 60);
    else
        snprintf(out, size, "UTC%c%d", offset < 0 ? '-' : '+', minutes / 60 % 100);
}

void zone_time(const struct zone *z, int64_t at, struct zone_time *out)
{
    const char *abbr;
    int32_t offset;
    int64_t local;
    int second;

    if (at < -TIME_MAX || at > TIME_MAX) /* nothing that a calendar has */
        at = at < 0 ? -TIME_MAX : TIME_MAX;
    offset = offset_at(z, at, &abbr);
    local = at + offset;
    out->offset_s = offset;
    abbreviate(out->abbr, sizeof(out->abbr), abbr, offset);
    out->day_number = day_of_ms(local * 1000);
    second = (int)(local - (int64_t)out->day_number * DAY_S);
    day_to_date(out->day_number, &out->year, &out->month, &out->day);
    out->weekday = ((out->day_number + 4) % 7 + 7) % 7;
    out->hour = second / 3600;
    out->minute = second / 60 % 60;
    out->second = second % 60;
}
