/* html: the escaping writer. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "html.h"

static const char *entity(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text_n(buf *out, const char *s, size_t n)
{
    size_t k;

    for (; n > 0; s += k, n -= k) {
        const char *e;
        uint32_t c;

        k = text_plain(s, n);
        buf_add(out, s, k);
        if (k > 0)
            continue;
        k = text_char(s, n, &c);
        if ((e = entity(c)))
            buf_puts(out, e);
        else
            text_add(out, c);
    }
}

void html_text(buf *out, const char *s)
{
    if (s)
        html_text_n(out, s, strlen(s));
}

void html(buf *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    while (*format) {
        size_t k = strcspn(format, "%");

        buf_add(out, format, k);
        format += k;
        if (*format == 0)
            break;
        if (strncmp(format, "%s", 2) == 0)
            html_text(out, va_arg(args, const char *));
        else if (strncmp(format, "%d", 2) == 0)
            text_int(out, va_arg(args, int));
        else if (strncmp(format, "%lld", 4) == 0) {
            text_int(out, va_arg(args, long long));
            format += 2;
        }
        else if (strncmp(format, "%%", 2) == 0)
            buf_add(out, "%", 1);
        else
            abort(); /* a format of ours that the header does not promise */
        format += 2;
    }
    va_end(args);
}

/* What a browser would take for a scheme: it skips control characters and spaces. */
bool html_link_ok(const char *url)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:"};
    const unsigned char *p = (const unsigned char *)url;
    size_t i;

    if (!url)
        return false;
    for (; *p; p++)
        if (*p <= 0x20 || *p == 0x7f)
            return false;
    for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url[strlen(schemes[i])] != 0;
    /* relative: no colon before the first / ? #, and not another host */
    if (url[0] == 0 || strncmp(url, "//", 2) == 0 || strchr(url, '\\'))
        return false;
    return url[strcspn(url, ":/?#")] != ':';
}
