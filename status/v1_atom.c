/* v1_atom: incidents.atom, the open incidents and the last that were resolved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "markdown.h"
#include "v1_in.h"

#define ENTRIES_MAX 50

/* Text for XML 1.0: what it has no place for becomes U+FFFD. */
static void add_text(buf *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            buf_puts(out, "&amp;");
            break;
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '"':
            buf_puts(out, "&quot;");
            break;
        case '\t':
        case '\n':
            buf_add(out, text, 1);
            break;
        default:
            if ((unsigned char)*text < ' ')
                buf_puts(out, "\xef\xbf\xbd");
            else
                buf_add(out, text, 1);
        }
}

static void add_element(buf *out, const char *tag, const char *text)
{
    buf_puts(out, "<");
    buf_puts(out, tag);
    buf_puts(out, ">");
    add_text(out, text);
    buf_puts(out, "</");
    buf_puts(out, tag);
    buf_puts(out, ">\n");
}

static void add_time(buf *out, const char *tag, int64_t seconds)
{
    char when[21];

    day_print_s(seconds, when);
    add_element(out, tag, when);
}

static int64_t touched(const struct note *note)
{
    return note->closed_at ? note->closed_at : note->created_at;
}

static void add_summary(buf *out, const struct note *note)
{
    buf words = {0};

    buf_puts(&words, note->closed_at ? "Resolved " : "Open ");
    buf_puts(&words, note->severity);
    buf_puts(&words, " incident");
    for (int i = 0; i < note->systems; i++) {
        buf_puts(&words, i ? ", " : " affecting: ");
        buf_puts(&words, note->system[i]);
    }
    add_element(out, "summary", buf_end(&words));
    buf_free(&words);
}

static void add_entry(buf *out, const struct note *note, const char *site)
{
    char *html = markdown_html(note->body, strlen(note->body)), id[2200];

    snprintf(id, sizeof(id), "%s/status/incidents/%lld", site, (long long)note->id);
    buf_puts(out, "<entry>\n");
    add_element(out, "id", id);
    add_element(out, "title", note->title);
    add_time(out, "published", note->created_at);
    add_time(out, "updated", touched(note));
    if (note->url) {
        buf_puts(out, "<link rel=\"alternate\" href=\"");
        add_text(out, note->url);
        buf_puts(out, "\"/>\n");
    }
    buf_puts(out, "<category term=\"");
    add_text(out, note->severity);
    buf_puts(out, "\"/>\n");
    add_summary(out, note);
    buf_puts(out, "<content type=\"html\">");
    add_text(out, html ? html : "");
    buf_puts(out, "</content>\n</entry>\n");
    free(html);
}

/* Open ones first, then by time, latest first. */
static int by_time(const void *a, const void *b)
{
    const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;

    if (!x->closed_at != !y->closed_at)
        return x->closed_at ? 1 : -1;
    if (touched(x) != touched(y))
        return touched(x) < touched(y) ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

int v1_write_atom(struct v1_work *w)
{
    const struct notes *notes = w->v1->notes;
    int n = notes ? notes->incidents : 0, rv;
    const struct note **list = malloc(((size_t)n + 1) * sizeof(*list));
    int64_t newest = 0;
    char site[2048], id[2100];
    buf out = {0};

    if (!list)
        abort();
    for (int i = 0; i < n; i++) {
        list[i] = &notes->incident[i];
        newest = touched(list[i]) > newest ? touched(list[i]) : newest;
    }
    qsort(list, (size_t)n, sizeof(*list), by_time);
    snprintf(site, sizeof(site), "%s", w->v1->url && *w->v1->url ? w->v1->url : "urn:tocsin");
    for (size_t len = strlen(site); len > 0 && site[len - 1] == '/';)
        site[--len] = 0;
    snprintf(id, sizeof(id), "%s/status", site);
    buf_puts(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                   "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    add_element(&out, "id", id);
    buf_puts(&out, "<title>");
    add_text(&out, w->v1->title && *w->v1->title ? w->v1->title : "Status");
    buf_puts(&out, " \xe2\x80\x94 incidents</title>\n<author><name>");
    add_text(&out, w->v1->title && *w->v1->title ? w->v1->title : "Status");
    buf_puts(&out, "</name></author>\n");
    add_time(&out, "updated", newest ? newest : w->now / 1000 / DAY_S * DAY_S);
    for (int i = 0; i < n && i < ENTRIES_MAX; i++)
        add_entry(&out, list[i], site);
    buf_puts(&out, "</feed>\n");
    rv = v1_file(w, "incidents.atom", out.data, out.len);
    buf_free(&out);
    free(list);
    return rv;
}
