/* picture: what may be a logo, and what may not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "picture.h"

#define NS      "xmlns=\"http://www.w3.org/2000/svg\""
#define SVG(in) "<svg " NS ">" in "</svg>"

static const char *type_of(const char *text, size_t len, char *why, size_t size)
{
    char *exact = malloc(len ? len : 1); /* a byte beyond it is seen by the sanitizer */
    const char *type;

    memcpy(exact, text, len);
    type = picture_type(exact, len, why, size);
    free(exact);
    return type;
}

static void drawings_are_taken(void **)
{
    static const char *const good[] = {
        "<svg " NS "/>",
        SVG("<path d='M0 0L1 1' fill='red'/>"),
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- by hand -->\n" SVG(
            "") "\n",
        SVG("<defs><linearGradient id='a'><stop offset='0' "
            "stop-color='#fff'/></linearGradient>"
            "</defs><rect fill='url(#a)' style='stroke: url( \"#a\" )'/>"),
        "<svg " NS " xmlns:xlink='http://www.w3.org/1999/xlink'><g id='a'/><use "
        "xlink:href='#a'/><use href=\"#a\"/></svg>",
        SVG("<style>.a{fill:#f00} @media (prefers-color-scheme: "
            "dark){.a{fill:url(#b)}}</style>"),
        SVG("<style> <![CDATA[ a > b { fill: red } ]]> </style>"),
        SVG("<title>A &amp; B &#169;</title><text font-family='&quot;A&quot;'>x &lt; "
            "y</text>"),
        "<svg " NS " xmlns:inkscape='http://www.inkscape.org/namespaces/inkscape' "
        "inkscape:version='1'><inkscape:grid units='px'/><metadata><rdf:RDF "
        "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></metadata></svg>",
    };
    char why[160] = "";

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        const char *type = type_of(good[i], strlen(good[i]), why, sizeof(why));

        if (!type)
            fail_msg("%s: %s", good[i], why);
        assert_string_equal(type, "image/svg+xml");
    }
}

static void what_runs_or_leads_out_is_refused(void **)
{
    static const struct {
        const char *text, *why; /* a part of it */
    } bad[] = {
        {SVG("<script>alert(1)</script>"), "script"},
        {SVG("<SCRIPT/>"), "SCRIPT"},
        {SVG("<foreignObject><p/></foreignObject>"), "foreignObject"},
        {SVG("<a href='#x'/>"), "element a"},
        {SVG("<animate attributeName='href' to='javascript:1'/>"), "animate"},
        {SVG("<set/>"), "element set"},
        {SVG("<image href='#a'/>"), "image"},
        {SVG("<iframe/>"), "iframe"},
        {"<svg " NS " onload='x()'/>", "onload"},
        {SVG("<g ONCLICK='x'/>"), "ONCLICK"},
        {SVG("<g\tonclick\n=\n'x'/>"), "onclick"},
        {SVG("<use href='http://e.example/a.svg#b'/>"), "outside"},
        {SVG("<use href=' #b'/>"), "outside"},
        {SVG("<use xlink:href='data:image/svg+xml,x'/>"), "outside"},
        {SVG("<use x:href='//e.example/'/>"), "outside"},
        {SVG("<g HREF='javascript:x'/>"), "outside"},
        {SVG("<g fill='url(http://e.example/)'/>"), "outside"},
        {SVG("<g style='fill:URL( //e.example/)'/>"), "outside"},
        {SVG("<g style='fill:url(#a) url(b)'/>"), "outside"},
        {SVG("<g style='fill:ur\\6c(http://e)'/>"), "backslash"},
        {SVG("<g style='&#117;rl&#40;http://e&#41;'/>"), "by its number"},
        {SVG("<style>@import 'http://e.example/';</style>"), "load or run"},
        {SVG("<style>@IMPORT url(#a)</style>"), "load or run"},
        {SVG("<style>a{fill:url('x.svg')}</style>"), "outside"},
        {SVG("<style>&#64;import 'x'</style>"), "not understood"},
        {SVG("<style>a<b/>c</style>"), "not understood"},
        {SVG("<style>a<![CDATA[b]]></style>"), "not understood"},
        {SVG("<style><![CDATA[@import 'x']]></style>"), "load or run"},
        {"<!DOCTYPE svg [<!ENTITY a '<script/>'>]>" SVG("&a;"), "document type"},
        {SVG("<![CDATA[<script>]]>"), "document type"},
        {"<?xml-stylesheet href='http://e.example/'?>" SVG(""), "processing"},
        {SVG("<?php x ?>"), "processing"},
        {"<?xml version='1.0' encoding='UTF-7'?>" SVG(""), "UTF-8"},
        {"<svg " NS " xmlns:s='http://www.w3.org/2000/svg'><s:script/></svg>", "prefix"},
        {SVG("<h:script xmlns:h='http://www.w3.org/1999/xhtml'/>"), "prefix"},
        {SVG("<h:script xmlns:h='http://www.w3.org/1999/x&#104;tml'/>"), "prefix"},
        {SVG("<g xmlns='http://www.w3.org/1999/xhtml'/>"), "namespace"},
        {"<svg xmlns='http://www.w3.org/1999/xhtml'/>", "namespace"},
        {"<svg/>", "namespace"},
        {SVG("<g xml:base='http://e.example/'/>"), "xml:base"},
        {"<html/>", "begin with svg"},
        {"<s:svg xmlns:s='x'/>", "begin with svg"},
        {"<svg " NS "><g></svg></g>", "match"},
        {"<svg " NS "><g>", "no end"},
        {"<svg " NS ">", "no end"},
        {"<svg " NS, "ends in a tag"},
        {"<svg " NS "/><svg " NS "/>", "more than one"},
        {"<svg " NS "/>text", "outside of svg"},
        {SVG("<g a=b/>"), "without quotes"},
        {SVG("<g a/>"), "without a value"},
        {SVG("<g a='<'/>"), "a <"},
        {SVG("<g a='x"), "ends in a value"},
        {SVG("<!-- x"), "comment"},
        {SVG("<style>x"), "style without end"},
        {"GIF89a", "PNG or an SVG"},
        {"", "PNG or an SVG"},
        {"\xff\xfe<\0s\0", "PNG or an SVG"},
    };
    char why[160];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *type = type_of(bad[i].text, strlen(bad[i].text), why, sizeof(why));

        if (type)
            fail_msg("taken: %s", bad[i].text);
        if (!strstr(why, bad[i].why))
            fail_msg("%s: %s", bad[i].text, why);
    }
    assert_null(
        type_of("<svg " NS ">\0</svg>", sizeof("<svg " NS ">\0</svg>") - 1, why, sizeof(why)));
}

