/* when_read: one pass over the words notes what they say. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "page_zone.h"
#include "when_impl.h"
#include "when_word.h"

#define AMOUNT_MOST INT64_C(3155760000) /* seconds: a hundred years */

int when_refuse(struct said *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->error, w->size, format, args);
    va_end(args);
    return -1;
}

static void spaces(struct said *w)
{
    while (*w->p == ' ' || *w->p == '\t' || *w->p == ',')
        w->p++;
}

static size_t digits(const char *p)
{
    return strspn(p, "0123456789");
}

/* Reads a word of letters; its length, 0 when there is none. */
static size_t letters(const struct said *w, char *out, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && isalpha((unsigned char)w->p[n])) {
        out[n] = (char)tolower((unsigned char)w->p[n]);
        n++;
    }
    out[n] = '\0';
    return isalpha((unsigned char)w->p[n]) ? 0 : n;
}

/* ---------------------------------------------------------------- what one piece says */

static int set_day(struct said *w, enum day_kind kind, int value)
{
    if (w->kind != DAY_NONE)
        return when_refuse(w, "it names two days");
    w->kind = kind;
    w->value = value;
    return 0;
}

static int set_date(struct said *w, int year, int month, int mday)
{
    if (w->kind == DAY_WEEKDAY && !w->next_week) /* "Sat, Nov 15 2025": the date counts */
        w->kind = DAY_NONE;
    w->year = year;
    w->month = month;
    w->mday = mday;
    return set_day(w, DAY_DATE, 0);
}

static int set_time(struct said *w, int hour, int minute, int second)
{
    if (w->hour != UNSET)
        return when_refuse(w, "it names two times of day");
    if (hour > 23 || minute > 59 || second > 59)
        return when_refuse(w, "there is no %d:%02d on a clock", hour, minute);
    w->hour = hour;
    w->minute = minute;
    w->second = second;
    return 0;
}

static int set_zone(struct said *w, int minutes, bool us)
{
    if (w->zone)
        return when_refuse(w, "it names two time zones");
    if (minutes < -14 * 60 || minutes > 14 * 60)
        return when_refuse(w, "no time zone is so far from UTC");
    w->zone = true;
    w->us_zone = us;
    w->minutes = minutes;
    return 0;
}

static int add_amount(struct said *w, int64_t thousandths, int unit)
{
    int64_t s;

    if (unit < 0) {
        if (thousandths % 1000)
            return when_refuse(w, "it has a part of a month");
        w->months += (int)(thousandths / 1000) * -unit;
    }
    s = thousandths * (unit < 0 ? -unit * 30 * (int64_t)DAY_S : unit) / 1000;
    if (s > AMOUNT_MOST || s < -AMOUNT_MOST || llabs(w->seconds) > AMOUNT_MOST ||
        abs(w->months) > 1200)
        return when_refuse(w, "it is too far away");
    if (unit > 0)
        w->seconds += s;
    w->amount = true;
    return 0;
}

/* ---------------------------------------------------------------- numbers */

/* After the hour: minutes and seconds, am or pm. */
static int read_clock(struct said *w, int hour)
{
    int minute = 0, second = 0, value;
    char word[8];
    const char *before;

    if (w->p[0] == ':' && digits(w->p + 1) == 2) {
        minute = atoi(w->p + 1);
        w->p += 3;
        if (w->p[0] == ':' && digits(w->p + 1) == 2) {
            second = atoi(w->p + 1);
            w->p += 3;
            if (w->p[0] == '.' && digits(w->p + 1))
                w->p += 1 + digits(w->p + 1);
        }
    }
    before = w->p;
    while (*w->p == ' ')
        w->p++;
    if (letters(w, word, sizeof(word)) == 2 && when_word(word, 2, &value) == WORD_AM) {
        if (hour < 1 || hour > 12)
            return when_refuse(w, "there is no %d am", hour);
        hour %= 12;
    }
    else if (word[0] && when_word(word, strlen(word), &value) == WORD_PM) {
        if (hour < 1 || hour > 12)
            return when_refuse(w, "there is no %d pm", hour);
        hour = hour % 12 + 12;
    }
    else {
        w->p = before;
        return set_time(w, hour, minute, second);
    }
    w->half_day = true;
    w->p += 2;
    return set_time(w, hour, minute, second);
}

