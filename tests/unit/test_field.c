/* Values keep the rules of their fields; words become what their fields ask for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tocsin_core.h"

static const struct {
    tocsin_field field;
    const char *json; /* of the value */
    const char *rule; /* part of it; NULL: the value is good */
} values[] = {
    {{.type = T_STRING, .min = 1, .max = 4}, "\"abcd\"", NULL},
    {{.type = T_STRING, .min = 1, .max = 4}, "\"\\u00e4\\u00e4\"", NULL},
    {{.type = T_STRING, .min = 1, .max = 4}, "\"abcde\"", "at most 4 bytes"},
    {{.type = T_STRING, .min = 1, .max = 4}, "\"\\u00e4\\u00e4\\u00e4\"", "at most 4 bytes"},
    {{.type = T_STRING, .min = 1, .max = 4}, "\"\"", "must not be empty"},
    {{.type = T_STRING, .min = 3}, "\"ab\"", "at least 3"},
    {{.type = T_STRING}, "\"a\\nb\"", "control"},
    {{.type = T_STRING, .flags = F_TEXT}, "\"a\\n\\tb\"", NULL},
    {{.type = T_STRING, .flags = F_TEXT}, "\"a\\u0007\"", "control"},
    {{.type = T_STRING}, "\"a\\u009b\"", "control"},
    {{.type = T_STRING}, "null", "must not be null"},
    {{.type = T_STRING, .flags = F_NULL}, "null", NULL},
    {{.type = T_STRING}, "7", "must be a string"},
    {{.type = T_INT, .min = 5, .max = 9}, "5", NULL},
    {{.type = T_INT, .min = 5, .max = 9}, "9", NULL},
    {{.type = T_INT, .min = 5, .max = 9}, "4", "between 5 and 9"},
    {{.type = T_INT, .min = 5, .max = 9}, "10", "between 5 and 9"},
    {{.type = T_INT, .min = 5, .max = 9}, "5.0", "whole number"},
    {{.type = T_INT, .min = 5, .max = 9}, "\"5\"", "whole number"},
    {{.type = T_INT}, "-9223372036854775808", NULL},
    {{.type = T_BOOL}, "true", NULL},
    {{.type = T_BOOL}, "1", "true or false"},
    {{.type = T_ENUM, .choices = "a|bc"}, "\"bc\"", NULL},
    {{.type = T_ENUM, .choices = "a|bc"}, "\"b\"", "must be one of: a bc"},
    {{.type = T_ENUM, .choices = "a|bc"}, "\"a|bc\"", "must be one of"},
    {{.type = T_ENUM, .choices = "a|bc"}, "\"\"", "must be one of"},
    {{.type = T_ID}, "1", NULL},
    {{.type = T_ID}, "0", "positive"},
    {{.type = T_UUID}, "\"123e4567-e89b-12d3-a456-426614174000\"", NULL},
    {{.type = T_UUID}, "\"123e4567\"", "UUID"},
    {{.type = T_TIME}, "\"2026-11-21T03:00:00Z\"", NULL},
    {{.type = T_TIME}, "\"2026-11-21T03:00:00.123456+05:30\"", NULL},
    {{.type = T_TIME}, "\"2026-11-21 03:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"2026-13-21T03:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"2026-11-21T24:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"2026-02-29T03:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"2024-02-29T03:00:00Z\"", NULL},
    {{.type = T_TIME}, "\"2100-02-29T03:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"2026-04-31T03:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"0000-01-01T00:00:00Z\"", "a time like"},
    {{.type = T_TIME}, "\"2026-11-21T03:00:00\"", "a time like"},
    {{.type = T_TIME}, "\"2026-11-21T03:00:00Zx\"", "a time like"},
    {{.type = T_TIME}, "\"infinity\"", "a time like"},
    {{.type = T_TIME}, "1795230000", "a time like"},
    {{.type = T_URL}, "\"http://example.org\"", NULL},
    {{.type = T_URL}, "\"HTTPS://example.org:8443/a?b#c\"", NULL},
    {{.type = T_URL}, "\"http://[2606:4700::1]:80/\"", NULL},
    {{.type = T_URL}, "\"ftp://example.org\"", "http:// or https://"},
    {{.type = T_URL}, "\"javascript:alert(1)\"", "http:// or https://"},
    {{.type = T_URL}, "\"http:///x\"", "name a host"},
    {{.type = T_URL}, "\"http://\"", "name a host"},
    {{.type = T_URL}, "\"http://a:b@example.org/\"", "user or a password"},
    {{.type = T_URL}, "\"http://x@y/\"", "user or a password"},
    {{.type = T_URL}, "\"http://example.org:0/\"", "port"},
    {{.type = T_URL}, "\"http://example.org:65536/\"", "port"},
    {{.type = T_URL}, "\"http://example.org:/\"", "port"},
    {{.type = T_URL}, "\"http://exa mple.org/\"", "spaces"},
    {{.type = T_URL}, "\"http://e\\r\\nHost: x/\"", "control"},
    {{.type = T_URL}, "\"http://exam%70le.org/\"", "name a host"},
    {{.type = T_URL}, "\"http://[::1/\"", "name a host"},
    {{.type = T_URL}, "\"http://127.0.0.1/\"", "must not point to"},
    {{.type = T_URL}, "\"http://0x7f.1/\"", "must not point to"},
    {{.type = T_URL}, "\"http://[::ffff:10.0.0.1]/\"", "must not point to"},
    {{.type = T_URL}, "\"http://localhost:80/\"", "must not point to"},
    {{.type = T_EMAIL}, "\"a@b.example\"", NULL},
    {{.type = T_EMAIL}, "\"a@b@c\"", "e-mail"},
    {{.type = T_STRINGS, .min = 1, .max = 2, .item_max = 3}, "[\"a\",\"bcd\"]", NULL},
    {{.type = T_STRINGS, .min = 1, .max = 2, .item_max = 3}, "[]", "must not be empty"},
    {{.type = T_STRINGS, .min = 1, .max = 2, .item_max = 3},
     "[\"a\",\"b\",\"c\"]",
     "at most 2"},
    {{.type = T_STRINGS, .max = 2, .item_max = 3}, "[\"abcd\"]", "at most 3 bytes"},
    {{.type = T_STRINGS, .max = 2}, "[1]", "strings only"},
    {{.type = T_STRINGS, .max = 2}, "{}", "a list of strings"},
    {{.type = T_IDS, .max = 2}, "[1,2]", NULL},
    {{.type = T_IDS, .max = 2}, "[1,-2]", "positive numbers only"},
    {{.type = T_MAP, .max = 2, .item_max = 9}, "{\"a\":\"b\"}", NULL},
    {{.type = T_MAP, .max = 2, .item_max = 9}, "{\"a\":1}", "strings only"},
    {{.type = T_MAP, .max = 2, .item_max = 9}, "{\"a\\n\":\"b\"}", "names of"},
    {{.type = T_MAP, .max = 2, .item_max = 9}, "{\"a\":\"x\\r\\ny\"}", "control"},
    {{.type = T_MAP, .max = 2, .item_max = 9}, "{\"a\":null}", "strings only"},
    {{.type = T_MAP, .flags = F_NULL, .max = 2}, "{\"a\":null}", NULL},
    {{.type = T_OBJECT}, "{}", NULL},
    {{.type = T_OBJECT}, "[]", "an object"},
    {{.type = T_LIST, .max = 1}, "[{}]", NULL},
    {{.type = T_LIST, .max = 1}, "[{},{}]", "at most 1"},
    {{.type = T_LIST, .max = 1}, "[1]", "objects only"},
};

