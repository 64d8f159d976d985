/* search and utf8: what the checker does with a stranger's bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "search.h"
#include "utf8.h"

static bool found(const char *needle, const char *hay, size_t piece)
{
    struct search s;
    size_t at = 0, n = strlen(hay), i, k;
    bool yes = false;

    assert_int_equal(search_init(&s, needle, strlen(needle)), 0);
    for (i = 0; i < n; i += k) {
        k = n - i < piece ? n - i : piece;
        yes = search_feed(&s, &at, hay + i, k);
    }
    return yes;
}

static void a_keyword_is_found_however_the_body_is_cut(void **)
{
    static const struct {
        const char *needle, *hay;
        bool yes;
    } cases[] = {
        {"a", "a", true},
        {"works", "<h1>it works</h1>", true},
        {"works!", "<h1>it works</h1>", false},
        {"aaab", "aaaaaaaaaab", true},
        {"abab", "abaabab", true},
        {"abcabd", "abcabcabd", true},
        {"ab", "aaaaaaaaaa", false},
        {"\xc3\xa4", "Gr\xc3\xa4\xc3\xbc", true},
        {"end", "the end", true},
        {"the end and more", "the end", false},
    };
    size_t i, piece;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (piece = 1; piece < 20; piece++)
            if (found(cases[i].needle, cases[i].hay, piece) != cases[i].yes)
                fail_msg("'%s' in '%s' by %zu", cases[i].needle, cases[i].hay, piece);
}

static void random_texts_agree_with_memmem(void **)
{
    char needle[9], hay[200];
    int round, i;

    srand(7);
    for (round = 0; round < 20000; round++) {
        for (i = 0; i < 1 + round % 8; i++)
            needle[i] = (char)('a' + rand() % 2);
        needle[i] = '\0';
        for (i = 0; i < 199; i++)
            hay[i] = (char)('a' + rand() % 2);
        hay[1 + rand() % 198] = '\0';
        hay[199] = '\0';
        assert_int_equal(found(needle, hay, 1 + round % 50), strstr(hay, needle) != NULL);
    }
}

static void a_keyword_has_a_size(void **)
{
    char text[SEARCH_MAX + 1];
    struct search s;

    memset(text, 'x', sizeof(text));
    assert_int_equal(search_init(&s, text, 0), -1);
    assert_int_equal(search_init(&s, text, SEARCH_MAX), 0);
    assert_int_equal(search_init(&s, text, SEARCH_MAX + 1), -1);
}

static void bytes_become_text(void **)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"a\r\nb\tc", "a\nb\tc"},
        {"\x01z", "\xef\xbf\xbdz"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xc3\xa4", "\xc3\xa4"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* NUL in two bytes */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x85", "\xef\xbf\xbd\xef\xbf\xbd"}, /* a C1 control */
    };
    char out[64];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(utf8_clean(out, sizeof(out), cases[i].in, strlen(cases[i].in)),
                         strlen(cases[i].out));
        assert_string_equal(out, cases[i].out);
    }
    assert_int_equal(utf8_clean(out, sizeof(out), "a\0b", 3), 5);
    assert_int_equal(utf8_clean(out, 4, "ab\xc3\xa4", 4), 2); /* no half characters */
    assert_string_equal(out, "ab");
    assert_int_equal(utf8_clean(out, 0, "ab", 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyword_is_found_however_the_body_is_cut),
        cmocka_unit_test(random_texts_agree_with_memmem),
        cmocka_unit_test(a_keyword_has_a_size),
        cmocka_unit_test(bytes_become_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
