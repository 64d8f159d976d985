#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "guard.h"

static const char *dial(const struct guard *g, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return guard_check(g, (struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return guard_check(g, (struct sockaddr *)&v6);
}

static void public_addresses_may_be_dialled(void **)
{
    static const char *const good[] = {
        "1.1.1.1",          "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",   "100.128.0.0",     "126.255.255.255", "128.0.0.0",
        "172.15.255.255",   "172.32.0.0",      "192.167.255.255", "192.169.0.0",
        "198.17.255.255",   "198.20.0.0",      "223.255.255.255", "169.253.255.255",
        "2a00:1450::1",     "2606:4700::1",    "2001:200::1",     "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8", "2002:808:808::1",
    };
    struct guard g;
    size_t i;

    guard_init(&g);
    for (i = 0; i < sizeof(good) / sizeof(*good); i++)
        if (dial(&g, good[i]))
            fail_msg("%s: %s", good[i], dial(&g, good[i]));
}

static void special_addresses_are_refused_with_a_reason(void **)
{
    static const struct {
        const char *address, *why;
    } bad[] = {
        {"0.0.0.0", "this network"},
        {"10.0.0.1", "private"},
        {"10.255.255.255", "private"},
        {"100.64.0.1", "shared"},
        {"100.100.100.200", "shared"},
        {"127.0.0.1", "loopback"},
        {"127.255.255.254", "loopback"},
        {"168.63.129.16", "metadata"},
        {"169.254.169.254", "link-local"},
        {"172.16.0.1", "private"},
        {"172.31.255.255", "private"},
        {"192.0.0.1", "reserved"},
        {"192.0.2.1", "documentation"},
        {"192.88.99.1", "reserved"},
        {"192.168.0.1", "private"},
        {"198.18.0.1", "benchmarks"},
        {"198.51.100.1", "documentation"},
        {"203.0.113.1", "documentation"},
        {"224.0.0.1", "multicast"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.1", "reserved"},
        {"255.255.255.255", "reserved"},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"::ffff:127.0.0.1", "loopback"},
        {"::ffff:10.0.0.1", "private"},
        {"::127.0.0.1", "reserved"},
        {"::8.8.8.8", "reserved"},
        {"64:ff9b::127.0.0.1", "loopback"},
        {"64:ff9b::a9fe:a9fe", "link-local"},
        {"64:ff9b:1::1", "reserved"},
        {"100::1", "reserved"},
        {"2001::1", "reserved"},
        {"2001:2::1", "reserved"},
        {"2001:db8::1", "documentation"},
        {"2002:7f00:1::", "loopback"},
        {"2002:c0a8:1::1", "private"},
        {"3fff::1", "documentation"},
        {"5f00::1", "reserved"},
        {"fc00::1", "private"},
        {"fd00:ec2::254", "private"},
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"fec0::1", "private"},
        {"ff02::1", "multicast"},
    };
    struct guard g;
    const char *why;
    size_t i;

    guard_init(&g);
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        why = dial(&g, bad[i].address);
        if (!why || !strstr(why, bad[i].why))
            fail_msg("%s: %s, not %s", bad[i].address, why ? why : "let through", bad[i].why);
    }
}

static void other_families_are_refused(void **)
{
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct guard g;

    guard_init(&g);
    assert_non_null(guard_check(&g, &local));
}

static void what_the_administrator_allows_is_dialled(void **)
{
    struct guard g;

    guard_init(&g);
    assert_int_equal(guard_allow(&g, "10.1.0.0/16"), 0);
    assert_int_equal(guard_allow(&g, "192.168.7.7"), 0);
    assert_int_equal(guard_allow(&g, "fd12::/16"), 0);
    assert_null(dial(&g, "10.1.2.3"));
    assert_null(dial(&g, "::ffff:10.1.2.3"));
    assert_null(dial(&g, "64:ff9b::10.1.2.3"));
    assert_null(dial(&g, "192.168.7.7"));
    assert_null(dial(&g, "fd12:3456::1"));
    assert_non_null(dial(&g, "10.2.0.0"));
    assert_non_null(dial(&g, "192.168.7.8"));
    assert_non_null(dial(&g, "fd13::1"));
    assert_int_equal(guard_allow(&g, "0.0.0.0/0"), 0);
    assert_null(dial(&g, "127.0.0.1"));
    assert_non_null(dial(&g, "::1"));
    assert_int_equal(guard_allow(&g, "::/0"), 0);
    assert_null(dial(&g, "::1"));
}

