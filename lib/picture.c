/*
 * picture: see picture.h. The SVG is read once, tag by tag; nothing is built of it.
 */
#define _GNU_SOURCE /* memmem */
#include "picture.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 64
#define NAME_MAX_ 64

#define SVG_NS   "http://www.w3.org/2000/svg"
#define XLINK_NS "http://www.w3.org/1999/xlink"

static const char png_magic[8] = {'\x89', 'P', 'N', 'G', '\r', '\n', '\x1a', '\n'};

struct svg {
    const char *at, *end;
    char *why;
    size_t size;
    int depth;
    struct {
        const char *name;
        size_t len;
    } open[DEPTH_MAX];
};

/* What draws, and what describes. No script, no foreignObject, no animation (which could set
 * any attribute later), no a. */
static const char *const elements[] = {
    "svg",
    "g",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "textPath",
    "title",
    "desc",
    "defs",
    "symbol",
    "use",
    "linearGradient",
    "stop",
    "radialGradient",
    "clipPath",
    "mask",
    "pattern",
    "marker",
    "style",
    "filter",
    "feBlend",
    "feColorMatrix",
    "feComposite",
    "feFlood",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feOffset",
    "feDropShadow",
    "metadata",
    "switch",
    "view",
};

static int fail(struct svg *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct svg *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(s->why, s->size, format, args);
    va_end(args);
    return -1;
}

static bool starts(const struct svg *s, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(s->end - s->at) >= n && !memcmp(s->at, word, n);
}

/* Past the next `word`; -1 when there is none. */
static int skip_past(struct svg *s, const char *word)
{
    const char *found = memmem(s->at, (size_t)(s->end - s->at), word, strlen(word));

    if (!found)
        return -1;
    s->at = found + strlen(word);
    return 0;
}

static void skip_space(struct svg *s)
{
    while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
        s->at++;
}

/* A name, ASCII only; its length, 0: none. */
static size_t take_name(struct svg *s, const char **name)
{
    const char *start = s->at;

    while (s->at < s->end && (isalnum((unsigned char)*s->at) || strchr(":_-.", *s->at)) &&
           *s->at)
        s->at++;
    *name = start;
    return (size_t)(s->at - start);
}

static bool same(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && !memcmp(name, word, len);
}

/* Does the text hold the word, in any case? */
static bool holds(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= len; i++)
        if (!strncasecmp(text + i, word, n))
            return true;
    return false;
}

/* ---------------------------------------------------------------- styles and links */

/* A style, or an attribute that takes one: url() only of what is inside the picture, and
 * nothing written so that it reads otherwise than it looks. */
static int check_style(struct svg *s, const char *text, size_t len)
{
    if (memchr(text, '\\', len))
        return fail(s, "must not have a backslash in a style");
    if (holds(text, len, "@import") || holds(text, len, "@font-face") ||
        holds(text, len, "image-set") || holds(text, len, "image(") ||
        holds(text, len, "src(") || holds(text, len, "expression(") ||
        holds(text, len, "-moz-binding") || holds(text, len, "javascript:"))
        return fail(s, "must not load or run anything in a style");
    for (size_t i = 0; i + 4 <= len; i++) {
        size_t at = i + 4;

        if (strncasecmp(text + i, "url(", 4))
            continue;
        while (at < len && strchr(" \t\r\n'\"", text[at]) && text[at])
            at++;
        if (at >= len || text[at] != '#')
            return fail(s, "must not refer to anything outside of itself");
    }
    return 0;
}

static int check_namespace(struct svg *s, const char *name, size_t n, const char *value,
                           size_t len)
{
    if (n == 5)
        return same(value, len, SVG_NS) ? 0 : fail(s, "must be in the namespace " SVG_NS);
    if (same(name, n, "xmlns:xlink"))
        return same(value, len, XLINK_NS) ? 0 : fail(s, "has a wrong namespace of xlink");
    /* elements of other namespaces draw nothing; those of these two would, under a prefix */
    if (memchr(value, '&', len) || holds(value, len, "w3.org/2000/svg") ||
        holds(value, len, "xhtml"))
        return fail(s, "must not have a prefix for SVG or XHTML");
    return 0;
}

