#include "utf8.h"

#include <stdint.h>
#include <string.h>

/* Length of the valid character at p, or 0. */
static size_t character(const unsigned char *p, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c = p[0];
    size_t len = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0, i;

    if (len == 0 || len > n)
        return 0;
    if (len == 1)
        return c >= 0x20 && c != 0x7f ? 1 : c == '\t' || c == '\n' ? 1 : 0;
    for (c &= 0x7f >> len, i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ||
        (c >= 0x80 && c < 0xa0))
        return 0;
    return len;
}

size_t utf8_clean(char *out, size_t size, const char *bytes, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t at = 0, i = 0, len;

    if (size == 0)
        return 0;
    while (i < n) {
        const char *from = bytes + i;

        len = character(p + i, n - i);
        if (len == 0 && bytes[i] == '\r') {
            i++;
            continue;
        }
        i += len ? len : 1;
        if (len == 0) {
            from = "\xef\xbf\xbd";
            len = 3;
        }
        if (at + len >= size)
            break;
        memcpy(out + at, from, len);
        at += len;
    }
    out[at] = '\0';
    return at;
}
