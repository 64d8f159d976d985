/* text: UTF-8 by the table of Unicode 3.9, without overlong forms and surrogates. */
#include <stdbool.h>
#include <string.h>

#include "text.h"

static bool fit(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    return c != 0x7f && c != 0xfffe && c != 0xffff && (c < 0x80 || c > 0x9f);
}

size_t text_char(const char *s, size_t n, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;
    size_t len = p[0] < 0x80   ? 1
                 : p[0] < 0xc2 ? 0
                 : p[0] < 0xe0 ? 2
                 : p[0] < 0xf0 ? 3
                 : p[0] < 0xf5 ? 4
                               : 0;
    uint32_t c = p[0];
    size_t i;

    *character = TEXT_BAD;
    if (len == 0 || len > n)
        return 1;
    if (len > 1)
        c &= 0x7fu >> len;
    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 1;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 1;
    if (fit(c))
        *character = c;
    return len;
}

void text_add(buf *out, uint32_t c)
{
    char *p = buf_room(out, 4);

    if (c < 0x80) {
        p[0] = (char)c;
        out->len += 1;
    }
    else if (c < 0x800) {
        p[0] = (char)(0xc0 | c >> 6);
        p[1] = (char)(0x80 | (c & 0x3f));
        out->len += 2;
    }
    else if (c < 0x10000) {
        p[0] = (char)(0xe0 | c >> 12);
        p[1] = (char)(0x80 | (c >> 6 & 0x3f));
        p[2] = (char)(0x80 | (c & 0x3f));
        out->len += 3;
    }
    else {
        p[0] = (char)(0xf0 | c >> 18);
        p[1] = (char)(0x80 | (c >> 12 & 0x3f));
        p[2] = (char)(0x80 | (c >> 6 & 0x3f));
        p[3] = (char)(0x80 | (c & 0x3f));
        out->len += 4;
    }
}

size_t text_plain(const char *s, size_t n)
{
    static const bool stop[256] = {
        [0 ... 0x1f] = true, ['&'] = true,  ['<'] = true,  ['>'] = true,
        ['"'] = true,        ['\''] = true, ['\\'] = true, [0x7f ... 0xff] = true};
    size_t i = 0;

    while (i < n && !stop[(unsigned char)s[i]])
        i++;
    return i;
}

static void json_char(buf *out, uint32_t c)
{
    static const char hex[] = "0123456789abcdef";

    if (c == '"' || c == '\\') {
        char two[] = {'\\', (char)c};

        buf_add(out, two, 2);
    }
    else if (c == '\n')
        buf_add(out, "\\n", 2);
    else if (c < 0x20 || c == '<' || c == 0x2028 || c == 0x2029) { /* safe inside a script */
        char six[] = {'\\',       'u', hex[c >> 12 & 15], hex[c >> 8 & 15], hex[c >> 4 & 15],
                      hex[c & 15]};

        buf_add(out, six, 6);
    }
    else
        text_add(out, c);
}

void text_json(buf *out, const char *s)
{
    size_t n, k;
    uint32_t c;

    if (!s) {
        buf_add(out, "null", 4);
        return;
    }
    buf_add(out, "\"", 1);
    for (n = strlen(s); n > 0; s += k, n -= k) {
        k = text_plain(s, n);
        buf_add(out, s, k);
        if (k == n)
            break;
        if (k == 0) {
            k = text_char(s, n, &c);
            json_char(out, c);
        }
    }
    buf_add(out, "\"", 1);
}

void text_int(buf *out, int64_t n)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do
        *--p = (char)('0' + u % 10);
    while ((u /= 10) > 0);
    if (n < 0)
        *--p = '-';
    buf_add(out, p, (size_t)(digits + sizeof(digits) - p));
}
