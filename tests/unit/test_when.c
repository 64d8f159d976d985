/* when: the times that people write, as a table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "day.h"
#include "when.h"

static int64_t seconds(const char *iso)
{
    int64_t ms;

    if (!day_parse_ms(iso, &ms))
        fail_msg("'%s' is no time", iso);
    return ms / 1000;
}

/* What each row counts from: a Wednesday. */
#define ANCHOR "2025-11-05T10:20:30Z"

static const struct {
    const char *words, *at; /* at NULL: refused */
    const char *anchor;     /* NULL: ANCHOR */
} cases[] = {
    /* ISO */
    {"2025-11-15T02:00:00Z", "2025-11-15T02:00:00Z", NULL},
    {"2025-11-15T02:00:00+02:00", "2025-11-15T00:00:00Z", NULL},
    {"2025-11-15t02:00:00.500z", "2025-11-15T02:00:00Z", NULL},
    {"2025-11-15T02:00:00-0830", "2025-11-15T10:30:00Z", NULL},
    {"2025-11-15T02:00", "2025-11-15T02:00:00Z", NULL},
    {"2025-11-15 02:00 CET", "2025-11-15T01:00:00Z", NULL},
    {"2025-11-15 02:00 +01", "2025-11-15T01:00:00Z", NULL},
    {"2025-11-15", "2025-11-15T12:00:00Z", NULL},
    {"@2025-11-15", "2025-11-15T12:00:00Z", NULL},
    {"2025-11-15T02:00:00Z # two hours", "2025-11-15T02:00:00Z", NULL},
    {"2024-02-29", "2024-02-29T12:00:00Z", NULL},
    {"2025-02-29", NULL, NULL},
    {"2025-02-30T02:00:00Z", NULL, NULL},
    {"2025-13-01", NULL, NULL},
    {"2025-00-10", NULL, NULL},
    {"2025-11-15T24:00:00Z", NULL, NULL},
    {"2025-11-15T02:60:00Z", NULL, NULL},
    {"2025-11-15T02:00:61Z", NULL, NULL},
    {"2025-11-15T02:00:00+25:00", NULL, NULL},
    {"2025-11-15T02:00:00XYZ", NULL, NULL},
    {"1969-12-31", NULL, NULL},
    {"11/15/2025 2am", "2025-11-15T02:00:00Z", NULL},
    {"15/11/2025 2am", "2025-11-15T02:00:00Z", NULL},
    {"15.11.2025 14:00", "2025-11-15T14:00:00Z", NULL},
    {"2025/11/15", "2025-11-15T12:00:00Z", NULL},
    /* days */
    {"@tomorrow 2am UTC", "2025-11-06T02:00:00Z", NULL},
    {"tomorrow at 2pm", "2025-11-06T14:00:00Z", NULL},
    {"Tomorrow at 2:30 PM", "2025-11-06T14:30:00Z", NULL},
    {"tomorrow", "2025-11-06T12:00:00Z", NULL},
    {"tomorrow 2am PST", "2025-11-06T10:00:00Z", NULL},
    {"tomorrow 2am PST", "2025-11-05T10:00:00Z", "2025-11-05T03:00:00Z"}, /* the 4th there */
    {"tomorrow 9am AEST", "2025-11-06T23:00:00Z", "2025-11-05T20:00:00Z"},
    {"today 23:59", "2025-11-05T23:59:00Z", NULL},
    {"tonight", "2025-11-05T22:00:00Z", NULL},
    {"tonight at 8", "2025-11-05T20:00:00Z", NULL},
    {"tomorrow morning", "2025-11-06T06:00:00Z", NULL},
    {"tomorrow evening at 9", "2025-11-06T21:00:00Z", NULL},
    {"at 8 in the evening", "2025-11-05T20:00:00Z", NULL},
    {"this afternoon", "2025-11-05T15:00:00Z", NULL},
    {"noon", "2025-11-05T12:00:00Z", NULL},
    {"tomorrow midnight", "2025-11-06T00:00:00Z", NULL},
    {"9am", "2025-11-05T09:00:00Z", NULL},
    {"at 9", "2025-11-05T09:00:00Z", NULL},
    {"12am", "2025-11-05T00:00:00Z", NULL},
    {"12pm", "2025-11-05T12:00:00Z", NULL},
    {"14:00 CET", "2025-11-05T13:00:00Z", NULL},
    {"13pm", NULL, NULL},
    {"0am", NULL, NULL},
    {"25:00", NULL, NULL},
    {"tomorrow yesterday", NULL, NULL},
    {"tomorrow 2am 3am", NULL, NULL},
    {"tomorrow 2am PST CET", NULL, NULL},
    {"tomorrow 2am XYZ", NULL, NULL},
    /* weekdays; the anchor is a Wednesday */
    {"next Monday 9am", "2025-11-10T09:00:00Z", NULL},
    {"next Friday 9am", "2025-11-14T09:00:00Z", NULL},
    {"next Sunday", "2025-11-16T12:00:00Z", NULL},
    {"next Monday 9am", "2025-11-10T09:00:00Z", "2025-11-09T10:00:00Z"}, /* from a Sunday */
    {"Friday 22:00", "2025-11-07T22:00:00Z", NULL},
    {"this Friday at 22:00", "2025-11-07T22:00:00Z", NULL},
    {"Wed 9am", "2025-11-05T09:00:00Z", NULL},
    {"Mon", "2025-11-10T12:00:00Z", NULL},
    {"Sat, Nov 15, 2025 2am", "2025-11-15T02:00:00Z", NULL},
    /* months */
    {"Nov 15 2am PST", "2025-11-15T10:00:00Z", NULL},
    {"November 15, 2025 2:00 am", "2025-11-15T02:00:00Z", NULL},
    {"15 November 2025 02:00 CET", "2025-11-15T01:00:00Z", NULL},
    {"15th of November", "2025-11-15T12:00:00Z", NULL},
    {"the 1st of Dec at 9pm", "2025-12-01T21:00:00Z", NULL},
    {"Jan 3 1am", "2026-01-03T01:00:00Z", "2025-12-30T00:00:00Z"}, /* nearest, not past */
    {"Dec 30 1am", "2025-12-30T01:00:00Z", "2026-01-02T00:00:00Z"},
    {"Feb 30", NULL, NULL},
    {"June 31 2025", NULL, NULL},
    {"November", NULL, NULL},
    /* amounts: the hour stays */
    {"+2h", "2025-11-05T12:20:30Z", NULL},
    {"@+30m", "2025-11-05T10:50:30Z", NULL},
    {"+1d 12h", "2025-11-06T22:20:30Z", NULL},
    {"in 3 hours", "2025-11-05T13:20:30Z", NULL},
    {"in 1.5 hours", "2025-11-05T11:50:30Z", NULL},
    {"in an hour", "2025-11-05T11:20:30Z", NULL},
    {"in half an hour", "2025-11-05T10:50:30Z", NULL},
    {"2 hours from now", "2025-11-05T12:20:30Z", NULL},
    {"2 hours ago", "2025-11-05T08:20:30Z", NULL},
    {"-2h", "2025-11-05T08:20:30Z", NULL},
    {"in two weeks at 9am", "2025-11-19T09:00:00Z", NULL},
    {"next week", "2025-11-12T10:20:30Z", NULL},
    {"in 1 month", "2025-02-28T08:00:00Z", "2025-01-31T08:00:00Z"},
    {"in 13 months", "2026-12-05T10:20:30Z", NULL},
    {"2 months ago", "2024-12-05T10:20:30Z", "2025-02-05T10:20:30Z"},
    {"now", "2025-11-05T10:20:30Z", NULL},
    {"in 999999 years", NULL, NULL},
    {"+99999999999999999999h", NULL, NULL},
    {"2 bananas", NULL, NULL},
    {"+", NULL, NULL},
    {"ago", NULL, NULL},
    {"in half a month", NULL, NULL},
    /* daylight saving in the United States */
    {"2025-07-01 09:00 ET", "2025-07-01T13:00:00Z", NULL},
    {"2025-12-01 09:00 ET", "2025-12-01T14:00:00Z", NULL},
    {"2025-03-09 03:00 PT", "2025-03-09T10:00:00Z", NULL},
    {"2025-11-02 01:30 PT", "2025-11-02T08:30:00Z", NULL},
    /* places */
    {"2025-07-01 09:00 Europe/Berlin", "2025-07-01T07:00:00Z", NULL},
    {"2025-12-01 09:00 Europe/Berlin", "2025-12-01T08:00:00Z", NULL},
    {"2025-03-30 02:30 Europe/Berlin", "2025-03-30T01:30:00Z",
     NULL}, /* there is none: 03:30 */
    {"2025-10-26 02:30 Europe/Berlin", "2025-10-26T00:30:00Z", NULL}, /* the first of two */
    {"tomorrow 2am America/Los_Angeles", "2025-11-05T10:00:00Z", "2025-11-05T03:00:00Z"},
    {"2025-12-01 09:00 Europe/Nowhere", NULL, NULL},
    {"2025-12-01 09:00 ../../etc/passwd", NULL, NULL},
    {"2025-12-01 09:00 Europe/Berlin UTC", NULL, NULL},
    /* no time at all */
    {"", NULL, NULL},
    {"@", NULL, NULL},
    {"soon", NULL, NULL},
    {"when it is done", NULL, NULL},
    {"1762336830", NULL, NULL},
    {"\xe6\x98\x8e\xe6\x97\xa5", NULL, NULL},
    {"2025-11-15T02:00:00Z; rm -rf", NULL, NULL},
};

