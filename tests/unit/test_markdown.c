/* markdown: CommonMark comes out as a few tags, and nothing that acts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "markdown.h"

#define REL " rel=\"nofollow noopener noreferrer\">"

static void told(const char *in, const char *want, char *(*make)(const char *, size_t))
{
    char *got = make(in, strlen(in));

    assert_string_equal(got, want);
    free(got);
}

static void words_become_markup(void **)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"one *two* **three** `four`",
         "<p>one <em>two</em> <strong>three</strong> <code>four</code></p>\n"},
        {"a\\\nb\nc", "<p>a<br>\nb\nc</p>\n"},
        {"# Title", "<h4>Title</h4>"},
        {"###### Deep", "<h4>Deep</h4>"},
        {"## a\n#### b\n#### c\n# d\n## e\n### f\n#### g",
         "<h4>a</h4><h5>b</h5><h5>c</h5><h4>d</h4><h5>e</h5><h6>f</h6><h6>g</h6>"},
        {"- a\n- b", "<ul><li>a</li><li>b</li></ul>"},
        {"3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"},
        {"> said", "<blockquote><p>said</p>\n</blockquote>"},
        {"```c\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n"},
        {"---", "<hr>\n"},
        {"[x](https://example.com/?a=1&b=2)",
         "<p><a href=\"https://example.com/?a=1&amp;b=2\"" REL "x</a></p>\n"},
        {"<https://example.com>",
         "<p><a href=\"https://example.com\"" REL "https://example.com</a></p>\n"},
        {"[mail](mailto:a@example.com)",
         "<p><a href=\"mailto:a@example.com\"" REL "mail</a></p>\n"},
        {"![a graph](https://example.com/g.png)",
         "<p><a href=\"https://example.com/g.png\"" REL "a graph</a></p>\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        told(cases[i].in, cases[i].out, markdown_html);
}

static void nothing_that_acts_comes_through(void **)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;\n</p>\n"},
        {"a <img src=x onerror=alert(1)> b",
         "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n"},
        {"[x](javascript:alert(1))", "<p>x</p>\n"},
        {"[x](JAVASCRIPT:alert(1))", "<p>x</p>\n"},
        {"[x](java&#115;cript:alert(1))", "<p>x</p>\n"},
        {"[x](<java\tscript:alert(1)>)", "<p>x</p>\n"},
        {"[x](data:text/html,y)", "<p>x</p>\n"},
        {"![x](data:image/svg+xml,y)", "<p>x</p>\n"},
        {"![x](javascript:y)", "<p>x</p>\n"},
        {"[x](//evil.example)", "<p>x</p>\n"},
        {"[x](/admin)", "<p>x</p>\n"}, /* what it is relative to changes in a mail */
        {"[x]: javascript:alert(1)\n\n[x]", "<p>x</p>\n"},
        {"[x](https://e.com/\"onmouseover=\"a)",
         "<p><a href=\"https://e.com/&quot;onmouseover=&quot;a\"" REL "x</a></p>\n"},
        {"<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"},
        {"`</code><script>`", "<p><code>&lt;/code&gt;&lt;script&gt;</code></p>\n"},
        {"&lt;script&gt;", "<p>&lt;script&gt;</p>\n"},
        {"<!-- hidden -->", "<p>&lt;!-- hidden --&gt;\n</p>\n"},
        {"a\xff z", "<p>a\ufffd z</p>\n"},
        {"[a [b](https://b.example)](https://a.example)",
         "<p>[a <a href=\"https://b.example\"" REL "b</a>](https://a.example)</p>\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        told(cases[i].in, cases[i].out, markdown_html);
}

static void mails_get_plain_text(void **)
{
    told("# Down\n\nThe *API* fails.\n\n- reads\n- writes\n\n1. one\n2. two\n\nSee "
         "[notes](https://example.com) or <b>bold</b> or [evil](javascript:x).",
         "Down\n\nThe API fails.\n\n- reads\n- writes\n\n1. one\n2. two\n\nSee notes "
         "(https://example.com) or <b>bold</b> or evil.",
         markdown_text);
    told("", "", markdown_text);
}

static void great_input_ends(void **)
{
    size_t n = 4 * MARKDOWN_MAX, i;
    char *in = malloc(n + 1), *got;

    for (i = 0; i < n; i++)
        in[i] = '>'; /* quotes in quotes */
    in[n] = 0;
    got = markdown_html(in, n);
    assert_true(strlen(got) <= 10 * MARKDOWN_MAX);
    assert_null(strchr(got, '<')); /* rather plain text than half a tag */
    free(got);
    memset(in, '[', n);
    free(markdown_html(in, n));
    memset(in, '*', n);
    free(markdown_text(in, n));
    /* a cut within a character leaves none of it */
    for (i = 0; i + 3 <= n; i += 3)
        memcpy(in + i, "\xe6\x97\xa5", 3);
    got = markdown_html(in, n);
    assert_null(strstr(got, "\ufffd"));
    free(got);
    free(in);
}

/* A long address that is referred to again and again would be megabytes. */
static void repeated_addresses_do_not_explode(void **)
{
    char *in = malloc(MARKDOWN_MAX), *p = in, *got;

    p += sprintf(p, "[a]: https://example.com/");
    memset(p, 'x', 30000);
    p += 30000;
    p += sprintf(p, "\n\n");
    while (p < in + MARKDOWN_MAX - 8)
        p += sprintf(p, "[a] ");
    got = markdown_html(in, (size_t)(p - in));
    assert_true(strlen(got) < 10 * MARKDOWN_MAX);
    free(got);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_markup),
        cmocka_unit_test(nothing_that_acts_comes_through),
        cmocka_unit_test(mails_get_plain_text),
        cmocka_unit_test(great_input_ends),
        cmocka_unit_test(repeated_addresses_do_not_explode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