static const struct {
    enum tocsin_type type;
    const char *word;
    const char *json; /* what becomes of it */
} words[] = {
    {T_INT, "42", "42"},
    {T_INT, "-1", "-1"},
    {T_INT, "4x", "\"4x\""},
    {T_INT, "", "\"\""},
    {T_INT, " 4", "\" 4\""},
    {T_INT, "+4", "\"+4\""},
    {T_BOOL, "true", "true"},
    {T_BOOL, "0", "false"},
    {T_BOOL, "no", "\"no\""},
    {T_IDS, "1,2,3", "[1,2,3]"},
    {T_IDS, "", "[]"},
    {T_IDS, "1,x", "\"1,x\""},
    {T_STRINGS, "a,b", "[\"a\",\"b\"]"},
    {T_STRING, "a,b", "\"a,b\""},
    {T_TIME, "0", "\"1970-01-01T00:00:00Z\""},
    {T_TIME, "1795230000", "\"2026-11-21T03:00:00Z\""},
    {T_TIME, "2026-11-21T03:00:00Z", "\"2026-11-21T03:00:00Z\""},
    {T_INT, "99999999999999999999", "\"99999999999999999999\""},
};

static apr_pool_t *pool;

static void values_keep_rules(void **)
{
    struct guard guard;

    guard_init(&guard);
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        json_t *value = json_loads(values[i].json, JSON_DECODE_ANY, NULL);
        const char *rule;

        assert_non_null(value);
        rule = field_check(pool, &guard, &values[i].field, value);
        if (!rule != !values[i].rule || (rule && !strstr(rule, values[i].rule)))
            fail_msg("%s: %s instead of %s", values[i].json, rule ? rule : "nothing",
                     values[i].rule ? values[i].rule : "nothing");
        json_decref(value);
    }
}

static void words_become_values(void **)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        tocsin_field f = {.name = "f", .type = words[i].type};
        const char *rule;
        json_t *value = field_parse(pool, &f, words[i].word, strlen(words[i].word), &rule);
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        assert_null(rule);
        assert_string_equal(text, words[i].json);
        free(text);
        json_decref(value);
    }
}

static void words_are_utf8_without_nul(void **)
{
    tocsin_field f = {.name = "f", .type = T_STRING};
    const char *rule;

    assert_null(field_parse(pool, &f, "a\0b", 3, &rule));
    assert_non_null(rule);
    assert_null(field_parse(pool, &f, "\xff", 1, &rule));
    assert_null(field_parse(pool, &f, "\xed\xa0\x80", 3, &rule));
}

static void objects_are_checked_whole(void **)
{
    static const tocsin_field fields[] = {
        {.name = "a", .type = T_INT, .flags = F_REQUIRED, .min = 1, .max = 2},
        {.name = "b", .type = T_BOOL},
        {0}};
    json_t *bad = json_loads("{\"b\":1,\"c\":2}", 0, NULL);
    json_t *good = json_loads("{\"a\":1}", 0, NULL), *errors;

    errors = field_check_all(pool, NULL, fields, bad, 0);
    assert_int_equal(json_object_size(errors), 3);
    assert_string_equal(json_string_value(json_object_get(errors, "a")), "is required");
    assert_string_equal(json_string_value(json_object_get(errors, "c")), "is not known");
    json_decref(errors);
    errors = field_check_all(pool, NULL, fields, bad, 1);
    assert_int_equal(json_object_size(errors), 2);
    json_decref(errors);
    assert_null(field_check_all(pool, NULL, fields, good, 0));
    json_decref(bad);
    json_decref(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_rules),
        cmocka_unit_test(words_become_values),
        cmocka_unit_test(words_are_utf8_without_nul),
        cmocka_unit_test(objects_are_checked_whole),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
