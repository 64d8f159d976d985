/* page_sum: what days, components and incidents come to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "page.h"
#include "status.h"

#define DAY 86400

static struct page_component components[2];
static struct page_incident incidents[1];

static struct page plain(void)
{
    struct page p = {.day_down_s = 1800, .component = components, .incident = incidents};

    return p;
}

static void component(int i, int status)
{
    int k;

    memset(&components[i], 0, sizeof(*components));
    components[i].status = status;
    for (k = 0; k < PAGE_DAYS; k++)
        components[i].day[k].seconds[STATUS_UP] = DAY;
}

static void incident(const char *severity, int64_t resolved_at)
{
    incidents[0] = (struct page_incident){.severity = severity, .resolved_at = resolved_at};
}

static void days_take_the_colour_of_their_trouble(void **)
{
    static const struct {
        int32_t up, degraded, down, maintenance, paused;
        int status;
    } cases[] = {
        {DAY, 0, 0, 0, 0, STATUS_UP},
        {0, 0, 0, 0, 0, STATUS_UNKNOWN},
        {DAY - 59, 0, 59, 0, 0, STATUS_UP},
        {DAY - 60, 0, 60, 0, 0, STATUS_DEGRADED},
        {DAY, 0, 1800, 0, 0, STATUS_DEGRADED},
        {DAY, 0, 1801, 0, 0, STATUS_DOWN},
        {DAY, 59, 0, 0, 0, STATUS_UP},
        {DAY, 60, 0, 0, 0, STATUS_DEGRADED},
        {DAY, 0, 0, 7200, 0, STATUS_MAINTENANCE},
        {DAY, 60, 0, 7200, 0, STATUS_DEGRADED},
        {0, 0, 0, 30, 0, STATUS_MAINTENANCE},
        {0, 0, 0, 0, DAY, STATUS_PAUSED},
        {60, 0, 0, 0, DAY - 60, STATUS_UP},
    };
    struct page p = plain();
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct page_day d = {{0, cases[i].up, cases[i].degraded, cases[i].down,
                              cases[i].maintenance, cases[i].paused},
                             0,
                             0,
                             -1,
                             -1};

        if (page_day_status(&p, &d) != cases[i].status)
            fail_msg("case %zu is %s", i, status_name(page_day_status(&p, &d)));
    }
}

static void percent_is_weighted_by_seconds_and_rounded_down(void **)
{
    int k;

    component(0, STATUS_UP);
    assert_int_equal(page_percent(&components[0], PAGE_DAYS), 10000);
    components[0].day[10].seconds[STATUS_DOWN] = 1; /* one second of 90 days is not 100 % */
    assert_int_equal(page_percent(&components[0], PAGE_DAYS), 9999);
    assert_int_equal(page_percent(&components[0], 30), 10000);
    components[0].day[10].seconds[STATUS_MAINTENANCE] = DAY; /* neither up nor down */
    components[0].day[10].seconds[STATUS_PAUSED] = DAY;
    assert_int_equal(page_percent(&components[0], PAGE_DAYS), 9999);
    for (k = 0; k < PAGE_DAYS; k++)
        memset(components[0].day[k].seconds, 0, sizeof(components[0].day[k].seconds));
    assert_int_equal(page_percent(&components[0], PAGE_DAYS), -1);
    components[0].day[0].seconds[STATUS_DEGRADED] = 3;
    components[0].day[0].seconds[STATUS_DOWN] = 1;
    assert_int_equal(page_percent(&components[0], PAGE_DAYS), 7500); /* degraded is up */
    /* a short bad day counts less than a long good one */
    components[0].day[1].seconds[STATUS_UP] = DAY;
    components[0].day[1].seconds[STATUS_DOWN] = 0;
    assert_int_equal(page_percent(&components[0], PAGE_DAYS), 9999);
}

static void the_worst_is_told_first(void **)
{
    static const struct {
        int a, b;
        const char *open; /* severity of an incident; NULL: none */
        int overall;
    } cases[] = {
        {STATUS_UP, STATUS_UP, NULL, STATUS_UP},
        {STATUS_UP, STATUS_PAUSED, NULL, STATUS_UP},
        {STATUS_PAUSED, STATUS_PAUSED, NULL, STATUS_PAUSED},
        {STATUS_UP, STATUS_MAINTENANCE, NULL, STATUS_MAINTENANCE},
        {STATUS_MAINTENANCE, STATUS_UNKNOWN, NULL, STATUS_UNKNOWN},
        {STATUS_UNKNOWN, STATUS_DEGRADED, NULL, STATUS_DEGRADED},
        {STATUS_DOWN, STATUS_DEGRADED, NULL, STATUS_DOWN},
        {STATUS_UP, STATUS_UP, "minor", STATUS_DEGRADED},
        {STATUS_UP, STATUS_UP, "critical", STATUS_DOWN},
        {STATUS_DOWN, STATUS_UP, "minor", STATUS_DOWN},
    };
    struct page p = plain();
    size_t i;

    assert_int_equal(page_overall(&p), STATUS_UNKNOWN); /* nothing is not "all is well" */
    p.components = 2;
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        component(0, cases[i].a);
        component(1, cases[i].b);
        p.incidents = cases[i].open != NULL;
        if (cases[i].open)
            incident(cases[i].open, 0);
        assert_int_equal(page_overall(&p), cases[i].overall);
    }
    incident("critical", 1);
    p.incidents = 1;
    component(0, STATUS_UP);
    assert_int_equal(page_overall(&p), STATUS_UP);
}

static void how_old_it_may_be_is_said(void **)
{
    struct page p = plain(); /* nothing is set: every word may be missing */
    buf out = {0};

    page_html(&p, -1, &out);
    assert_non_null(strstr(buf_end(&out), "data-fresh=\"300\""));
    assert_non_null(strstr(out.data,
                           "Rewritten every minute; if this time is older than 5 minutes, the "
                           "status is unknown."));
    p.fresh_s = 1200;
    p.lang = "de-AT";
    buf_clear(&out);
    page_html(&p, -1, &out);
    assert_non_null(strstr(buf_end(&out), "data-fresh=\"1200\""));
    assert_non_null(
        strstr(out.data, "Ist diese Zeit älter als 20 min, so ist der Zustand unbekannt."));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_take_the_colour_of_their_trouble),
        cmocka_unit_test(percent_is_weighted_by_seconds_and_rounded_down),
        cmocka_unit_test(the_worst_is_told_first),
        cmocka_unit_test(how_old_it_may_be_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