static void a_malformed_network_is_refused(void **)
{
    static const char *const bad[] = {
        "",
        "10",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "10.0.0/8",
        "10.1.2.3/8",
        "fd00::/129",
        "fd00::1/64",
        "localhost",
        "10.0.0.0/ 8",
        "::ffff:0:0/96/1",
        "1.2.3.4.5",
        "012.0.0.0/8x",
        "/8",
    };
    struct guard g;
    size_t i;

    guard_init(&g);
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (guard_allow(&g, bad[i]) == 0)
            fail_msg("'%s' was taken", bad[i]);
    assert_int_equal(g.nallow, 0);
    for (i = 0; i < GUARD_ALLOW_MAX; i++)
        assert_int_equal(guard_allow(&g, "10.0.0.0/8"), 0);
    assert_int_equal(guard_allow(&g, "10.0.0.0/8"), -1);
}

static void every_spelling_of_a_host_is_seen_through(void **)
{
    static const char *const bad[] = {
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0x0.0x0.0x1",
        "0",
        "0.0.0.0",
        "127.0.0.1.",
        "::1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "10.1",
        "0xa.1",
        "012.1",
        "192.168.257",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "a.b.LocalHost",
        "localhost.localdomain",
        "ip6-localhost",
        "ip6-loopback",
        "",
        ".",
        "[]",
        "255.255.255.255",
    };
    static const char *const good[] = {
        "example.org",    "1.1.1.1",  "localhost.example.org", "mylocalhost",
        "[2606:4700::1]", "16843009", "127.example.org",
    };
    char longest[400];
    struct guard g;
    size_t i;

    guard_init(&g);
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (!guard_check_host(&g, bad[i]))
            fail_msg("'%s' was let through", bad[i]);
    for (i = 0; i < sizeof(good) / sizeof(*good); i++)
        if (guard_check_host(&g, good[i]))
            fail_msg("'%s' was refused: %s", good[i], guard_check_host(&g, good[i]));
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_non_null(guard_check_host(&g, longest));
}

static void an_allowed_loopback_allows_its_names(void **)
{
    struct guard g;

    guard_init(&g);
    assert_int_equal(guard_allow(&g, "127.0.0.0/8"), 0);
    assert_null(guard_check_host(&g, "localhost"));
    assert_null(guard_check_host(&g, "127.1"));
    assert_non_null(guard_check_host(&g, "[::1]"));
    assert_non_null(guard_check_host(&g, "10.1"));
}

static void a_list_names_all_that_may_be_dialled(void **)
{
    static const struct {
        const char *addr;
        bool named;
    } cases[] = {{"10.1.2.3", true},       {"11.1.2.3", false}, {"8.8.8.8", false},
                 {"127.0.0.1", false},     {"fd00::1", true},   {"2001:4860::1", false},
                 {"::ffff:10.1.2.3", true}};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct guard g;

    guard_init(&g);
    assert_false(guard_named(&g, (struct sockaddr *)&v4));
    assert_int_equal(guard_allow(&g, "10.0.0.0/8"), 0);
    assert_int_equal(guard_allow(&g, "fc00::/7"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (inet_pton(AF_INET, cases[i].addr, &v4.sin_addr) == 1)
            assert_int_equal(guard_named(&g, (struct sockaddr *)&v4), cases[i].named);
        else if (inet_pton(AF_INET6, cases[i].addr, &v6.sin6_addr) == 1)
            assert_int_equal(guard_named(&g, (struct sockaddr *)&v6), cases[i].named);
        else
            fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_addresses_may_be_dialled),
        cmocka_unit_test(special_addresses_are_refused_with_a_reason),
        cmocka_unit_test(other_families_are_refused),
        cmocka_unit_test(what_the_administrator_allows_is_dialled),
        cmocka_unit_test(a_malformed_network_is_refused),
        cmocka_unit_test(every_spelling_of_a_host_is_seen_through),
        cmocka_unit_test(an_allowed_loopback_allows_its_names),
        cmocka_unit_test(a_list_names_all_that_may_be_dialled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
