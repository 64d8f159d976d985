/* status_rule: who may read a page, from the file beside it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "status_rule.h"

static apr_pool_t *pool;

static int start(void **)
{
    apr_initialize();
    return apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int stop(void **)
{
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

static const char *parse(const char *text, struct status_rule *rule)
{
    return rule_parse(pool, apr_pstrdup(pool, text), rule);
}

static int admits(const char *text, const char *from)
{
    struct status_rule rule;
    apr_sockaddr_t *address;

    assert_null(parse(text, &rule));
    assert_int_equal(apr_sockaddr_info_get(&address, from, APR_UNSPEC, 0, 0, pool),
                     APR_SUCCESS);
    return rule_admits(&rule, address);
}

static void networks_let_in_who_is_inside(void **)
{
    static const char rule[] =
        "address 192.0.2.0/24 198.51.100.7\n# office\naddress 2001:db8::/32\n";

    assert_true(admits(rule, "192.0.2.255"));
    assert_true(admits(rule, "198.51.100.7"));
    assert_true(admits(rule, "2001:db8:1::1"));
    assert_true(admits(rule, "::ffff:192.0.2.1"));
    assert_false(admits(rule, "192.0.3.0"));
    assert_false(admits(rule, "198.51.100.8"));
    assert_false(admits(rule, "2001:db9::"));
    assert_true(admits("password x\n", "192.0.3.0"));
}

static void a_password_stands_alone_in_its_line(void **)
{
    struct status_rule rule;

    assert_null(parse("password $y$j9T$salt$hash\r\n", &rule));
    assert_string_equal(rule.password, "$y$j9T$salt$hash");
    assert_null(parse("address ::1/128\n  password  x  \n", &rule));
    assert_string_equal(rule.password, "x");
    assert_int_equal(rule.nets->nelts, 1);
}

static void what_is_not_understood_is_no_rule(void **)
{
    static const char *const bad[] = {
        "",
        "\n\n",
        "# all\n",
        "public\n",
        "address\n",
        "address all\n",
        "address 1.2.3.4/33",
        "address 1.2.3.4/x",
        "address /8",
        "password\n",
        "password a b\n",
        "password a\npassword b\n",
        "Address ::1\n",
        "address 192.0.2.0/24\nallow all\n",
        "address 192.0.2.0/24 host\n",
    };
    struct status_rule rule;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (!parse(bad[i], &rule))
            fail_msg("taken: %s", bad[i]);
}

static void there_is_an_end_of_networks(void **)
{
    char *text = "address";
    struct status_rule rule;

    for (int i = 0; i <= RULE_NETS_MAX; i++) {
        if (i == RULE_NETS_MAX)
            assert_null(parse(text, &rule));
        text = apr_pstrcat(pool, text, " ::1", NULL);
    }
    assert_string_equal(parse(text, &rule), "too many networks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_let_in_who_is_inside),
        cmocka_unit_test(a_password_stands_alone_in_its_line),
        cmocka_unit_test(what_is_not_understood_is_no_rule),
        cmocka_unit_test(there_is_an_end_of_networks),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