static void size_and_depth_have_an_end(void **)
{
    static char text[PICTURE_MAX + 2];
    char why[160];
    size_t n = (size_t)snprintf(text, sizeof(text), "<svg " NS ">");

    for (int i = 0; i < 70; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "<g>");
    assert_null(type_of(text, n, why, sizeof(why)));
    assert_non_null(strstr(why, "too deep"));
    memset(text, ' ', sizeof(text));
    memcpy(text, "<svg " NS "/>", sizeof("<svg " NS "/>") - 1);
    assert_non_null(type_of(text, PICTURE_MAX, why, sizeof(why)));
    assert_null(type_of(text, PICTURE_MAX + 1, why, sizeof(why)));
    assert_string_equal(why, "must have at most 65536 bytes");
}

static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\x10\0\x08\x06\0\0\0crc_"
                          "\0\0\0\x03IDATxyzcrc_\0\0\0\0IENDcrc_";

static void a_png_is_whole_and_small(void **)
{
    const size_t len = sizeof(png) - 1;
    char copy[sizeof(png)], why[160];

    assert_string_equal(type_of(png, len, why, sizeof(why)), "image/png");
    for (size_t n = 8; n < len; n++)
        assert_null(type_of(png, n, why, sizeof(why)));
    assert_null(type_of(png, len + 1, why, sizeof(why)));
    memcpy(copy, png, sizeof(png));
    copy[22] = '\x11'; /* 4352 pixels high */
    assert_null(type_of(copy, len, why, sizeof(why)));
    assert_string_equal(why, "must have at most 4096 pixels each way");
    memcpy(copy, png, sizeof(png));
    memset(copy + 33, '\xff', 4); /* a chunk of 4 GB */
    assert_null(type_of(copy, len, why, sizeof(why)));
}

static void no_cut_and_no_flip_reads_beyond_its_end(void **)
{
    static const char text[] =
        SVG("<style>a{}</style><g style='fill:url( #a)' href='#b'><!-- c --></g>");
    char copy[sizeof(text)], why[160];

    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_null(type_of(text, n, why, sizeof(why)));
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        for (int c = 0; c < 256; c += 5) {
            memcpy(copy, text, sizeof(text));
            copy[n] = (char)c;
            type_of(copy, sizeof(text) - 1, why, sizeof(why));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawings_are_taken),
        cmocka_unit_test(what_runs_or_leads_out_is_refused),
        cmocka_unit_test(size_and_depth_have_an_end),
        cmocka_unit_test(a_png_is_whole_and_small),
        cmocka_unit_test(no_cut_and_no_flip_reads_beyond_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
