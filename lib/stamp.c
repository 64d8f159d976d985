#include "stamp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* From the era-based algorithms of civil dates: a year begins in March, so that the leap day
 * is its last. */
static int64_t days_of(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (5 * doy + 2) / 153;

    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Exactly `n` digits at *s; -1: they are not there. */
static int digits(const char **s, int n)
{
    int value = 0;

    while (n-- > 0) {
        if (**s < '0' || **s > '9')
            return -1;
        value = value * 10 + (*(*s)++ - '0');
    }
    return value;
}

static bool eat(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static int read_day(const char **s, int64_t *days)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    if ((year = digits(s, 4)) < 0 || !eat(s, '-') || (month = digits(s, 2)) < 1 ||
        month > 12 || !eat(s, '-') || (day = digits(s, 2)) < 1)
        return -1;
    if (day > length[month - 1] + (month == 2 && leap(year)))
        return -1;
    *days = days_of(year, month, day);
    return 0;
}

/* ".5" as ms; what is finer is cut off. */
static int read_fraction(const char **s)
{
    int ms = 0, scale = 100;

    if (**s < '0' || **s > '9')
        return -1;
    for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
        ms += (**s - '0') * scale;
    return ms;
}

/* Minutes east of UTC; 9999: none. */
static int read_zone(const char **s)
{
    int sign = **s == '-' ? -1 : 1, hour, minute;

    if (eat(s, 'Z') || eat(s, 'z'))
        return 0;
    if (!eat(s, '+') && !eat(s, '-'))
        return 9999;
    if ((hour = digits(s, 2)) < 0 || hour > 23)
        return 9999;
    eat(s, ':');
    if ((minute = digits(s, 2)) < 0 || minute > 59)
        return 9999;
    return sign * (hour * 60 + minute);
}

int stamp_parse(const char *text, int64_t *ms)
{
    int hour, minute, second = 0, fraction = 0, zone;
    const char *s = text;
    int64_t days;

    if (read_day(&s, &days) != 0 || (!eat(&s, 'T') && !eat(&s, 't') && !eat(&s, ' ')))
        return -1;
    if ((hour = digits(&s, 2)) < 0 || hour > 23 || !eat(&s, ':') ||
        (minute = digits(&s, 2)) < 0 || minute > 59)
        return -1;
    if (eat(&s, ':')) {
        if ((second = digits(&s, 2)) < 0 || second > 60)
            return -1;
        if (eat(&s, '.') && (fraction = read_fraction(&s)) < 0)
            return -1;
    }
    if ((zone = read_zone(&s)) == 9999 || *s)
        return -1;
    *ms = (days * 86400 + hour * 3600 + (minute - zone) * 60 + second) * 1000 + fraction;
    return 0;
}

int stamp_parse_day(const char *text, int *day)
{
    const char *s = text;
    int64_t days;

    if (read_day(&s, &days) != 0 || *s)
        return -1;
    *day = (int)days;
    return 0;
}

int stamp_day(int64_t ms)
{
    return (int)((ms >= 0 ? ms : ms - (STAMP_DAY_MS - 1)) / STAMP_DAY_MS);
}

void stamp_format_day(int day, char out[11])
{
    int y, m, d;

    date_of(day, &y, &m, &d);
    if (y < 0 || y > 9999)
        y = y < 0 ? 0 : 9999;
    out[0] = (char)('0' + y / 1000);
    out[1] = (char)('0' + y / 100 % 10);
    out[2] = (char)('0' + y / 10 % 10);
    out[3] = (char)('0' + y % 10);
    out[4] = out[7] = '-';
    out[5] = (char)('0' + m / 10);
    out[6] = (char)('0' + m % 10);
    out[8] = (char)('0' + d / 10);
    out[9] = (char)('0' + d % 10);
    out[10] = '\0';
}

void stamp_format(int64_t ms, char out[STAMP_SIZE])
{
    int64_t least = -62167219200000LL, most = 253402300799999LL;
    unsigned rest;
    int day;

    ms = ms < least ? least : ms > most ? most : ms;
    day = stamp_day(ms);
    rest = (unsigned)(ms - day * STAMP_DAY_MS);
    stamp_format_day(day, out);
    snprintf(out + 10, STAMP_SIZE - 10, "T%02u:%02u:%02u.%03uZ", rest / 3600000 % 24,
             rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

int64_t stamp_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
