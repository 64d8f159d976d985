/* The hash of ETags: the same everywhere, each byte counts; and the words of roles. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hash.h"
#include "role.h"

static void each_byte_and_the_length_count(void **)
{
    unsigned char data[64] = {0};
    uint64_t zero[65];

    for (size_t n = 0; n <= sizeof(data); n++) {
        zero[n] = hash64(data, n, 0);
        for (size_t m = 0; m < n; m++)
            assert_true(zero[n] != zero[m]);
    }
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = 1;
        assert_true(hash64(data, sizeof(data), 0) != zero[64]);
        data[i] = 0;
    }
    assert_true(hash64("a", 1, 1) != hash64("a", 1, 2));
}

static void unaligned_data_is_the_same_data(void **)
{
    char text[80];

    memset(text, 0, sizeof(text));
    memcpy(text + 1, "the quick brown fox jumps over the lazy dog", 43);
    assert_true(hash64(text + 1, 43, 0) ==
                hash64("the quick brown fox jumps over the lazy dog", 43, 0));
}

static void roles_have_words_and_an_order(void **)
{
    for (int r = ROLE_VIEWER; r <= ROLE_ADMIN; r++)
        assert_int_equal(tocsin_role_parse(tocsin_role_name(r)), r);
    assert_string_equal(tocsin_role_name(ROLE_ANYONE), "");
    assert_int_equal(tocsin_role_parse(NULL), ROLE_ANYONE);
    assert_int_equal(tocsin_role_parse(""), ROLE_ANYONE);
    assert_int_equal(tocsin_role_parse("Admin"), ROLE_ANYONE);
    assert_true(ROLE_VIEWER < ROLE_MEMBER && ROLE_MEMBER < ROLE_OPERATOR &&
                ROLE_OPERATOR < ROLE_ADMIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_and_the_length_count),
        cmocka_unit_test(unaligned_data_is_the_same_data),
        cmocka_unit_test(roles_have_words_and_an_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
