/* page_zone: wall clocks of the world, as its governments move them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "page_zone.h"
#include "page_zone_rule.h"

static void clocks_are_those_of_the_place(void **)
{
    static const struct {
        const char *zone;
        int64_t at;
        const char *shows;
    } cases[] = {
        {"UTC", 0, "1970-01-01 00:00:00 4 UTC"},
        {"Europe/Berlin", 1795259700, "2026-11-21 12:15:00 6 CET"},
        {"Europe/Berlin", 1774745999, "2026-03-29 01:59:59 0 CET"}, /* the hour that is not */
        {"Europe/Berlin", 1774746000, "2026-03-29 03:00:00 0 CEST"},
        {"Europe/Berlin", 1792889999,
         "2026-10-25 02:59:59 0 CEST"}, /* the hour that is twice */
        {"Europe/Berlin", 1792890000, "2026-10-25 02:00:00 0 CET"},
        {"Australia/Lord_Howe", 1775314800,
         "2026-04-05 01:30:00 0 UTC+10:30"}, /* half an hour */
        {"Australia/Lord_Howe", 1775314799, "2026-04-05 01:59:59 0 UTC+11"},
        {"America/New_York", 1793512800, "2026-11-01 01:00:00 0 EST"},
        {"America/New_York", 1793512799, "2026-11-01 01:59:59 0 EDT"},
        {"Asia/Kathmandu", 1795259700, "2026-11-21 17:00:00 6 UTC+5:45"},
        {"America/St_Johns", 1795259700, "2026-11-21 07:45:00 6 NST"},
        {"Pacific/Kiritimati", 1795259700, "2026-11-22 01:15:00 0 UTC+14"},
        {"Europe/Berlin", -1700000000, "1916-02-18 02:46:40 5 CET"},
        {"Europe/Berlin", 4102444800,
         "2100-01-01 01:00:00 5 CET"}, /* by the rule at the end */
        {"Europe/Berlin", 4118083200, "2100-07-01 02:00:00 4 CEST"},
        {"UTC", INT64_MAX, "9999-12-31 23:59:59 5 UTC"}, /* as late as it gets */
        {"Africa/Casablanca", 1795259700, "2026-11-21 12:15:00 6 UTC+1"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct zone *z = zone_open(cases[i].zone);
        struct zone_time t;
        char shows[80];

        assert_string_equal(zone_name(z), cases[i].zone);
        zone_time(z, cases[i].at, &t);
        snprintf(shows, sizeof(shows), "%04d-%02d-%02d %02d:%02d:%02d %d %s", t.year, t.month,
                 t.day, t.hour, t.minute, t.second, t.weekday, t.abbr);
        if (strcmp(shows, cases[i].shows))
            fail_msg("%s at %lld: %s, not %s", cases[i].zone, (long long)cases[i].at, shows,
                     cases[i].shows);
        zone_free(z);
    }
}

/* libc knows one zone a process; here is one process, so it may be asked. */
static void libc_agrees_through_the_years(void **)
{
    static const char *const zones[] = {
        "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Tehran",
        "Africa/Cairo",  "Europe/Dublin",     "Antarctica/Troll"};
    size_t i;
    int64_t at;

    for (i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
        struct zone *z = zone_open(zones[i]);

        setenv("TZ", zones[i], 1);
        tzset();
        for (at = -2000000000; at < 4200000000; at += 3 * 86400 + 3607) {
            time_t when = (time_t)at;
            struct zone_time t;
            struct tm want;

            localtime_r(&when, &want);
            zone_time(z, at, &t);
            if (t.hour != want.tm_hour || t.minute != want.tm_min || t.day != want.tm_mday ||
                t.offset_s != want.tm_gmtoff)
                fail_msg("%s at %lld: %02d:%02d, libc says %02d:%02d", zones[i], (long long)at,
                         t.hour, t.minute, want.tm_hour, want.tm_min);
        }
        zone_free(z);
    }
    unsetenv("TZ");
}

static void a_name_stays_in_its_folder(void **)
{
    static const char *const names[] = {
        "",
        "Nowhere/Land",
        "../../../etc/passwd",
        "/etc/passwd",
        "Europe/../../x",
        "Europe/",
        "Europe",
        ".",
        "tzdata.zi",
        "Europe//Berlin",
        "zone.tab",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct zone *z = zone_open(names[i]);
        struct zone_time t;

        assert_string_equal(zone_name(z), "UTC");
        zone_time(z, 86399, &t);
        assert_int_equal(t.hour, 23);
        zone_free(z);
    }
    zone_free(zone_open(NULL));
}

static void broken_files_are_utc(void **)
{
    char dir[] = "/tmp/tocsin.XXXXXX", path[64];
    char file[44 * 2 + 64];
    size_t len;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/Bad", dir);
    setenv("TZDIR", dir, 1);
    for (len = 0; len < sizeof(file); len++) { /* every length of a file that promises more */
        FILE *f = fopen(path, "w");
        struct zone *z;

        memset(file, 0, sizeof(file));
        memcpy(file, "TZif2", 5);
        file[44 - 8 + 3] = 1; /* one type, */
        file[44 - 4 + 3] = 4; /* four letters */
        memcpy(file + 44 + 10, "TZif2", 5);
        file[54 + 32 + 3] = (char)200; /* and 200 changes that are not there */
        file[54 + 36 + 3] = 1;
        file[54 + 40 + 3] = 4;
        fwrite(file, 1, len, f);
        fclose(f);
        z = zone_open("Bad");
        assert_string_equal(zone_name(z), "UTC");
        zone_free(z);
    }
    unsetenv("TZDIR");
    remove(path);
    remove(dir);
}

static void rules_are_read_or_refused(void **)
{
    static const char *const bad[] = {"",
                                      "X",
                                      "CET",
                                      "CET-",
                                      "CET-1CEST",
                                      "CET-1CEST,",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "<+03",
                                      "TOOLONGNAME-1",
                                      "CET-168",
                                      "CET-1CEST,M3.5.0,M10.5.0/3x",
                                      "CET-1CEST,J0,J5"};
    struct zone_rule r;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (zone_rule_parse(&r, bad[i]) || r.there)
            fail_msg("'%s' is a rule", bad[i]);
    assert_true(zone_rule_parse(&r, "CET-1CEST,M3.5.0,M10.5.0/3"));
    assert_int_equal(r.clock[1].offset_s, 7200);
    assert_true(zone_rule_parse(&r, "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"));
    assert_true(zone_rule_parse(&r, "EST5"));
    assert_int_equal(zone_rule_at(&r, 0), 0);
    /* the 60th day is the first of March in any year; 0 and 364 count February 29 */
    assert_true(zone_rule_parse(&r, "A0B,J60/0,J61/0"));
    assert_int_equal(zone_rule_at(&r, 1709251200), 1); /* 2024-03-01 */
    assert_int_equal(zone_rule_at(&r, 1709251199), 0);
    assert_int_equal(zone_rule_at(&r, 1740787200), 1); /* 2025-03-01 */
    assert_true(zone_rule_parse(&r, "A0B,59/0,60/0"));
    assert_int_equal(zone_rule_at(&r, 1709164800), 1); /* 2024-02-29 */
    assert_int_equal(zone_rule_at(&r, 1740787200), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_those_of_the_place),
        cmocka_unit_test(libc_agrees_through_the_years),
        cmocka_unit_test(a_name_stays_in_its_folder),
        cmocka_unit_test(broken_files_are_utc),
        cmocka_unit_test(rules_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