static void words_are_the_time_they_say(void **)
{
    char got[32], error[200];
    int64_t at;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *anchor = cases[i].anchor ? cases[i].anchor : ANCHOR;
        int rc = when_parse(cases[i].words, seconds(anchor), &at, error, sizeof(error));

        if (rc != 0) {
            if (cases[i].at)
                fail_msg("'%s' is refused: %s", cases[i].words, error);
            assert_true(error[0]);
            continue;
        }
        day_print_s(at, got);
        if (!cases[i].at || strcmp(got, cases[i].at) != 0)
            fail_msg("'%s' is %s, not %s", cases[i].words, got, cases[i].at);
    }
}

static void a_refusal_says_why(void **)
{
    static const struct {
        const char *words, *why;
    } why[] = {
        {"2025-02-30", "there is no 30 February"},
        {"tomorrow 2am XYZ", "'XYZ' is no time zone that is known here"},
        {"25:00", "there is no 25:00 on a clock"},
        {"soon", "'soon' is no time"},
        {"", "it says no time"},
    };
    char error[200];
    int64_t at;
    size_t i;

    for (i = 0; i < sizeof(why) / sizeof(*why); i++) {
        assert_int_equal(when_parse(why[i].words, 0, &at, error, sizeof(error)), -1);
        assert_string_equal(error, why[i].why);
    }
}

static void long_words_are_no_time(void **)
{
    char words[WHEN_MAX + 2], error[10];
    int64_t at;

    memset(words, '9', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    assert_int_equal(when_parse(words, 0, &at, error, sizeof(error)), -1);
    assert_int_equal(strlen(error), 9); /* cut, never longer than its room */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_the_time_they_say),
        cmocka_unit_test(a_refusal_says_why),
        cmocka_unit_test(long_words_are_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
