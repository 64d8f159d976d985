#include "ical.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 75 /* without the line break */

/* Cut into lines, the later ones begin with a space; never inside a character. */
static void fold(buf *t, const char *s, size_t len)
{
    size_t room = LINE_MAX_BYTES;

    while (len > room) {
        size_t n = room;

        while (n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
            n--;
        buf_add(t, s, n);
        buf_puts(t, "\r\n ");
        s += n;
        len -= n;
        room = LINE_MAX_BYTES - 1;
    }
    buf_add(t, s, len);
    buf_puts(t, "\r\n");
}

static void line(buf *t, const char *name, const char *value)
{
    buf all = {0};

    buf_puts(&all, name);
    buf_puts(&all, ":");
    buf_puts(&all, value);
    fold(t, all.data, all.len);
    buf_free(&all);
}

static void text(buf *t, const char *name, const char *value)
{
    buf escaped = {0};

    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        if (c == '\\' || c == ';' || c == ',')
            buf_puts(&escaped, "\\");
        if (c == '\n')
            buf_puts(&escaped, "\\n");
        else if (c == '\t' || (c >= 0x20 && c != 0x7f))
            buf_add(&escaped, value, 1);
    }
    line(t, name, buf_end(&escaped));
    buf_free(&escaped);
}

/* 2026-03-29T01:30:00.000Z → 20260329T013000Z */
static void stamp(buf *t, const char *name, const char *at)
{
    char out[17];
    size_t n = 0;

    for (; *at && *at != '.' && *at != 'Z' && n < sizeof(out) - 2; at++)
        if (*at != '-' && *at != ':')
            out[n++] = *at;
    out[n++] = 'Z';
    out[n] = '\0';
    line(t, name, out);
}

void ical_begin(buf *t, const char *name)
{
    line(t, "BEGIN", "VCALENDAR");
    line(t, "VERSION", "2.0");
    line(t, "PRODID", "-//Tocsin//Maintenance//EN");
    line(t, "CALSCALE", "GREGORIAN");
    line(t, "METHOD", "PUBLISH");
    text(t, "X-WR-CALNAME", name);
}

void ical_event(buf *t, const struct ical_event *e)
{
    char sequence[24];

    snprintf(sequence, sizeof(sequence), "%ld", e->sequence);
    line(t, "BEGIN", "VEVENT");
    text(t, "UID", e->uid);
    stamp(t, "DTSTAMP", e->stamp);
    stamp(t, "DTSTART", e->starts);
    if (strncmp(e->starts, e->ends, 19) != 0)
        stamp(t, "DTEND", e->ends); /* shorter than a second: a moment has no end */
    line(t, "SEQUENCE", sequence);
    line(t, "STATUS", e->cancelled ? "CANCELLED" : "CONFIRMED");
    line(t, "TRANSP", "TRANSPARENT");
    text(t, "SUMMARY", e->summary);
    if (e->description && *e->description)
        text(t, "DESCRIPTION", e->description);
    if (e->url && *e->url)
        line(t, "URL", e->url);
    line(t, "END", "VEVENT");
}

void ical_end(buf *t)
{
    line(t, "END", "VCALENDAR");
}
