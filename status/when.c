/* when: puts together what the words say. */
#include "when.h"

#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "page_zone.h"
#include "when_impl.h"
#include "when_word.h"

#define AT_MOST INT64_C(253402300799)

static const char *const month_name[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};

static bool is_date(int year, int month, int mday)
{
    int y, m, d;

    if (month < 1 || month > 12 || mday < 1 || mday > 31)
        return false;
    day_to_date(day_of_date(year, month, mday), &y, &m, &d);
    return m == month && d == mday;
}

/* The day that a date means; without a year the one that is nearest to `today`. */
static int resolve_date(struct said *w, int today, int *day)
{
    int this_year, m, d, y, best = UNSET;

    day_to_date(today, &this_year, &m, &d);
    if (w->year != UNSET && (w->year < 1970 || w->year > 9999))
        return when_refuse(w, "the year %d is out of range", w->year);
    for (y = this_year - 1; w->year == UNSET && y <= this_year + 1; y++)
        if (is_date(y, w->month, w->mday) &&
            (best == UNSET || abs(day_of_date(y, w->month, w->mday) - today) <=
                                  abs(day_of_date(best, w->month, w->mday) - today)))
            best = y;
    if (w->year != UNSET && is_date(w->year, w->month, w->mday))
        best = w->year;
    if (best == UNSET)
        return w->month >= 1 && w->month <= 12
                   ? when_refuse(w, "there is no %d %s", w->mday, month_name[w->month - 1])
                   : when_refuse(w, "there is no month %d", w->month);
    *day = day_of_date(best, w->month, w->mday);
    return 0;
}

/* The same day some months away, or the last one of a shorter month. */
static int64_t add_months(int64_t wall, int months)
{
    int y, m, d, day = day_of_ms(wall * 1000);
    int64_t rest = wall - (int64_t)day * DAY_S;

    day_to_date(day, &y, &m, &d);
    m += months - 1;
    y += (m - (m < 0 ? 11 : 0)) / 12;
    m = (m % 12 + 12) % 12 + 1;
    while (!is_date(y, m, d))
        d--;
    return (int64_t)day_of_date(y, m, d) * DAY_S + rest;
}

static int resolve_day(struct said *w, int64_t wall, int *day)
{
    int today = day_of_ms(wall * 1000), weekday = (today + 3) % 7;

    if (weekday < 0)
        weekday += 7;
    switch (w->kind) {
    case DAY_DATE:
        return resolve_date(w, today, day);
    case DAY_SHIFT:
        *day = today + w->value;
        return 0;
    case DAY_WEEKDAY:
        *day = w->next_week ? today - weekday + 7 + w->value
                            : today + (w->value - weekday + 7) % 7;
        return 0;
    default:
        *day = today;
        return 0;
    }
}

static int offset_at(const struct zone *z, int64_t at)
{
    struct zone_time t;

    zone_time(z, at, &t);
    return t.offset_s;
}

/* The offset of a wall time: the first of two, and one that there is not moves forward. */
static int place_offset(const char *place, int64_t wall)
{
    struct zone *z = zone_open(place);
    int before = offset_at(z, wall - DAY_S), after = offset_at(z, wall + DAY_S);

    if (offset_at(z, wall - before) != before && offset_at(z, wall - after) == after)
        before = after;
    zone_free(z);
    return before;
}

static int resolve(struct said *w, int64_t anchor, int64_t *at)
{
    bool clock = w->hour != UNSET || w->implied != UNSET;
    int offset = w->minutes * 60, day = 0;
    int64_t wall;

    if (w->us_zone)
        offset = when_us_offset(w->minutes, anchor + w->minutes * 60);
    if (*w->place)
        offset = place_offset(w->place, anchor);
    wall = anchor + offset;
    if (w->kind == DAY_NONE)
        wall = add_months(wall + w->seconds, w->months);
    if (w->kind != DAY_NONE || clock) {
        if (w->now)
            return when_refuse(w, "now is no other time");
        if (resolve_day(w, wall, &day) != 0)
            return -1;
        if (w->implied >= 12 && w->hour != UNSET && w->hour < 12 && !w->half_day)
            w->hour += 12; /* "8 in the evening" */
        if (w->hour == UNSET)
            w->hour = w->implied != UNSET ? w->implied : 12;
        wall = (int64_t)day * DAY_S + w->hour * 3600 + w->minute * 60 + w->second;
        if (w->kind != DAY_NONE)
            wall = add_months(wall + w->seconds, w->months);
        if (w->us_zone)
            offset = when_us_offset(w->minutes, wall);
        if (*w->place)
            offset = place_offset(w->place, wall);
    }
    else if (!w->amount && !w->now) {
        return when_refuse(w, "it says no time");
    }
    *at = wall - offset;
    return *at >= 0 && *at <= AT_MOST ? 0 : when_refuse(w, "it is out of range");
}

int when_parse(const char *words, int64_t anchor, int64_t *at, char *error, size_t size)
{
    struct said w = {.hour = UNSET, .implied = UNSET, .year = UNSET, .error = error};

    w.size = size;
    w.p = words + strspn(words, " \t");
    if (*w.p == '@')
        w.p++;
    if (strlen(words) > WHEN_MAX)
        return when_refuse(&w, "it is too long");
    if (anchor < 0 || anchor > AT_MOST)
        return when_refuse(&w, "what it counts from is out of range");
    return when_read(&w) == 0 ? resolve(&w, anchor, at) : -1;
}
