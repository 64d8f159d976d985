/* Buckets empty and fill, say when, and forget nobody for another's sake. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tocsin_core.h"

static tocsin_counters counters;

tocsin_counters *tocsin_counters_get(void)
{
    return &counters;
}

static int take(const char *key, double at_s, double per_second, int burst, int *retry_s)
{
    request_rec r = {.request_time = (apr_time_t)((1000 + at_s) * 1e6)};

    return tocsin_limit(&r, key, per_second, burst, retry_s);
}

static void a_burst_and_then_the_rate(void **)
{
    int retry_s = 0;

    for (int i = 0; i < 5; i++)
        assert_true(take("a", 0, 2, 5, &retry_s));
    assert_false(take("a", 0, 2, 5, &retry_s));
    assert_int_equal(retry_s, 1);
    assert_false(take("a", 0.4, 2, 5, &retry_s));
    assert_true(take("a", 0.5, 2, 5, &retry_s));
    assert_false(take("a", 0.6, 2, 5, &retry_s));
    for (int i = 0; i < 5; i++)
        assert_true(take("a", 60, 2, 5, &retry_s));
    assert_false(take("a", 60, 2, 5, &retry_s));
}

static void slow_rates_say_when(void **)
{
    int retry_s = 0;

    assert_true(take("slow", 0, 0.1, 1, &retry_s));
    assert_false(take("slow", 0, 0.1, 1, &retry_s));
    assert_int_equal(retry_s, 10);
    assert_false(take("slow", 9.5, 0.1, 1, &retry_s));
    assert_int_equal(retry_s, 1);
    assert_true(take("slow", 10, 0.1, 1, &retry_s));
}

static void a_token_given_back_may_be_taken_again(void **)
{
    int retry_s;

    assert_true(take("back", 0, 0.1, 1, &retry_s));
    tocsin_limit_refund("back", 0.1, 1);
    assert_true(take("back", 0, 0.1, 1, &retry_s));
    assert_false(take("back", 0, 0.1, 1, &retry_s));
    tocsin_limit_refund("never seen", 0.1, 1);
}

static void keys_do_not_share(void **)
{
    char key[16];
    int retry_s, refused = 0;

    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        refused += !take(key, 0, 1, 1, &retry_s);
    }
    assert_int_equal(refused, 0);
}

static void marks_are_found_until_they_end(void **)
{
    assert_false(tocsin_marked("session"));
    tocsin_mark("session", 60);
    assert_true(tocsin_marked("session"));
    assert_false(tocsin_marked("other"));
    tocsin_mark("session", -1);
    assert_false(tocsin_marked("session"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_the_rate),
        cmocka_unit_test(slow_rates_say_when),
        cmocka_unit_test(a_token_given_back_may_be_taken_again),
        cmocka_unit_test(keys_do_not_share),
        cmocka_unit_test(marks_are_found_until_they_end),
    };
    void *memory = calloc(1, limit_size());
    int failed;

    limit_attach(memory);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(memory);
    return failed;
}
