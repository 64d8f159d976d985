#include "log_line.h"

#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define ZERO        "\xE2\x90\x80"

/* 0: as it is; 1: to be looked at. */
static const bool special[256] = {
    [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x7f] = true, [0x80 ... 0xff] = true};

static bool follows(const unsigned char *s, size_t n, unsigned char low, unsigned char high)
{
    if (n == 0 || s[0] < low || s[0] > high)
        return false;
    return true;
}

size_t log_utf8(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf;
    size_t more, i;

    if (n == 0 || s[0] < 0x80)
        return n > 0;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    more = s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    if (s[0] == 0xe0)
        low = 0xa0; /* shorter ones are there */
    else if (s[0] == 0xed)
        high = 0x9f; /* no surrogates */
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (n <= more || !follows(s + 1, n - 1, low, high))
        return 0;
    for (i = 2; i <= more; i++)
        if (!follows(s + i, n - i, 0x80, 0xbf))
            return 0;
    return more + 1;
}

size_t log_utf8_fit(const char *s, size_t n, size_t max)
{
    size_t back = 0;

    if (n <= max)
        return n;
    while (back < 3 && back < max && ((unsigned char)s[max - back] & 0xc0) == 0x80)
        back++;
    /* in the middle of what is none anyway it may be cut anywhere */
    return log_utf8(s + max - back, n - (max - back)) > back ? max - back : max;
}

static void add_special(buf *out, unsigned char c)
{
    static const char *const short_ones[0x20] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    char text[8];

    if (c == '"' || c == '\\') {
        buf_add(out, c == '"' ? "\\\"" : "\\\\", 2);
    }
    else if (c == 0) {
        buf_add(out, ZERO, 3);
    }
    else if (c < 0x20 && short_ones[c]) {
        buf_add(out, short_ones[c], 2);
    }
    else {
        snprintf(text, sizeof(text), "\\u%04x", c);
        buf_add(out, text, 6);
    }
}

void log_json_text(buf *out, const char *text, size_t len)
{
    size_t i = 0, from, n;

    buf_add(out, "\"", 1);
    while (i < len) {
        for (from = i; i < len && !special[(unsigned char)text[i]]; i++)
            ;
        buf_add(out, text + from, i - from);
        if (i == len)
            break;
        if ((unsigned char)text[i] < 0x80) {
            add_special(out, (unsigned char)text[i++]);
        }
        else if ((n = log_utf8(text + i, len - i)) > 0) {
            buf_add(out, text + i, n);
            i += n;
        }
        else {
            buf_add(out, REPLACEMENT, 3);
            i++;
        }
    }
    buf_add(out, "\"", 1);
}

void log_text_clean(buf *out, const char **text, size_t *len)
{
    const char *s = *text;
    size_t i = 0, from = 0, n;

    out->len = 0;
    while (i < *len)
        if (s[i] && (n = log_utf8(s + i, *len - i)) > 0) {
            i += n;
        }
        else {
            buf_add(out, s + from, i - from);
            buf_add(out, s[i] ? REPLACEMENT : ZERO, 3);
            from = ++i;
        }
    if (from == 0)
        return;
    buf_add(out, s + from, i - from);
    *text = out->data;
    *len = out->len;
}

static void add_number(buf *out, const char *key, int64_t n)
{
    char digits[24], *end = digits + sizeof(digits), *s = end;
    uint64_t rest = n < 0 ? 0 : (uint64_t)n; /* nothing here is below zero */

    do
        *--s = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    buf_puts(out, key);
    buf_add(out, s, (size_t)(end - s));
}

void log_line_json(buf *out, const struct log_line *l)
{
    buf_add(out, "{\"c\":", 5);
    log_json_text(out, l->cursor, strlen(l->cursor));
    add_number(out, ",\"t\":", l->us / 1000);
    add_number(out, ",\"p\":", l->level);
    buf_puts(out, l->err ? ",\"s\":\"stderr\",\"m\":" : ",\"s\":\"stdout\",\"m\":");
    log_json_text(out, l->text, l->len);
    if (l->pid > 0)
        add_number(out, ",\"n\":", l->pid);
    else
        buf_puts(out, ",\"n\":null");
    add_number(out, ",\"cut\":", (int64_t)l->cut);
    buf_add(out, "}", 1);
}
