/* line_write: a reading as a line of JSON. */
#include <stdio.h>
#include <string.h>

#include "line.h"

const char *state_name(enum state state)
{
    static const char *const names[] = {"up", "degraded", "down", "maintenance"};

    return names[state];
}

void line_add_number(buf *out, int64_t number)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0)
        *--p = '-';
    buf_add(out, p, (size_t)(digits + sizeof(digits) - p));
}

static bool stands_for_itself(char c)
{
    return (signed char)c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

void line_add_string(buf *out, const char *text)
{
    char escape[8];
    size_t len;

    buf_add(out, "\"", 1);
    for (; *text; text += len) {
        for (len = 0; stands_for_itself(text[len]);)
            len++;
        buf_add(out, text, len);
        text += len;
        if (!*text)
            break;
        len = line_utf8(text, strnlen(text, 4));
        if (len == 0) {
            buf_puts(out, "\xef\xbf\xbd");
            len = 1;
        }
        else if ((unsigned char)*text < ' ' || *text == 0x7f) {
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)*text);
            buf_puts(out, escape);
        }
        else {
            if (len == 1) /* a quote or a backslash */
                buf_add(out, "\\", 1);
            buf_add(out, text, len);
        }
    }
    buf_add(out, "\"", 1);
}

void line_add(buf *out, const struct reading *r, bool null_err)
{
    buf_puts(out, "{\"t\":");
    line_add_number(out, r->t);
    buf_puts(out, ",\"svc\":");
    line_add_string(out, r->svc);
    buf_puts(out, ",\"state\":\"");
    buf_puts(out, state_name(r->state));
    buf_puts(out, "\",\"code\":");
    line_add_number(out, r->code);
    buf_puts(out, ",\"lat\":"); /* readers want a number */
    line_add_number(out, r->lat > 0 ? r->lat : 0);
    if (r->err && *r->err) {
        buf_puts(out, ",\"err\":");
        line_add_string(out, r->err);
    }
    else if (null_err)
        buf_puts(out, ",\"err\":null");
    buf_puts(out, "}");
}
