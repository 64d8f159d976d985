#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verdict.h"

/*
 * One check a letter and a second: u up, s slow, d down. Under it what is believed after
 * it, and where that changes, since which second ('.' no change).
 */
static const struct {
    const char *name;
    int retries, from;
    const char *checks, *believed, *since;
} stories[] = {
    {"the first good check is believed", 1, STATUS_UNKNOWN, "u", "u", "0"},
    {"one failure is not believed", 1, STATUS_UP, "udu", "uuu", "..."},
    {"the second failure is, since the first", 1, STATUS_UP, "udd", "uud", "..1"},
    {"without retries the first is", 0, STATUS_UP, "ud", "ud", ".1"},
    {"three retries need four", 3, STATUS_UP, "dddd", "uuud", "...0"},
    {"a good one between begins the count anew", 2, STATUS_UP, "ddudd", "uuuuu", "....."},
    {"up at the first good check", 1, STATUS_DOWN, "ddu", "ddu", "..2"},
    {"still down says nothing new", 1, STATUS_DOWN, "dddd", "dddd", "...."},
    {"slow twice is degraded, since the first", 1, STATUS_UP, "uss", "uus", "..1"},
    {"slow once is not", 1, STATUS_UP, "usu", "uuu", "..."},
    {"slow and failed in turn is degraded", 1, STATUS_UP, "dsds", "uAAA", ".0.."},
    {"degraded to down needs failures in a row", 1, STATUS_UP, "ssdd", "uAAd", ".0.2"},
    {"a slow one between breaks the row", 1, STATUS_DEGRADED, "dsdsd", "AAAAA", "....."},
    {"down to degraded at the first slow one", 2, STATUS_DOWN, "ds", "dA", ".1"},
    {"degraded to up at the first good one", 2, STATUS_DEGRADED, "su", "Au", ".1"},
    {"unknown to down needs as many", 1, STATUS_UNKNOWN, "dd", "?d", ".0"},
    {"unknown to degraded needs as many", 1, STATUS_UNKNOWN, "ss", "?A", ".0"},
    {"down, up, down: two outages", 1, STATUS_UP, "dduddu", "uduudu", ".02.35"},
};

static int believed(char c)
{
    return c == 'u'   ? STATUS_UP
           : c == 'd' ? STATUS_DOWN
           : c == '?' ? STATUS_UNKNOWN
                      : STATUS_DEGRADED;
}

static int raw(char c)
{
    return c == 'u' ? STATUS_UP : c == 'd' ? STATUS_DOWN : STATUS_DEGRADED;
}

static void play(size_t n, int hand_over)
{
    struct verdict v = {.status = (int16_t)stories[n].from};
    const char *p = stories[n].checks;
    int64_t since, at;
    int16_t packed;
    int i;
    bool flip, wanted;

    for (i = 0; p[i]; i++) {
        since = -1;
        flip = verdict_add(&v, raw(p[i]), stories[n].retries, i, &since);
        wanted = stories[n].since[i] != '.';
        if (v.status != believed(stories[n].believed[i]) || flip != wanted ||
            (flip && since != stories[n].since[i] - '0'))
            fail_msg("%s: check %d: %s%s since %d", stories[n].name, i, status_name(v.status),
                     flip ? ", new" : "", (int)since);
        if (!hand_over)
            continue;
        packed = verdict_pack(&v, &at);
        memset(&v, 0x55, sizeof(v));
        verdict_unpack(&v, believed(stories[n].believed[i]), packed, at);
    }
}

static void the_stories_hold(void **)
{
    size_t i;

    for (i = 0; i < sizeof(stories) / sizeof(*stories); i++)
        play(i, 0);
}

static void they_hold_when_each_check_is_another_owners(void **)
{
    size_t i;

    for (i = 0; i < sizeof(stories) / sizeof(*stories); i++)
        play(i, 1);
}

static void an_unconfirmed_check_wants_another_soon(void **)
{
    struct verdict v = {.status = STATUS_UP};

    assert_true(verdict_open(&v, STATUS_DOWN));
    assert_true(verdict_open(&v, STATUS_DEGRADED));
    assert_false(verdict_open(&v, STATUS_UP));
    v.status = STATUS_DEGRADED;
    assert_true(verdict_open(&v, STATUS_DOWN));
    assert_false(verdict_open(&v, STATUS_DEGRADED));
    v.status = STATUS_DOWN;
    assert_false(verdict_open(&v, STATUS_DOWN));
    assert_false(verdict_open(&v, STATUS_DEGRADED));
}

static void long_runs_do_not_overflow(void **)
{
    struct verdict v = {.status = STATUS_UP}, w;
    int64_t since, at;
    int i;

    for (i = 0; i < 100000; i++)
        verdict_add(&v, STATUS_DOWN, 10, i, &since);
    assert_int_equal(v.status, STATUS_DOWN);
    assert_true(verdict_pack(&v, &at) > 0);
    assert_int_equal(at, 0);
    verdict_unpack(&w, STATUS_DOWN, verdict_pack(&v, &at), at);
    assert_int_equal(w.bad, v.bad);
    assert_int_equal(w.down, v.down);
    verdict_unpack(&w, STATUS_UP, (int16_t)0x7f00, 0); /* cannot be: more failed than bad */
    assert_int_equal(w.down, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stories_hold),
        cmocka_unit_test(they_hold_when_each_check_is_another_owners),
        cmocka_unit_test(an_unconfirmed_check_wants_another_soon),
        cmocka_unit_test(long_runs_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