static int check_attribute(struct svg *s, const char *name, size_t n, const char *value,
                           size_t len)
{
    const char *colon = memchr(name, ':', n);
    const char *local = colon ? colon + 1 : name;
    size_t locals = n - (size_t)(local - name);

    if (memchr(value, '<', len))
        return fail(s, "is no well-formed XML: a < in an attribute");
    if (locals >= 2 && !strncasecmp(local, "on", 2))
        return fail(s, "must not have the handler %.*s", (int)(n > NAME_MAX_ ? NAME_MAX_ : n),
                    name);
    if (same(name, n, "xmlns") || (n > 6 && !memcmp(name, "xmlns:", 6)))
        return check_namespace(s, name, n, value, len);
    if (locals == 4 && (!strncasecmp(local, "href", 4))) {
        if (len == 0 || *value != '#')
            return fail(s, "must not refer to anything outside of itself");
        return 0;
    }
    if (locals == 3 && !strncasecmp(local, "src", 3))
        return fail(s, "must not refer to anything outside of itself");
    if (same(name, n, "xml:base"))
        return fail(s, "must not have xml:base");
    if (holds(value, len, "&#")) /* &#117;rl&#40; is url( once it is read */
        return fail(s, "must not have a character by its number in an attribute");
    return check_style(s, value, len);
}

/* ---------------------------------------------------------------- tags */

static int take_attribute(struct svg *s)
{
    const char *name, *value, *close;
    size_t n = take_name(s, &name);
    char quote;

    if (n == 0 || n > NAME_MAX_)
        return fail(s, "is no well-formed XML: a bad attribute");
    skip_space(s);
    if (s->at == s->end || *s->at++ != '=')
        return fail(s, "is no well-formed XML: an attribute without a value");
    skip_space(s);
    quote = s->at < s->end ? *s->at++ : 0;
    if (quote != '"' && quote != '\'')
        return fail(s, "is no well-formed XML: a value without quotes");
    value = s->at;
    close = memchr(value, quote, (size_t)(s->end - value));
    if (!close)
        return fail(s, "is no well-formed XML: it ends in a value");
    s->at = close + 1;
    return check_attribute(s, name, n, value, (size_t)(close - value));
}

static int check_element(struct svg *s, const char *name, size_t n)
{
    if (n == 0 || n > NAME_MAX_)
        return fail(s, "is no well-formed XML: a bad tag");
    if (memchr(name, ':', n)) /* of another namespace, see check_namespace() */
        return s->depth ? 0 : fail(s, "must begin with svg");
    if (s->depth == 0)
        return same(name, n, "svg") ? 0 : fail(s, "must begin with svg");
    for (size_t i = 0; i < sizeof(elements) / sizeof(*elements); i++)
        if (same(name, n, elements[i]))
            return 0;
    return fail(s, "must not have the element %.*s", (int)n, name);
}

/* What is in a style element is one text: no comment or CDATA cuts it in pieces. */
static int take_style(struct svg *s)
{
    const char *start = s->at;
    size_t len;

    if (skip_past(s, "</style"))
        return fail(s, "is no well-formed XML: a style without end");
    s->at -= strlen("</style");
    len = (size_t)(s->at - start);
    if (len >= 12 && memmem(start, len, "<![CDATA[", 9)) {
        const char *data = memmem(start, len, "<![CDATA[", 9),
                   *e = memmem(start, len, "]]>", 3);

        for (const char *c = start; c < data; c++)
            if (!isspace((unsigned char)*c))
                return fail(s, "has a style that is not understood");
        if (!e || e < data)
            return fail(s, "is no well-formed XML: CDATA without end");
        for (const char *c = e + 3; c < s->at; c++)
            if (!isspace((unsigned char)*c))
                return fail(s, "has a style that is not understood");
        return check_style(s, data + 9, (size_t)(e - data - 9));
    }
    if (memchr(start, '<', len) || memchr(start, '&', len))
        return fail(s, "has a style that is not understood");
    return check_style(s, start, len);
}

static int take_open(struct svg *s)
{
    const char *name;
    size_t n = take_name(s, &name);

    if (check_element(s, name, n))
        return -1;
    for (;;) {
        const char *before = s->at;

        skip_space(s);
        if (s->at == s->end)
            return fail(s, "is no well-formed XML: it ends in a tag");
        if (*s->at == '>' || *s->at == '/')
            break;
        if (s->at == before)
            return fail(s, "is no well-formed XML: a bad tag");
        if (take_attribute(s))
            return -1;
    }
    if (*s->at == '/') {
        if (s->end - s->at < 2 || s->at[1] != '>')
            return fail(s, "is no well-formed XML: a bad tag");
        s->at += 2;
        return 0;
    }
    s->at++;
    if (s->depth == DEPTH_MAX)
        return fail(s, "is nested too deep");
    s->open[s->depth].name = name;
    s->open[s->depth++].len = n;
    return same(name, n, "style") ? take_style(s) : 0;
}

