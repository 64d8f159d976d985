/* text, html: what a stranger wrote stays text wherever it is put. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "html.h"

static void markup_of_a_stranger_is_text(void **)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"\"' onload=x", "&quot;&#39; onload=x"},
        {"a & b &amp; c", "a &amp; b &amp;amp; c"},
        {"tab\tline\n", "tab\tline\n"},
        {"\x01\x1b\x7f", "\ufffd\ufffd\ufffd"},
        {"\xc2\x85", "\ufffd"},                           /* a control character of C1 */
        {"\xff\xfe", "\ufffd\ufffd"},                     /* no UTF-8 */
        {"\xc3(", "\ufffd("},                             /* cut short */
        {"\xe2\x82", "\ufffd\ufffd"},                     /* at the end */
        {"\xc0\xbcscript", "\ufffd\ufffdscript"},         /* '<' in two bytes */
        {"\xe0\x80\xbc", "\ufffd\ufffd\ufffd"},           /* in three */
        {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},           /* a surrogate */
        {"\xef\xbf\xbf", "\ufffd"},                       /* U+FFFF, which XML refuses */
        {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"}, /* beyond Unicode */
        {"日本 🙂 é", "日本 🙂 é"},
    };
    buf out = {0};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        buf_clear(&out);
        html_text(&out, cases[i].in);
        assert_string_equal(buf_end(&out), cases[i].out);
    }
    buf_free(&out);
}

static void a_format_escapes_its_strings_and_nothing_else(void **)
{
    buf out = {0};

    html(&out, "<a href=\"%s\">%s</a> %d%% %lld", "?a=1&b=\"", "<b>", -5, 1234567890123LL);
    assert_string_equal(buf_end(&out),
                        "<a href=\"?a=1&amp;b=&quot;\">&lt;b&gt;</a> -5% 1234567890123");
    buf_clear(&out);
    html_text(&out, NULL);
    assert_string_equal(buf_end(&out), "");
    buf_free(&out);
}

static void json_strings_are_read_back_as_they_were(void **)
{
    static const char *const cases[] = {"",
                                        "plain",
                                        "\"quoted\" \\ slash",
                                        "</script><!--",
                                        "line\nnext\ttab",
                                        "日本 🙂",
                                        "a\u2028b"};
    buf out = {0};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *got;

        buf_clear(&out);
        text_json(&out, cases[i]);
        got = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
        assert_non_null(got);
        assert_string_equal(json_string_value(got), cases[i]);
        assert_null(memchr(out.data, '<', out.len));
        json_decref(got);
    }
    buf_clear(&out);
    text_json(&out, NULL);
    buf_puts(&out, ",");
    text_json(&out, "\xff\x01");
    assert_string_equal(buf_end(&out), "null,\"\ufffd\ufffd\"");
    buf_clear(&out);
    text_int(&out, INT64_MIN);
    assert_string_equal(buf_end(&out), "-9223372036854775808");
    buf_free(&out);
}

static void links_lead_to_pages_and_mailboxes_only(void **)
{
    static const struct {
        const char *url;
        bool ok;
    } cases[] = {
        {"https://example.com/a?b#c", true},
        {"HTTP://EXAMPLE.COM", true},
        {"mailto:a@example.com", true},
        {"/status/x", true},
        {"../up?x=a:b", true},
        {"#here", true},
        {"", false},
        {"http://", false},
        {"javascript:alert(1)", false},
        {"JaVaScRiPt:alert(1)", false},
        {" javascript:alert(1)", false},
        {"java\tscript:alert(1)", false},
        {"\x01javascript:alert(1)", false},
        {"data:text/html,x", false},
        {"vbscript:x", false},
        {"file:///etc/passwd", false},
        {"//evil.example", false},
        {"\\\\evil.example", false},
        {"/\\evil.example", false},
        {"https://a b", false},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (html_link_ok(cases[i].url) != cases[i].ok)
            fail_msg("'%s' is%s a link", cases[i].url, cases[i].ok ? " not" : "");
    assert_false(html_link_ok(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_of_a_stranger_is_text),
        cmocka_unit_test(a_format_escapes_its_strings_and_nothing_else),
        cmocka_unit_test(json_strings_are_read_back_as_they_were),
        cmocka_unit_test(links_lead_to_pages_and_mailboxes_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
