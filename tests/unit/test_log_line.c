/* log_line and log_export: from what journalctl says to what a page is shown. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "log_export.h"

#define HEAD     "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000123456\n_BOOT_ID=b\n"
#define LEN(n)   #n "\0\0\0\0\0\0\0"
#define BYTES(s) s, sizeof(s) - 1

static buf said;

static bool on_line(void *arg, const struct log_line *line)
{
    long *most = arg;

    log_line_json(&said, line);
    return --*most > 0;
}

/* What becomes of the bytes when they come `step` at a time, and are read up to `most` lines.
 */
static const char *read_in(const char *bytes, size_t n, size_t step, long most, bool *broken)
{
    struct log_export e = {.line = on_line, .arg = &most};

    buf_clear(&said);
    for (size_t i = 0; i < n; i += step) {
        size_t part = n - i < step ? n - i : step;
        char *copy = malloc(part); /* a byte too far is seen */

        memcpy(copy, bytes + i, part);
        log_export_feed(&e, copy, part);
        free(copy);
    }
    *broken = e.broken;
    log_export_free(&e);
    return buf_end(&said);
}

#define LINE(p, s, m, n)                                                                      \
    "{\"c\":\"s=1;i=2\",\"t\":1700000000123,\"p\":" p ",\"s\":\"" s "\",\"m\":" m ",\"n\":" n \
    ",\"cut\":0}"

static const struct {
    const char *what, *bytes;
    size_t n;
    const char *json;
    bool broken;
} entries[] = {
    {"plain", BYTES(HEAD "_PID=42\nPRIORITY=4\nMESSAGE=hello\n\n"),
     LINE("4", "stdout", "\"hello\"", "42"), false},
    {"errors are stderr", BYTES(HEAD "PRIORITY=3\nMESSAGE=x\n\n"),
     LINE("3", "stderr", "\"x\"", "null"), false},
    {"no priority, no pid", BYTES(HEAD "MESSAGE=a=b=c\n\n"),
     LINE("6", "stdout", "\"a=b=c\"", "null"), false},
    {"emergency", BYTES(HEAD "PRIORITY=0\nMESSAGE=x\n\n"),
     LINE("0", "stderr", "\"x\"", "null"), false},
    {"a priority that is none", BYTES(HEAD "PRIORITY=9\nPRIORITY=77\nMESSAGE=x\n\n"),
     LINE("6", "stdout", "\"x\"", "null"), false},
    {"no message", BYTES(HEAD "\n"), LINE("6", "stdout", "\"\"", "null"), false},
    {"an empty one", BYTES(HEAD "MESSAGE=\n\n"), LINE("6", "stdout", "\"\"", "null"), false},
    {"the first of two", BYTES(HEAD "MESSAGE=a\nMESSAGE=b\nPRIORITY=5\nPRIORITY=3\n\n"),
     LINE("5", "stdout", "\"a\"", "null"), false},
    {"binary", BYTES(HEAD "MESSAGE\n" LEN(\x05) "a\nb\0c\n\n"),
     LINE("6", "stdout",
          "\"a\\nb\xE2\x90\x80"
          "c\"",
          "null"),
     false},
    {"an empty binary", BYTES(HEAD "MESSAGE\n" LEN(\0) "\n\n"),
     LINE("6", "stdout", "\"\"", "null"), false},
    {"a binary field of others", BYTES(HEAD "OTHER\n" LEN(\x03) "\n\n\n\nMESSAGE=x\n\n"),
     LINE("6", "stdout", "\"x\"", "null"), false},
    {"Latin-1", BYTES(HEAD "MESSAGE\n" LEN(\x04) "caf\xe9\n\n"),
     LINE("6", "stdout", "\"caf\xEF\xBF\xBD\"", "null"), false},
    {"colours and quotes", BYTES(HEAD "MESSAGE\n" LEN(\x0c) "\x1b[31m\"\\\"\t\r\x7f\x01\n\n"),
     LINE("6", "stdout", "\"\\u001b[31m\\\"\\\\\\\"\\t\\r\\u007f\\u0001\"", "null"), false},
    {"no cursor is no line", BYTES("__REALTIME_TIMESTAMP=1\nMESSAGE=x\n\n"), "", false},
    {"two", BYTES(HEAD "MESSAGE=a\n\n" HEAD "MESSAGE=b\n\n"),
     LINE("6", "stdout", "\"a\"", "null") LINE("6", "stdout", "\"b\"", "null"), false},
    {"half of one", BYTES(HEAD "MESSAGE=a\n"), "", false},
    {"empty lines", BYTES("\n\n\n" HEAD "MESSAGE=a\n\n"), LINE("6", "stdout", "\"a\"", "null"),
     false},
    {"a length that cannot be", BYTES(HEAD "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffx\n\n"),
     "", true},
    {"a value that is longer than it says", BYTES(HEAD "MESSAGE\n" LEN(\x01) "ab\n\n"), "",
     true},
    {"words of another program", BYTES("-- No entries --\nMESSAGE=12345678\n\n"), "", true},
};

