/* buf: bytes that grow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "buf.h"

static void what_is_added_stands_in_order(void **)
{
    buf b = {0};

    for (int i = 0; i < 10000; i++)
        buf_puts(&b, "0123456789");
    assert_int_equal(b.len, 100000);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], '0' + i % 10);
    buf_free(&b);
}

static void nothing_may_be_added(void **)
{
    buf b = {0};

    buf_add(&b, NULL, 0);
    buf_puts(&b, "");
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_end(&b), "");
    buf_free(&b);
}

static void the_end_does_not_count(void **)
{
    buf b = {0};

    buf_puts(&b, "ab");
    assert_string_equal(buf_end(&b), "ab");
    buf_puts(&b, "c");
    assert_string_equal(buf_end(&b), "abc");
    assert_int_equal(b.len, 3);
    buf_free(&b);
}

static void a_zero_is_a_byte_like_others(void **)
{
    buf b = {0};

    buf_add(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "a\0b", 3);
    buf_free(&b);
}

static void room_is_as_large_as_asked_for(void **)
{
    buf b = {0};

    memset(buf_room(&b, 1000000), 'x', 1000000);
    b.len += 1000000;
    buf_puts(&b, "y");
    assert_int_equal(b.data[999999], 'x');
    assert_int_equal(b.data[1000000], 'y');
    buf_free(&b);
}

static void room_is_kept_unless_it_is_great(void **)
{
    buf b = {0};
    const char *at;

    buf_puts(&b, "abc");
    at = b.data;
    buf_clear(&b);
    assert_int_equal(b.len, 0);
    assert_ptr_equal(b.data, at);
    buf_room(&b, 8 << 20);
    buf_clear(&b);
    assert_int_equal(b.size, 0);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_stands_in_order),
        cmocka_unit_test(nothing_may_be_added),
        cmocka_unit_test(the_end_does_not_count),
        cmocka_unit_test(a_zero_is_a_byte_like_others),
        cmocka_unit_test(room_is_as_large_as_asked_for),
        cmocka_unit_test(room_is_kept_unless_it_is_great),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