/* A date of digits: 2025-11-15, 2025/11/15, 11/15/2025, 15.11.2025. 1: it was one. */
static int read_date(struct said *w)
{
    size_t n[3];
    int v[3], i;
    const char *p = w->p;
    char mark = p[digits(p)], swap;

    if (mark != '-' && mark != '/' && mark != '.')
        return 0;
    for (i = 0; i < 3; i++) {
        n[i] = digits(p);
        if (n[i] < 1 || n[i] > 4)
            return 0;
        v[i] = atoi(p);
        p += n[i];
        if (i < 2 && *p++ != mark)
            return 0;
    }
    swap = mark == '.' || (mark == '/' && v[0] > 12 && v[1] <= 12);
    if (n[0] == 4 && n[1] <= 2 && n[2] <= 2 && mark != '.')
        i = set_date(w, v[0], v[1], v[2]);
    else if (n[2] == 4 && n[0] <= 2 && n[1] <= 2 && mark != '-')
        i = set_date(w, v[2], v[!swap ? 0 : 1], v[!swap ? 1 : 0]);
    else
        return 0;
    w->p = p;
    if ((*p == 'T' || *p == 't') && digits(p + 1) == 2 && p[3] == ':' && i == 0) {
        w->p = p + 3;
        i = read_clock(w, atoi(p + 1));
    }
    return i == 0 ? 1 : -1;
}

/* "+02:00", "-0800", "+02" after a time of day. 1: it was one. */
static int read_offset(struct said *w)
{
    size_t n = digits(w->p + 1), more = 0;
    int hours, minutes = 0;

    if (w->hour == UNSET || w->zone || (n != 2 && n != 4))
        return 0;
    if (n == 2 && w->p[3] == ':' && digits(w->p + 4) == 2)
        more = 3;
    if (isalpha((unsigned char)w->p[1 + n + more]))
        return 0;
    hours = n == 4 ? atoi(w->p + 1) / 100 : atoi(w->p + 1);
    minutes = n == 4 ? atoi(w->p + 1) % 100 : more ? atoi(w->p + 4) : 0;
    if (minutes > 59 ||
        set_zone(w, (*w->p == '-' ? -1 : 1) * (hours * 60 + minutes), false) != 0)
        return when_refuse(w, "no time zone is so far from UTC");
    w->p += 1 + n + more;
    return 1;
}

/* A month's day, with the year when it follows. */
static int read_month(struct said *w, int month, int mday)
{
    const char *p = w->p;
    int year = UNSET;

    p += strspn(p, " ,");
    if (mday == UNSET && digits(p) >= 1 && digits(p) <= 2 && p[digits(p)] != ':') {
        mday = atoi(p);
        p += digits(p);
        if (isalpha((unsigned char)p[0]) && isalpha((unsigned char)p[1]) &&
            strchr("snrt", tolower((unsigned char)p[0])))
            p += 2; /* 15th */
        w->p = p;
        p += strspn(p, " ,");
    }
    if (mday == UNSET)
        return when_refuse(w, "it names a month without a day");
    if (digits(p) == 4 && p[4] != ':') {
        year = atoi(p);
        w->p = p + 4;
    }
    return set_date(w, year, month, mday);
}

/* "3 hours", "+2h", "9 pm", "14:00", "15 November", "at 9". */
static int read_number(struct said *w, int sign)
{
    size_t n = digits(w->p);
    int64_t thousandths;
    int value, number;
    char word[16];
    const char *start = w->p;

    if (n > 6)
        return when_refuse(w, "'%.16s' is no time", start);
    number = atoi(w->p);
    thousandths = number * INT64_C(1000);
    w->p += n;
    if (!sign && n <= 2 && *w->p == ':')
        return read_clock(w, number);
    if (*w->p == '.' && digits(w->p + 1) == 1) {
        thousandths += (w->p[1] - '0') * 100;
        w->p += 2;
    }
    while (*w->p == ' ')
        w->p++;
    n = letters(w, word, sizeof(word));
    if (n == 2 && (!strcmp(word, "st") || !strcmp(word, "nd") || !strcmp(word, "rd") ||
                   !strcmp(word, "th"))) {
        w->p += 2;
        for (;;) {
            spaces(w);
            n = letters(w, word, sizeof(word));
            if (n != 2 || strcmp(word, "of"))
                break;
            w->p += 2;
        }
    }
    switch (n ? when_word(word, n, &value) : WORD_UNKNOWN) {
    case WORD_AM:
    case WORD_PM:
        return sign ? when_refuse(w, "'%.16s' is no time", start) : read_clock(w, number);
    case WORD_UNIT:
        w->p += n;
        return add_amount(w, sign < 0 ? -thousandths : thousandths, value);
    case WORD_MONTH:
        w->p += n;
        return read_month(w, value, number);
    default:
        if (w->at && !sign)
            return read_clock(w, number);
        return when_refuse(w, "'%.16s' is no time", start);
    }
}