static void entries_become_lines_in_pieces_of_any_size(void **)
{
    static const size_t steps[] = {1, 2, 3, 7, 64, 100000};

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            bool broken;
            const char *json = read_in(entries[i].bytes, entries[i].n, steps[k], 100, &broken);

            if (strcmp(json, entries[i].json) || broken != entries[i].broken)
                fail_msg("%s, %zu bytes at a time: %s", entries[i].what, steps[k], json);
        }
}

static void a_long_line_is_cut_at_a_character(void **)
{
    static const size_t steps[] = {1000, 65536, 3000000};
    buf all = {0};

    buf_puts(&all, HEAD "MESSAGE=x");
    for (int i = 0; i < 524288; i++)
        buf_puts(&all, "\xC3\xA9"); /* 1 MiB, and never a whole character at the limit */
    buf_puts(&all, "\n\n" HEAD "MESSAGE=next\n\n");
    for (size_t k = 0; k < 3; k++) {
        bool broken;
        const char *json = read_in(all.data, all.len, steps[k], 100, &broken);
        char cut[40];

        snprintf(cut, sizeof(cut), "\",\"n\":null,\"cut\":%d}{", 1048577 - 32767);
        assert_false(broken);
        assert_non_null(strstr(json, cut));
        assert_null(strstr(json, "\xEF\xBF\xBD"));
        assert_non_null(strstr(json, "\"m\":\"next\""));
        assert_true(strlen(json) < LOG_TEXT_MAX + 1000);
    }
    buf_free(&all);
}

static void no_more_are_read_than_are_wanted(void **)
{
    bool broken;
    const char *json =
        read_in(BYTES(HEAD "MESSAGE=a\n\n" HEAD "MESSAGE=b\n\n"), 1000, 1, &broken);

    assert_string_equal(json, LINE("6", "stdout", "\"a\"", "null"));
}

static const struct {
    const char *text;
    size_t len;
} characters[] = {
    {"a", 1},
    {"\xC3\xA9", 2},
    {"\xE2\x82\xAC", 3},
    {"\xF0\x9F\x98\x80", 4},
    {"\x80", 0},
    {"\xC0\x80", 0},
    {"\xC1\xBF", 0},
    {"\xE0\x9F\xBF", 0},
    {"\xED\xA0\x80", 0},
    {"\xEF\xBF\xBF", 3},
    {"\xF0\x8F\xBF\xBF", 0},
    {"\xF4\x8F\xBF\xBF", 4},
    {"\xF4\x90\x80\x80", 0},
    {"\xF5\x80\x80\x80", 0},
    {"\xC3", 0},
    {"\xE2\x82", 0},
    {"\xC3\x41", 0},
};

static void characters_are_those_of_utf8(void **)
{
    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
        if (log_utf8(characters[i].text, strlen(characters[i].text)) != characters[i].len)
            fail_msg("character %zu", i);
    assert_int_equal(log_utf8("", 0), 0);
    assert_int_equal(log_utf8("\0", 1), 1);
}

static int end(void **)
{
    buf_free(&said);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_become_lines_in_pieces_of_any_size),
        cmocka_unit_test(a_long_line_is_cut_at_a_character),
        cmocka_unit_test(no_more_are_read_than_are_wanted),
        cmocka_unit_test(characters_are_those_of_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
