/* page_zone_rule: the TZ string of POSIX with the wider hours of RFC 8536. */
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "page_zone_rule.h"

static bool number(const char **p, int least, int most, int *out)
{
    int n = 0, digits = 0;

    while (**p >= '0' && **p <= '9' && digits++ < 4)
        n = n * 10 + *(*p)++ - '0';
    *out = n;
    return digits > 0 && n >= least && n <= most;
}

static bool abbreviation(const char **p, char *out, size_t size)
{
    bool quoted = **p == '<';
    const char *from = *p += quoted;
    size_t n;

    while (**p &&
           (quoted ? **p != '>' : ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))))
        (*p)++;
    n = (size_t)(*p - from);
    if (n == 0 || n >= size || (quoted && **p != '>'))
        return false;
    memcpy(out, from, n);
    out[n] = 0;
    *p += quoted;
    return true;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool hours(const char **p, int32_t *seconds)
{
    int sign = **p == '-' ? -1 : 1, h, m = 0, s = 0;

    *p += **p == '-' || **p == '+';
    if (!number(p, 0, 167, &h))
        return false;
    if (**p == ':' && (++*p, !number(p, 0, 59, &m)))
        return false;
    if (**p == ':' && (++*p, !number(p, 0, 59, &s)))
        return false;
    *seconds = sign * (h * 3600 + m * 60 + s);
    return true;
}

static bool date(const char **p, struct zone_date *d)
{
    d->kind = **p == 'M' || **p == 'J' ? **p : 'N';
    *p += d->kind != 'N';
    d->second = 7200;
    if (d->kind == 'M') {
        if (!number(p, 1, 12, &d->month) || *(*p)++ != '.' || !number(p, 1, 5, &d->week) ||
            *(*p)++ != '.' || !number(p, 0, 6, &d->day))
            return false;
    }
    else if (!number(p, d->kind == 'J', 365, &d->day))
        return false;
    return **p != '/' || (++*p, hours(p, &d->second));
}

static bool parse(struct zone_rule *r, const char *p)
{
    int32_t west;

    if (!abbreviation(&p, r->clock[0].abbr, sizeof(r->clock[0].abbr)) || !hours(&p, &west))
        return false;
    r->clock[0].offset_s = -west;
    if (*p == 0)
        return true;
    if (!abbreviation(&p, r->clock[1].abbr, sizeof(r->clock[1].abbr)))
        return false;
    r->clock[1].offset_s = r->clock[0].offset_s + 3600;
    if (*p != ',') {
        if (!hours(&p, &west))
            return false;
        r->clock[1].offset_s = -west;
    }
    r->summer = true;
    return *p++ == ',' && date(&p, &r->begin) && *p++ == ',' && date(&p, &r->end) && *p == 0;
}

bool zone_rule_parse(struct zone_rule *r, const char *text)
{
    memset(r, 0, sizeof(*r));
    if (!parse(r, text))
        memset(r, 0, sizeof(*r));
    else
        r->there = true;
    return r->there;
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Seconds since 1970 of a date at its second, as the wall clock shows them. */
static int64_t wall(const struct zone_date *d, int year)
{
    int day;

    if (d->kind == 'M') {
        int first = day_of_date(year, d->month, 1), weekday = (first % 7 + 7 + 4) % 7;
        int next =
            d->month == 12 ? day_of_date(year + 1, 1, 1) : day_of_date(year, d->month + 1, 1);

        day = first + (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
        if (day >= next)
            day -= 7;
    }
    else {
        day = day_of_date(year, 1, 1) + d->day;
        if (d->kind == 'J' && !(leap(year) && d->day > 59))
            day--;
    }
    return (int64_t)day * DAY_S + d->second;
}

int zone_rule_at(const struct zone_rule *r, int64_t at)
{
    int64_t begin, end;
    int year, month, day;

    if (!r->summer)
        return 0;
    /* the year of the winter clock: no change lies within a day of New Year where it matters
     */
    day_to_date(day_of_ms((at + r->clock[0].offset_s) * 1000), &year, &month, &day);
    begin = wall(&r->begin, year) - r->clock[0].offset_s;
    end = wall(&r->end, year) - r->clock[1].offset_s;
    if (begin < end)
        return at >= begin && at < end;
    return at >= begin || at < end; /* the south: summer goes over New Year */
}
