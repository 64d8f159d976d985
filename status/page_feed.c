/*
 * page_feed: incidents and maintenance as Atom (RFC 4287) and JSON Feed 1.1.
 *
 * An entry changes only when something was said, so that a feed that nobody needs to read
 * again is not written again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "hash.h"
#include "markdown.h"
#include "page_story.h"

#define STORIES_MAX   50
#define TOLD_BEFORE_S (7 * DAY_S) /* when nobody knows since when a window is planned */

static int newest_first(const void *a, const void *b)
{
    const struct story *x = a, *y = b;

    if (x->updated != y->updated)
        return x->updated < y->updated ? 1 : -1;
    return x->incident && y->incident
               ? (x->incident > y->incident) - (x->incident < y->incident)
               : 0;
}

/* When something was said last. */
static int64_t last_said(int64_t at, const struct page_update *u, int n, int64_t now)
{
    int i;

    for (i = 0; i < n; i++)
        if (u[i].at > at && u[i].at <= now)
            at = u[i].at;
    return at;
}

/* What happened, and what is planned: for free(). */
static struct story *stories(struct view *v, int *count)
{
    const struct page *p = v->page;
    struct story *s = calloc((size_t)p->incidents + (size_t)p->windows + 1, sizeof(*s));
    int i, n = 0;

    if (!s)
        abort();
    for (i = 0; i < p->incidents; i++) {
        const struct page_incident *in = &p->incident[i];
        int64_t at = in->resolved_at > in->started_at ? in->resolved_at : in->started_at;

        s[n++] = (struct story){in, NULL, in->started_at,
                                last_said(at, in->update, in->updates, p->now)};
    }
    for (i = 0; i < p->windows; i++) {
        const struct page_window *w = &p->window[i];
        int64_t told = w->told_at ? w->told_at : w->starts_at - TOLD_BEFORE_S;
        int64_t at = p->now >= w->ends_at     ? w->ends_at
                     : p->now >= w->starts_at ? w->starts_at
                                              : told;

        s[n++] = (struct story){NULL, w, told, last_said(at, w->update, w->updates, p->now)};
    }
    qsort(s, (size_t)n, sizeof(*s), newest_first);
    *count = n < STORIES_MAX ? n : STORIES_MAX;
    return s;
}

