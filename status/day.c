/* day: days from civil dates and back (proleptic Gregorian), by arithmetic alone. */
#include <string.h>

#include "day.h"

int day_of_ms(int64_t ms)
{
    return (int)((ms - (ms < 0 ? DAY_MS - 1 : 0)) / DAY_MS);
}

int day_of_date(int year, int month, int day)
{
    int y = year - (month <= 2), era, yoe, doy;

    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void day_to_date(int day, int *year, int *month, int *mday)
{
    int z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = z - era * 146097;
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *mday = doy - (153 * mp + 2) / 5 + 1;
    *month = mp + (mp < 10 ? 3 : -9);
    *year = yoe + era * 400 + (*month <= 2);
}

/* The number that `n` digits make; -1 when one of them is none. */
static int digits(const char *s, int n)
{
    int value = 0;

    for (; n > 0; n--, s++) {
        if (*s < '0' || *s > '9')
            return -1;
        value = value * 10 + (*s - '0');
    }
    return value;
}

bool day_parse(const char *text, size_t len, int *day)
{
    int y, m, d, y2, m2, d2;

    if (len != 10 || text[4] != '-' || text[7] != '-')
        return false;
    y = digits(text, 4);
    m = digits(text + 5, 2);
    d = digits(text + 8, 2);
    if (y < 0 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    *day = day_of_date(y, m, d);
    day_to_date(*day, &y2, &m2, &d2);
    return y == y2 && m == m2 && d == d2;
}

/* The last `n` digits of a number: all that is printed here, and often, so not by printf. */
static char *put(char *out, unsigned number, int n)
{
    for (int i = n; i-- > 0; number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + n;
}

void day_print(int day, char *out)
{
    int y, m, d;

    day_to_date(day, &y, &m, &d);
    out = put(out, (unsigned)y, 4);
    *out++ = '-';
    out = put(out, (unsigned)m, 2);
    *out++ = '-';
    *put(out, (unsigned)d, 2) = 0;
}

void day_print_s(int64_t seconds, char *out)
{
    int day = day_of_ms(seconds * 1000), s = (int)(seconds - (int64_t)day * DAY_S);

    day_print(day, out);
    out[10] = 'T';
    out = put(out + 11, (unsigned)s / 3600, 2);
    *out++ = ':';
    out = put(out, (unsigned)s / 60 % 60, 2);
    *out++ = ':';
    out = put(out, (unsigned)s % 60, 2);
    *out++ = 'Z';
    *out = 0;
}

void day_print_ms(int64_t ms, char *out)
{
    int64_t s = (ms - (ms < 0 ? 999 : 0)) / 1000;

    day_print_s(s, out);
    out[19] = '.';
    out = put(out + 20, (unsigned)(ms - s * 1000), 3);
    *out++ = 'Z';
    *out = 0;
}

/* "+02:00", "-0130", "Z"; what the clock is ahead of UTC in minutes. */
static bool parse_zone(const char *p, int *minutes)
{
    int h, m, sign = *p == '-' ? -1 : 1;

    if ((*p == 'Z' || *p == 'z') && !p[1]) {
        *minutes = 0;
        return true;
    }
    if (*p != '+' && *p != '-')
        return false;
    p++;
    if ((h = digits(p, 2)) < 0)
        return false;
    p += 2;
    p += *p == ':';
    if ((m = digits(p, 2)) < 0 || p[2] || h > 23 || m > 59)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

/* ".5" and the like into ms; moves past all digits. */
static int parse_fraction(const char **p)
{
    int ms = 0, unit = 100;

    for (++*p; **p >= '0' && **p <= '9'; ++*p, unit /= 10)
        ms += (**p - '0') * unit;
    return ms;
}

bool day_parse_ms(const char *text, int64_t *ms)
{
    int day, h, m, s = 0, fraction = 0, zone = 0;
    const char *p = text + 10;

    if (strnlen(text, 10) < 10 || !day_parse(text, 10, &day))
        return false;
    if (!*p) {
        *ms = day * DAY_MS;
        return true;
    }
    if ((*p != 'T' && *p != 't' && *p != ' ') || strnlen(p, 6) < 6 || p[3] != ':')
        return false;
    h = digits(p + 1, 2);
    m = digits(p + 4, 2);
    p += 6;
    if (*p == ':') {
        if (strnlen(p, 3) < 3 || (s = digits(p + 1, 2)) < 0)
            return false;
        p += 3;
        if (*p == '.' && p[1] >= '0' && p[1] <= '9')
            fraction = parse_fraction(&p);
    }
    if (h < 0 || m < 0 || h > 23 || m > 59 || s > 60 || !parse_zone(p, &zone))
        return false;
    *ms = day * DAY_MS + (h * 3600 + m * 60 + s - zone * 60) * INT64_C(1000) + fraction;
    return true;
}
