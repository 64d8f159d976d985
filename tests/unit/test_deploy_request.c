/* deploy_request: which refs may be asked for, and which are allowed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "deploy_request.h"

static const struct {
    const char *ref;
    bool ok;
} refs[] = {
    {"main", true},      {"release/1.2", true}, {"v1.0.0-rc.1+2", true},
    {"a_b", true},       {"", false},           {"-x", false},
    {"--x", false},      {".a", false},         {"/a", false},
    {"a/", false},       {"a.", false},         {"a..b", false},
    {"a//b", false},     {"a/.b", false},       {"a/-b", false},
    {"a.lock", false},   {"a.lock/b", false},   {"a b", false},
    {"a~1", false},      {"a^", false},         {"a:b", false},
    {"a?", false},       {"a*", false},         {"a[b", false},
    {"a\\b", false},     {"a@{1}", false},      {"@", false},
    {"a\n", false},      {"$(a)", false},       {"a;b", false},
    {"\xc3\xa4", false}, {"a'b", false},
};

static void refs_are_names_and_nothing_else(void **)
{
    char large[DEPLOY_REF_SIZE + 1];

    for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
        if (deploy_ref_ok(refs[i].ref) != refs[i].ok)
            fail_msg("'%s'", refs[i].ref);
    memset(large, 'a', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_false(deploy_ref_ok(large));
    large[DEPLOY_REF_SIZE - 1] = '\0';
    assert_true(deploy_ref_ok(large));
}

static const struct {
    const char *patterns, *ref;
    bool allowed;
} rules[] = {
    {"main", "main", true},
    {"main", "main2", false},
    {"main", "Main", false},
    {"main release/* v*", "release/1", true},
    {"main release/* v*", "release/1/2", true},
    {"main release/* v*", "release", false},
    {"main release/* v*", "v1", true},
    {"main release/* v*", "x/v1", false},
    {"  main\t v*  ", "v", true},
    {"*", "anything", true},
    {"", "main", false},
};

static void patterns_are_of_whole_names(void **)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (deploy_ref_allowed(rules[i].patterns, rules[i].ref) != rules[i].allowed)
            fail_msg("'%s' '%s'", rules[i].patterns, rules[i].ref);
}

static void ids_are_uuids_in_lower_case(void **)
{
    assert_true(deploy_id_ok("7d444840-9dc0-11d1-b245-5ffdce74fad2"));
    assert_false(deploy_id_ok("7D444840-9DC0-11D1-B245-5FFDCE74FAD2"));
    assert_false(deploy_id_ok("7d444840-9dc0-11d1-b245-5ffdce74fad"));
    assert_false(deploy_id_ok("7d444840-9dc0-11d1-b245-5ffdce74fad22"));
    assert_false(deploy_id_ok("7d444840_9dc0-11d1-b245-5ffdce74fad2"));
    assert_false(deploy_id_ok("../../../../../../../../../etc/passw"));
    assert_true(deploy_ref_commit("0123456789012345678901234567890123456789"));
    assert_false(deploy_ref_commit("012345678901234567890123456789012345678"));
    assert_false(deploy_ref_commit("012345678901234567890123456789012345678G"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refs_are_names_and_nothing_else),
        cmocka_unit_test(patterns_are_of_whole_names),
        cmocka_unit_test(ids_are_uuids_in_lower_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
