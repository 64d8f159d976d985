/* page_html_incident: incidents and maintenance, with what was said about them. */
#include <stdlib.h>
#include <string.h>

#include "markdown.h"
#include "page_view.h"

#define NAMED      8 /* components after "Affects" */
#define SHOWN_DAYS 14
#define DAY        86400

enum word view_phase(const char *phase)
{
    static const struct {
        const char *phase;
        enum word w;
    } words[] = {{"investigating", W_INVESTIGATING},
                 {"identified", W_IDENTIFIED},
                 {"monitoring", W_MONITORING},
                 {"resolved", W_RESOLVED}};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (phase && strcmp(phase, words[i].phase) == 0)
            return words[i].w;
    return W_COMMENT;
}

static void markdown(struct view *v, const char *text)
{
    char *made;

    if (!text || !*text)
        return;
    made = markdown_html(text, strlen(text));
    buf_puts(v->out, "<div class=\"md\" dir=\"auto\">");
    buf_puts(v->out, made);
    buf_puts(v->out, "</div>");
    free(made);
}

static void list(struct view *v, const struct page_update *u, int n, bool whole)
{
    buf *o = v->out;
    int i;

    if (n == 0)
        return;
    buf_puts(o, "<ol class=\"updates\">\n");
    for (i = n - 1; i >= 0; i--) {
        buf_puts(o, whole ? "<li><h3><b>" : "<li><p><b>");
        view_word(v, view_phase(u[i].phase));
        buf_puts(o, "</b> ");
        view_time(v, o, u[i].at, true);
        if (u[i].author && *u[i].author)
            html(o, " · <bdi>%s</bdi>", u[i].author);
        buf_puts(o, whole ? "</h3>" : "</p>");
        markdown(v, u[i].body);
        buf_puts(o, "</li>\n");
    }
    buf_puts(o, "</ol>\n");
}

/* Newest first; of what is over, all but the last word is folded away. */
static void updates(struct view *v, const struct page_update *u, int n, bool fold, bool whole)
{
    if (!fold || n < 2) {
        list(v, u, n, whole);
        return;
    }
    list(v, u + n - 1, 1, whole);
    buf_clear(&v->scratch);
    text_int(&v->scratch, n - 1);
    buf_puts(v->out, "<details><summary>");
    language_say(v->out, v->lang, W_EARLIER, buf_end(&v->scratch), NULL);
    buf_puts(v->out, "</summary>");
    list(v, u, n - 1, whole);
    buf_puts(v->out, "</details>\n");
}

/* What holds now: of the newest update that says so. */
enum word view_phase_now(const struct page_incident *i)
{
    int n;

    if (i->resolved_at)
        return W_RESOLVED;
    for (n = i->updates - 1; n >= 0; n--)
        if (view_phase(i->update[n].phase) != W_COMMENT &&
            view_phase(i->update[n].phase) != W_RESOLVED)
            return view_phase(i->update[n].phase);
    return W_INVESTIGATING;
}

const char *view_severity(const char *severity)
{
    if (severity && strcmp(severity, "critical") == 0)
        return "critical";
    return severity && strcmp(severity, "minor") == 0 ? "minor" : "major";
}

static enum word severity_word(const char *severity)
{
    switch (view_severity(severity)[1]) {
    case 'r':
        return W_CRITICAL;
    case 'i':
        return W_MINOR;
    default:
        return W_MAJOR;
    }
}

static void affects(struct view *v, const int *component, int n)
{
    buf_clear(&v->scratch);
    view_names(v, &v->scratch, component, n, NAMED);
    if (v->scratch.len == 0)
        return; /* none, or none of this page */
    buf_puts(v->out, " · ");
    language_say(v->out, v->lang, W_AFFECTS, buf_end(&v->scratch), NULL);
}

static void facts(struct view *v, const struct page_incident *i)
{
    buf *o = v->out;

    buf_puts(o, "<p class=\"facts\">");
    buf_clear(&v->scratch);
    view_time(v, &v->scratch, i->started_at, true);
    language_say(o, v->lang, W_STARTED, buf_end(&v->scratch), NULL);
    if (i->resolved_at) {
        buf_clear(&v->scratch);
        view_duration(&v->scratch, i->resolved_at - i->started_at);
        buf_puts(o, ", ");
        language_say(o, v->lang, W_LASTED, buf_end(&v->scratch), NULL);
    }
    affects(v, i->component, i->components);
    if (i->url && html_link_ok(i->url))
        html(o, " · <a href=\"%s\" rel=\"nofollow noopener noreferrer\">%s</a>", i->url,
             language_word(v->lang, W_ELSEWHERE));
    buf_puts(o, "</p>\n");
}

