/* page_ical: maintenance as a calendar (RFC 5545) that people subscribe to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "markdown.h"
#include "page_view.h"

#define LINE_MAX 73 /* octets before a line is folded; 75 with its end */

/* Adds a line, folded between characters. */
static void line(buf *o, const char *text, size_t n)
{
    size_t room = LINE_MAX;

    while (n > 0) {
        size_t k = n < room ? n : room;

        while (k < n && k > 1 && ((unsigned char)text[k] & 0xc0) == 0x80)
            k--;
        buf_add(o, text, k);
        buf_puts(o, n > k ? "\r\n " : "\r\n");
        text += k;
        n -= k;
        room = LINE_MAX - 1;
    }
}

static void property(buf *o, buf *scratch, const char *name, const char *value)
{
    size_t n, k;

    buf_clear(scratch);
    buf_puts(scratch, name);
    for (n = strlen(value); n > 0; value += k, n -= k) {
        uint32_t c;

        k = text_char(value, n, &c);
        if (c == '\n')
            buf_puts(scratch, "\\n");
        else if (c == ',' || c == ';' || c == '\\') {
            buf_puts(scratch, "\\");
            text_add(scratch, c);
        }
        else if (c != '\r' && c != '\t')
            text_add(scratch, c);
    }
    line(o, scratch->data, scratch->len);
}

static void moment(buf *o, const char *name, int64_t at)
{
    char text[24], *p;

    day_print_s(at, text);
    buf_puts(o, name);
    buf_puts(o, ":");
    for (p = text; *p; p++)
        if (*p != '-' && *p != ':')
            buf_add(o, p, 1);
    buf_puts(o, "\r\n");
}

static void event(struct view *v, const struct page_window *w)
{
    const struct page *p = v->page;
    buf *o = v->out, *scratch = &v->scratch;
    char uid[512], *words;

    buf_puts(o, "BEGIN:VEVENT\r\n");
    snprintf(uid, sizeof(uid), "%s@%s.status.tocsin", w->key, p->slug ? p->slug : "page");
    property(o, scratch, "UID:", uid);
    moment(o, "DTSTAMP", w->starts_at); /* one that stays while nothing changes */
    moment(o, "DTSTART", w->starts_at);
    moment(o, "DTEND", w->ends_at);
    property(o, scratch, "SUMMARY:", w->title ? w->title : "");
    if (w->description && *w->description) {
        words = markdown_text(w->description, strlen(w->description));
        property(o, scratch, "DESCRIPTION:", words);
        free(words);
    }
    if (w->url && html_link_ok(w->url))
        property(o, scratch, "URL:", w->url);
    buf_puts(o, "TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n");
}

void page_out_calendar(struct view *v)
{
    buf *o = v->out;
    int i;

    buf_puts(o, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tocsin//Status page//EN\r\n"
                "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n");
    property(o, &v->scratch, "X-WR-CALNAME:", v->page->title);
    for (i = 0; i < v->page->windows; i++)
        event(v, &v->page->window[i]);
    buf_puts(o, "END:VCALENDAR\r\n");
}