static int take_close(struct svg *s)
{
    const char *name;
    size_t n = take_name(s, &name);

    skip_space(s);
    if (s->depth == 0 || n != s->open[s->depth - 1].len ||
        memcmp(name, s->open[s->depth - 1].name, n) || s->at == s->end || *s->at++ != '>')
        return fail(s, "is no well-formed XML: tags do not match");
    s->depth--;
    return 0;
}

static int take_tag(struct svg *s)
{
    if (starts(s, "<!--")) {
        s->at += 4;
        return skip_past(s, "-->") ? fail(s, "is no well-formed XML: a comment without end")
                                   : 0;
    }
    if (starts(s, "<!") || starts(s, "<?"))
        return fail(s, "must not have a document type, CDATA or processing instruction");
    s->at++;
    if (s->at < s->end && *s->at == '/') {
        s->at++;
        return take_close(s);
    }
    return take_open(s);
}

/* <?xml …?> says nothing but the encoding, which is UTF-8. */
static int take_head(struct svg *s)
{
    const char *start = s->at;

    if (starts(s, "\xef\xbb\xbf"))
        start = s->at += 3;
    if (starts(s, "<?xml ")) {
        if (skip_past(s, "?>"))
            return fail(s, "is no well-formed XML: a declaration without end");
        if (holds(start, (size_t)(s->at - start), "encoding") &&
            !holds(start, (size_t)(s->at - start), "utf-8"))
            return fail(s, "must be UTF-8");
    }
    skip_space(s);
    return 0;
}

static int read_svg(struct svg *s)
{
    bool begun = false, named = holds(s->at, (size_t)(s->end - s->at), "\"" SVG_NS "\"") ||
                                holds(s->at, (size_t)(s->end - s->at), "'" SVG_NS "'");

    if (memchr(s->at, '\0', (size_t)(s->end - s->at)))
        return fail(s, "must be UTF-8");
    if (take_head(s))
        return -1;
    while (s->at < s->end) {
        if (*s->at != '<') {
            if (s->depth == 0 && !isspace((unsigned char)*s->at))
                return fail(s, "is no well-formed XML: text outside of svg");
            s->at++;
            continue;
        }
        if (begun && s->depth == 0 && !starts(s, "<!--"))
            return fail(s, "is no well-formed XML: more than one svg");
        begun = begun || !starts(s, "<!--");
        if (take_tag(s))
            return -1;
    }
    if (s->depth || !begun)
        return fail(s, "is no well-formed XML: svg has no end");
    return named ? 0 : fail(s, "must be in the namespace " SVG_NS);
}

/* ---------------------------------------------------------------- PNG */

static uint32_t number(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static const char *check_png(const unsigned char *b, size_t len)
{
    size_t at = sizeof(png_magic);
    uint32_t width, height;

    if (len < 33 || number(b + 8) != 13 || memcmp(b + 12, "IHDR", 4))
        return "is a broken PNG";
    width = number(b + 16);
    height = number(b + 20);
    if (width == 0 || height == 0 || width > PICTURE_PIXEL || height > PICTURE_PIXEL)
        return "must have at most 4096 pixels each way";
    while (len - at >= 12) {
        uint32_t n = number(b + at);

        if (n > len - at - 12)
            return "is a broken PNG";
        if (!memcmp(b + at + 4, "IEND", 4))
            return at + 12 == len ? NULL : "has bytes after its end";
        at += (size_t)n + 12;
    }
    return "is a broken PNG";
}

const char *picture_type(const void *bytes, size_t len, char *why, size_t size)
{
    struct svg s = {.at = bytes, .end = (const char *)bytes + len, .why = why, .size = size};
    const char *rule;

    if (len > PICTURE_MAX) {
        snprintf(why, size, "must have at most %d bytes", PICTURE_MAX);
        return NULL;
    }
    if (len >= sizeof(png_magic) && !memcmp(bytes, png_magic, sizeof(png_magic))) {
        if (!(rule = check_png(bytes, len)))
            return "image/png";
        snprintf(why, size, "%s", rule);
        return NULL;
    }
    take_head(&s);
    if (!starts(&s, "<")) {
        snprintf(why, size, "must be a PNG or an SVG");
        return NULL;
    }
    s.at = bytes;
    return read_svg(&s) ? NULL : "image/svg+xml";
}