void view_incident(struct view *v, const struct page_incident *i, bool whole)
{
    enum word severity = severity_word(i->severity);
    int status = i->resolved_at           ? STATUS_UP
                 : severity == W_CRITICAL ? STATUS_DOWN
                                          : STATUS_DEGRADED;
    buf *o = v->out;

    html(o, "<article class=\"card inc s%d\" id=\"i-%s\">\n<div class=\"line\">", status,
         i->key);
    if (whole)
        buf_puts(o, "<h2>");
    else
        html(o, "<h3 dir=\"auto\"><a href=\"%sincidents/%s.html\">%s</a></h3>", v->up, i->key,
             view_name(i->title));
    if (whole)
        html(o, "%s</h2>", language_word(v->lang, view_phase_now(i)));
    html(o, "<span class=\"tag\">%s</span>", language_word(v->lang, severity));
    if (!whole) {
        html(o, "<span class=\"s s%d\">", status);
        view_icon(v, status);
        view_word(v, view_phase_now(i));
        buf_puts(o, "</span>");
    }
    buf_puts(o, "</div>\n");
    facts(v, i);
    updates(v, i->update, i->updates, !whole && i->resolved_at, whole);
    if (i->postmortem && *i->postmortem) {
        if (whole) {
            html(o, "<section aria-labelledby=\"pm\"><h3 id=\"pm\">%s</h3>",
                 language_word(v->lang, W_POSTMORTEM));
            markdown(v, i->postmortem);
            buf_puts(o, "</section>\n");
        }
        else
            html(o, "<p><a href=\"%sincidents/%s.html#pm\">%s</a></p>\n", v->up, i->key,
                 language_word(v->lang, W_POSTMORTEM));
    }
    buf_puts(o, "</article>\n");
}

void view_open_incidents(struct view *v)
{
    const struct page *p = v->page;
    bool head = false;
    int i;

    for (i = 0; i < p->incidents; i++) {
        if (p->incident[i].resolved_at)
            continue;
        if (!head)
            html(v->out, "<section aria-labelledby=\"open\"><h2 id=\"open\">%s</h2>\n",
                 language_word(v->lang, W_OPEN_INCIDENTS));
        head = true;
        view_incident(v, &p->incident[i], false);
    }
    if (head)
        buf_puts(v->out, "</section>\n");
}

int window_state(const struct page *page, const struct page_window *w)
{
    return page->now >= w->ends_at ? -1 : page->now < w->starts_at;
}

void view_window(struct view *v, const struct page_window *w)
{
    int state = window_state(v->page, w);
    buf *o = v->out;

    html(o,
         "<article class=\"card inc s%d\" id=\"m-%s\">\n<div class=\"line\"><h3 "
         "dir=\"auto\">%s</h3>",
         state < 0 ? STATUS_UP : STATUS_MAINTENANCE, w->key, view_name(w->title));
    html(o, "<span class=\"s s%d\">", STATUS_MAINTENANCE);
    view_icon(v, STATUS_MAINTENANCE);
    view_word(v, state == 0 ? W_IN_PROGRESS : state < 0 ? W_COMPLETED : W_UPCOMING);
    buf_puts(o, "</span></div>\n<p class=\"facts\">");
    view_time(v, o, w->starts_at, true);
    buf_puts(o, " – ");
    view_time(v, o, w->ends_at,
              w->ends_at - w->starts_at >= DAY || w->ends_at / DAY != w->starts_at / DAY);
    affects(v, w->component, w->components);
    if (w->url && html_link_ok(w->url))
        html(o, " · <a href=\"%s\" rel=\"nofollow noopener noreferrer\">%s</a>", w->url,
             language_word(v->lang, W_ELSEWHERE));
    buf_puts(o, "</p>\n");
    markdown(v, w->description);
    updates(v, w->update, w->updates, state < 0, false);
    buf_puts(o, "</article>\n");
}

/* What is going on and what is planned; the past is in the history. */
void view_windows(struct view *v)
{
    const struct page *p = v->page;
    bool head = false;
    int i;

    for (i = 0; i < p->windows; i++) {
        if (window_state(p, &p->window[i]) < 0)
            continue;
        if (!head)
            html(v->out, "<section aria-labelledby=\"maint\"><h2 id=\"maint\">%s</h2>\n",
                 language_word(v->lang, W_MAINTENANCE));
        head = true;
        view_window(v, &p->window[i]);
    }
    if (head)
        buf_puts(v->out, "</section>\n");
}

void view_past_incidents(struct view *v)
{
    const struct page *p = v->page;
    struct zone_time t;
    int i, day = 0;
    bool any = false;
    buf *o = v->out;

    html(o,
         "<section class=\"past\" aria-labelledby=\"past\"><h2 id=\"past\">%s "
         "<span>%s</span></h2>\n",
         language_word(v->lang, W_PAST_INCIDENTS), language_word(v->lang, W_PAST_DAYS));
    for (i = 0; i < p->incidents; i++) {
        const struct page_incident *n = &p->incident[i];

        if (!n->resolved_at || n->resolved_at < p->now - SHOWN_DAYS * DAY)
            continue;
        zone_time(v->zone, n->started_at, &t);
        if (!any || t.day_number != day) {
            buf_puts(o, "<p class=\"day\">");
            language_date(o, v->lang, t.year, t.month, t.day);
            buf_puts(o, "</p>\n");
        }
        any = true;
        day = t.day_number;
        view_incident(v, n, false);
    }
    if (!any)
        html(o, "<p class=\"none\">%s</p>\n", language_word(v->lang, W_NO_INCIDENTS));
    zone_time(v->zone, p->now, &t);
    html(o, "<p><a href=\"%shistory/%d-%s%d.html\">%s</a></p>\n</section>\n", v->up, t.year,
         t.month < 10 ? "0" : "", t.month, language_word(v->lang, W_HISTORY));
}
