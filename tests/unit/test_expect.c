#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "expect.h"

static void ranges_are_read(void **)
{
    static const struct {
        const char *text;
        short yes[4], no[4];
    } cases[] = {
        {"200", {200}, {199, 201, 0, 599}},
        {"200-399", {200, 301, 399}, {199, 400, 0}},
        {"200-299,401", {200, 299, 401}, {300, 400, 402}},
        {"100,599", {100, 599}, {101, 598}},
        {"404-404", {404}, {403, 405}},
    };
    struct expect e;
    size_t i;
    int k;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(expect_parse(&e, cases[i].text), 0);
        for (k = 0; k < 4; k++) {
            if (cases[i].yes[k])
                assert_true(expect_match(&e, cases[i].yes[k]));
            assert_false(expect_match(&e, cases[i].no[k]));
        }
    }
}

static void what_is_none_expects_nothing(void **)
{
    static const char *const bad[] = {
        "",        "2",   "20",  "2000", "200-", "-200", "200,",        ",200",    "200--300",
        "300-200", "099", "600", "200 ", " 200", "2xx",  "200-300-400", "200;300", "200,,300"};
    char many[128] = "200";
    struct expect e;
    size_t i;
    int code;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (expect_parse(&e, bad[i]) == 0)
            fail_msg("'%s' was taken", bad[i]);
        for (code = 0; code < 1000; code++)
            assert_false(expect_match(&e, code));
    }
    for (i = 1; i < EXPECT_MAX; i++)
        strcat(many, ",200");
    assert_int_equal(expect_parse(&e, many), 0);
    strcat(many, ",200");
    assert_int_equal(expect_parse(&e, many), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(what_is_none_expects_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
