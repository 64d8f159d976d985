/* log_regex: what patterns find, what they may not say, and that none of them takes long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "log_line.h"
#include "log_regex.h"

static const struct {
    const char *pattern, *text;
    bool found;
} finds[] = {
    {"b", "abc", true},
    {"B", "abc", false},
    {"(?i)B", "abc", true},
    {"(?i)[A-B]x", "bX", true},
    {"", "", true},
    {"^$", "", true},
    {"^$", "x", false},
    {"^abc$", "abc", true},
    {"^bc", "abc", false},
    {"ab$", "abc", false},
    {"a.c", "a\nc", false},
    {"a.c",
     "a\xC3\xA9"
     "c",
     true},
    {"^.{3}$", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true},
    {"^.{3}$",
     "\xC3\xA9"
     "a",
     false},
    {"a|b|cd", "xcd", true},
    {"^(a|b)*c", "ababc", true},
    {"^(?:ab)+$", "abab", true},
    {"^(?:ab)+$", "aba", false},
    {"^a{2,3}$", "aaa", true},
    {"^a{2,3}$", "aaaa", false},
    {"^a{2}$", "aa", true},
    {"^a{2,}b", "aaaab", true},
    {"a{,2}", "a{,2}", true},
    {"x{", "x{", true},
    {"a+?b*?c??", "a", true},
    {"[^a-c]", "abc", false},
    {"[^a-c]", "abcd", true},
    {"[]a]", "a]", false}, /* an empty set, as in JavaScript */
    {"[a-]", "-", true},
    {"[\\d-x]", "-", true},
    {"[\\]]", "]", true},
    {"[\xC3\xA0-\xC3\xBC]", "\xC3\xA9", true},
    {"[^\xC3\xA9]", "\xC3\xA9", false},
    {"[^\xC3\xA9]", "\xC3\xA8", true},
    {"\\d+ms", "took 12ms", true},
    {"\\d\\D\\w\\W\\s\\S", "1aa- x", true},
    {"\\bcat\\b", "a cat.", true},
    {"\\bcat\\b", "concat", false},
    {"\\Bcat", "concat", true},
    {"\\bx", "x", true},
    {"a\\.b", "axb", false},
    {"\\x41\\u0042", "AB", true},
    {"\\u20ac", "\xE2\x82\xAC", true},
    {"\\t", "\t", true},
    {"((a*)*)*b", "aaab", true},
    {"(|a)b", "b", true},
    {"\xE2\x82\xAC+", "1 \xE2\x82\xAC\xE2\x82\xAC", true},
    {"status=5\\d\\d|timeout", "GET / status=503", true},
};

static void patterns_find_what_they_say(void **)
{
    for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
        const char *why = NULL;
        struct log_regex *r = log_regex_new(finds[i].pattern, &why);

        if (!r || log_regex_match(r, finds[i].text, strlen(finds[i].text)) != finds[i].found)
            fail_msg("/%s/ in '%s': %s", finds[i].pattern, finds[i].text, why ? why : "wrong");
        log_regex_free(r);
    }
}

static const struct {
    const char *pattern, *why;
} refused[] = {
    {"(", "has a ( without its )"},
    {")", "has a ) without its ("},
    {"a)", "has a ) without its ("},
    {"[a", "has a [ without its ]"},
    {"*a", "repeats nothing"},
    {"a**", "repeats nothing"},
    {"a|+", "repeats nothing"},
    {"a\\", "ends with a backslash"},
    {"[\\", "ends with a backslash"},
    {"(a)\\1", "has a back reference, which is not known here"},
    {"\\q", "has an escape that is not known here"},
    {"\\x4", "has \\x or \\u without its digits"},
    {"(?=a)", "has a group that looks around, which is not known here"},
    {"(?<!a)", "has a group that looks around, which is not known here"},
    {"a{2,1}", "has a count that ends before it begins"},
    {"a{1001}", "repeats too often"},
    {"[b-a]", "has a range that ends before it begins"},
    {"((((a{99}){99}){99}){99}){99}", "is too big a pattern"},
    {"(((((){999}){999}){999}){999}){999}", "is too big a pattern"},
};

static void others_are_refused_with_the_reason(void **)
{
    char deep[LOG_REGEX_MAX + 2];
    const char *why = NULL;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        why = NULL;
        if (log_regex_new(refused[i].pattern, &why) || strcmp(why, refused[i].why))
            fail_msg("/%s/: %s", refused[i].pattern, why ? why : "taken");
    }
    memset(deep, '(', sizeof(deep));
    deep[LOG_REGEX_MAX] = '\0';
    assert_null(log_regex_new(deep, &why));
    memset(deep, 'a', sizeof(deep));
    deep[LOG_REGEX_MAX + 1] = '\0';
    assert_null(log_regex_new(deep, &why));
    assert_null(log_regex_words(deep, &why));
}

static void words_are_found_in_any_case_and_mean_themselves(void **)
{
    const char *why;
    struct log_regex *r = log_regex_words("A.b*\xC3\xA9", &why);

    assert_true(log_regex_match(r, "xa.B*\xC3\xA9", 7));
    assert_false(log_regex_match(r, "xaXB*\xC3\xA9", 7));
    assert_false(log_regex_match(r, "xa.B*\xC3\x89", 7));
    log_regex_free(r);
}

static const char *const bombs[] = {
    "(a+)+$",   "(a|aa)+$",         "(a|a?)+$",        "(.*a){12}x", "([a-z]+)*\\d",
    "(x+x+)+y", "(a?){200}a{200}b", "[ab]*a[ab]{60}c", /* two to the 60 states */
};

/* A way that goes back and forth would take years; this is some milliseconds each. */
static void no_pattern_takes_longer_than_its_text(void **)
{
    size_t n = 200000;
    char *text = malloc(n);
    clock_t began = clock();

    for (size_t i = 0; i < n; i++)
        text[i] = (i * 2654435761u >> 7) & 1 ? 'a' : 'b';
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        const char *why;
        struct log_regex *r = log_regex_new(bombs[i], &why);

        assert_non_null(r);
        log_regex_match(r, text, n);
        log_regex_free(r);
    }
    memset(text, 'a', n);
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        const char *why;
        struct log_regex *r = log_regex_new(bombs[i], &why);

        assert_false(i == 3 && log_regex_match(r, text, n));
        log_regex_match(r, text, n);
        log_regex_free(r);
    }
    free(text);
    assert_true((clock() - began) / CLOCKS_PER_SEC < 20);
}

static void text_is_made_clean_for_it(void **)
{
    const char *text = "a\0caf\xe9!";
    size_t len = 7;
    buf out = {0};

    log_text_clean(&out, &text, &len);
    assert_int_equal(len, 11);
    assert_memory_equal(text,
                        "a\xE2\x90\x80"
                        "caf\xEF\xBF\xBD!",
                        11);
    text = "\xC3\xA9";
    len = 2;
    log_text_clean(&out, &text, &len);
    assert_string_equal(text, "\xC3\xA9");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_find_what_they_say),
        cmocka_unit_test(others_are_refused_with_the_reason),
        cmocka_unit_test(words_are_found_in_any_case_and_mean_themselves),
        cmocka_unit_test(no_pattern_takes_longer_than_its_text),
        cmocka_unit_test(text_is_made_clean_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