/* ---------------------------------------------------------------- words */

/* After "next", "this", "a" and "half": what they are said of. */
static int read_after(struct said *w, enum word_kind first, int count)
{
    char word[16];
    size_t n;
    int value, thousandths = first == WORD_HALF ? 500 : 1000 * count;
    enum word_kind kind;

    spaces(w);
    n = letters(w, word, sizeof(word));
    kind = n ? when_word(word, n, &value) : WORD_UNKNOWN;
    w->p += n;
    if (first == WORD_HALF && kind == WORD_A)
        return read_after(w, WORD_HALF, 1);
    if (kind == WORD_WEEKDAY && (first == WORD_NEXT || first == WORD_THIS)) {
        w->next_week = first == WORD_NEXT;
        return set_day(w, DAY_WEEKDAY, value);
    }
    if (kind == WORD_HOUR && first == WORD_THIS) {
        w->implied = value;
        return set_day(w, DAY_SHIFT, 0);
    }
    if (kind == WORD_UNIT && first != WORD_THIS)
        return add_amount(w, thousandths, value);
    return when_refuse(w, "'%.16s' makes no time here", word);
}

/* "Europe/Berlin". 1: it was one. */
static int read_place(struct said *w)
{
    static const char letter[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    size_t n = strspn(w->p, letter);
    struct zone *z;
    bool known;

    if (!memchr(w->p, '/', n))
        return 0;
    snprintf(w->place, sizeof(w->place), "%.*s", (int)n, w->p);
    z = zone_open(w->place);
    known = n < sizeof(w->place) && !strcmp(zone_name(z), w->place);
    zone_free(z);
    if (!known)
        return when_refuse(w, "'%s' is no time zone that is known here", w->place);
    w->p += n;
    return set_zone(w, 0, false) == 0 ? 1 : -1;
}

static int read_word(struct said *w)
{
    char word[16];
    size_t n = letters(w, word, sizeof(word));
    int value;
    enum word_kind kind = n ? when_word(word, n, &value) : WORD_UNKNOWN;

    if (kind != WORD_UNKNOWN)
        w->p += n;
    if (kind == WORD_FILL && !strcmp(word, "at")) {
        w->at = true;
        return 0;
    }
    switch (kind) {
    case WORD_FILL:
    case WORD_IN:
        return 0;
    case WORD_FROM_NOW:
        return w->amount ? 0 : when_refuse(w, "'%s' follows no amount", word);
    case WORD_AGO:
        w->seconds = -w->seconds;
        w->months = -w->months;
        return w->amount ? 0 : when_refuse(w, "'ago' follows no amount");
    case WORD_NOW:
        w->now = true;
        return 0;
    case WORD_TONIGHT:
        w->implied = value;
        return set_day(w, DAY_SHIFT, 0);
    case WORD_HOUR:
        w->implied = value;
        return 0;
    case WORD_DAY:
        return set_day(w, DAY_SHIFT, value);
    case WORD_WEEKDAY:
        return w->kind == DAY_DATE ? 0 : set_day(w, DAY_WEEKDAY, value);
    case WORD_MONTH:
        return read_month(w, value, UNSET);
    case WORD_ZONE:
    case WORD_US_ZONE:
        return set_zone(w, value, kind == WORD_US_ZONE);
    case WORD_THIS:
    case WORD_NEXT:
    case WORD_HALF:
    case WORD_A:
        return read_after(w, kind, kind == WORD_A ? value : 1);
    default:
        break;
    }
    if (w->hour != UNSET && !w->zone)
        return when_refuse(w, "'%.*s' is no time zone that is known here",
                           (int)strcspn(w->p, " "), w->p);
    return when_refuse(w, "'%.*s' is no time", (int)strcspn(w->p, " "), w->p);
}

int when_read(struct said *w)
{
    for (spaces(w); *w->p; spaces(w)) {
        int got = 0;
        bool at = w->at;

        if (*w->p == '#')
            return 0; /* a comment */
        if (isdigit((unsigned char)*w->p)) {
            got = read_date(w);
            if (got == 0)
                got = read_number(w, 0);
        }
        else if ((*w->p == '+' || *w->p == '-') && (got = read_offset(w)) == 0) {
            int sign = *w->p++ == '-' ? -1 : 1;

            spaces(w);
            got = digits(w->p) ? read_number(w, sign)
                               : when_refuse(w, "a sign without a number");
        }
        else if (got == 0 && (got = read_place(w)) == 0) {
            got = read_word(w);
        }
        if (got < 0)
            return -1;
        if (at)
            w->at = false;
    }
    return 0;
}