/* A name of the page or of a story that stays the same wherever the files lie. */
static void urn(buf *o, const struct page *p, const char *kind, const char *key)
{
    char all[512], text[64];
    unsigned long long a, b;

    snprintf(all, sizeof(all), "%s\n%s\n%s", p->slug ? p->slug : "", kind, key);
    a = hash64(all, strlen(all), 1);
    b = hash64(all, strlen(all), 2);
    snprintf(text, sizeof(text), "urn:uuid:%08llx-%04llx-8%03llx-%04llx-%012llx", a >> 32,
             a >> 16 & 0xffff, a & 0xfff, (b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffff);
    buf_puts(o, text);
}

static void paragraph(struct view *v, buf *o, const struct page_update *u)
{
    char *made = markdown_html(u->body ? u->body : "", u->body ? strlen(u->body) : 0);

    buf_puts(o, "<p><strong>");
    buf_puts(o, language_word(v->lang, view_phase(u->phase)));
    buf_puts(o, "</strong> – ");
    view_time_text(v, o, u->at);
    buf_puts(o, "</p>\n");
    buf_puts(o, made);
    free(made);
}

/* All that was said, the newest first, as HTML. */
static void content(struct view *v, buf *o, const struct story *s)
{
    const struct page_update *u = s->incident ? s->incident->update : s->window->update;
    int i, n = s->incident ? s->incident->updates : s->window->updates;
    char *made;

    buf_clear(o);
    if (!s->incident) {
        buf_puts(o, "<p>");
        view_time_text(v, o, s->window->starts_at);
        buf_puts(o, " – ");
        view_time_text(v, o, s->window->ends_at);
        buf_puts(o, "</p>\n");
        if (s->window->description) {
            made = markdown_html(s->window->description, strlen(s->window->description));
            buf_puts(o, made);
            free(made);
        }
    }
    for (i = n - 1; i >= 0; i--)
        paragraph(v, o, &u[i]);
    if (s->incident && s->incident->postmortem) {
        html(o, "<h4>%s</h4>\n", language_word(v->lang, W_POSTMORTEM));
        made = markdown_html(s->incident->postmortem, strlen(s->incident->postmortem));
        buf_puts(o, made);
        free(made);
    }
    if (o->len == 0) {
        buf_puts(o, "<p>");
        html_text(o, s->incident ? s->incident->title : s->window->title);
        buf_puts(o, "</p>");
    }
}

/* "[Resolved] API down": what a list of headlines has to say. */
static void headline(struct view *v, buf *o, const struct story *s)
{
    enum word w = W_MAINTENANCE;

    if (s->incident)
        w = view_phase_now(s->incident);
    buf_clear(o);
    buf_puts(o, "[");
    buf_puts(o, language_word(v->lang, w));
    buf_puts(o, "] ");
    buf_puts(o, s->incident ? s->incident->title : s->window->title);
}

static const char *kind(const struct story *s)
{
    return s->incident ? "incident" : "maintenance";
}

static const char *key(const struct story *s)
{
    return s->incident ? s->incident->key : s->window->key;
}

/* Where it is read; empty when nobody told the page's address. */
static void address(struct view *v, buf *o, const struct story *s)
{
    buf_clear(o);
    if (!v->page->url || !*v->page->url)
        return;
    buf_puts(o, v->page->url);
    if (s && s->incident) {
        buf_puts(o, "incidents/");
        buf_puts(o, s->incident->key);
        buf_puts(o, ".html");
    }
    else if (s) {
        buf_puts(o, "#m-");
        buf_puts(o, s->window->key);
    }
}

static int64_t feed_updated(struct view *v, const struct story *s, int n)
{
    return n > 0 ? s[0].updated : (int64_t)v->page->today * DAY_S;
}

static void stamp(buf *o, const char *before, int64_t at, const char *after)
{
    char text[24];

    day_print_s(at, text);
    buf_puts(o, before);
    buf_puts(o, text);
    buf_puts(o, after);
}

static void entry(struct view *v, const struct story *s)
{
    buf *o = v->out, *scratch = &v->scratch;

    buf_puts(o, "<entry>\n<id>");
    urn(o, v->page, kind(s), key(s));
    headline(v, scratch, s);
    html(o, "</id>\n<title>%s</title>\n", buf_end(scratch));
    stamp(o, "<published>", s->at, "</published>\n");
    stamp(o, "<updated>", s->updated, "</updated>\n");
    address(v, scratch, s);
    if (scratch->len)
        html(o, "<link rel=\"alternate\" type=\"text/html\" href=\"%s\"/>\n",
             buf_end(scratch));
    html(o, "<category term=\"%s\"/>\n",
         s->incident ? view_severity(s->incident->severity) : "maintenance");
    content(v, scratch, s);
    html(o, "<content type=\"html\">%s</content>\n</entry>\n", buf_end(scratch));
}

void page_out_atom(struct view *v)
{
    const struct page *p = v->page;
    buf *o = v->out;
    int n, i;
    struct story *s = stories(v, &n);

    html(o,
         "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "
         "xmlns=\"http://www.w3.org/2005/Atom\" "
         "xml:lang=\"%s\">\n<id>",
         v->lang->code);
    urn(o, p, "page", "");
    html(o, "</id>\n<title>%s</title>\n", p->title);
    if (p->description && *p->description)
        html(o, "<subtitle>%s</subtitle>\n", p->description);
    stamp(o, "<updated>", feed_updated(v, s, n), "</updated>\n");
    html(o,
         "<author><name>%s</name></author>\n<link rel=\"self\" type=\"application/atom+xml\" "
         "href=\"%sfeed.atom\"/>\n",
         p->title, p->url ? p->url : "");
    html(o, "<link rel=\"alternate\" type=\"text/html\" href=\"%s\"/>\n",
         p->url && *p->url ? p->url : "./");
    buf_puts(o, "<generator>Tocsin</generator>\n");
    for (i = 0; i < n; i++)
        entry(v, &s[i]);
    buf_puts(o, "</feed>\n");
    free(s);
}

static void item(struct view *v, const struct story *s)
{
    buf *o = v->out, *scratch = &v->scratch;

    buf_puts(o, "{\"id\":\"");
    urn(o, v->page, kind(s), key(s));
    buf_puts(o, "\"");
    address(v, scratch, s);
    if (scratch->len) {
        buf_puts(o, ",\"url\":");
        text_json(o, buf_end(scratch));
    }
    headline(v, scratch, s);
    buf_puts(o, ",\"title\":");
    text_json(o, buf_end(scratch));
    content(v, scratch, s);
    buf_puts(o, ",\"content_html\":");
    text_json(o, buf_end(scratch));
    stamp(o, ",\"date_published\":\"", s->at, "\"");
    stamp(o, ",\"date_modified\":\"", s->updated, "\"");
    buf_puts(o, ",\"tags\":[");
    text_json(o, s->incident ? view_severity(s->incident->severity) : "maintenance");
    buf_puts(o, "]}");
}

void page_out_json_feed(struct view *v)
{
    const struct page *p = v->page;
    buf *o = v->out;
    int n, i;
    struct story *s = stories(v, &n);

    buf_puts(o, "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":");
    text_json(o, p->title);
    address(v, &v->scratch, NULL);
    if (v->scratch.len) {
        buf_puts(o, ",\"home_page_url\":");
        text_json(o, buf_end(&v->scratch));
        buf_puts(&v->scratch, "feed.json");
        buf_puts(o, ",\"feed_url\":");
        text_json(o, buf_end(&v->scratch));
    }
    if (p->description && *p->description) {
        buf_puts(o, ",\"description\":");
        text_json(o, p->description);
    }
    html(o, ",\"language\":\"%s\",\"items\":[", v->lang->code);
    for (i = 0; i < n; i++) {
        buf_puts(o, i ? ",\n" : "\n");
        item(v, &s[i]);
    }
    buf_puts(o, "]}\n");
    free(s);
}
