/* page_history: a month: what happened, what was maintained, and each component's uptime. */
#include <stdio.h>
#include <string.h>

#include "day.h"
#include "page_view.h"

static int month_of(struct view *v, int64_t at)
{
    struct zone_time t;

    zone_time(v->zone, at, &t);
    return t.year * 12 + t.month - 1;
}

static void month_name(struct view *v, buf *o, int month)
{
    buf_puts(o, v->lang->long_month[month % 12] ? v->lang->long_month[month % 12]
                                                : language_en.long_month[month % 12]);
    buf_puts(o, " ");
    text_int(o, month / 12);
}

static void link_to(struct view *v, int month, const char *rel)
{
    html(v->out, "<a class=\"btn\" href=\"%d-%s%d.html\" rel=\"%s\">", month / 12,
         month % 12 < 9 ? "0" : "", month % 12 + 1, rel);
    month_name(v, v->out, month);
    buf_puts(v->out, "</a>");
}

static void incidents(struct view *v, int month)
{
    const struct page *p = v->page;
    struct zone_time t;
    int i, day = -1;

    html(v->out, "<section class=\"past\" aria-labelledby=\"past\"><h2 id=\"past\">%s</h2>\n",
         language_word(v->lang, W_PAST_INCIDENTS));
    for (i = 0; i < p->incidents; i++) {
        if (month_of(v, p->incident[i].started_at) != month)
            continue;
        zone_time(v->zone, p->incident[i].started_at, &t);
        if (t.day != day) {
            buf_puts(v->out, "<p class=\"day\">");
            language_date(v->out, v->lang, t.year, t.month, t.day);
            buf_puts(v->out, "</p>\n");
        }
        day = t.day;
        view_incident(v, &p->incident[i], false);
    }
    if (day < 0)
        html(v->out, "<p class=\"none\">%s</p>\n",
             language_word(v->lang, W_NO_INCIDENTS_MONTH));
    buf_puts(v->out, "</section>\n");
}

static void maintenance(struct view *v, int month)
{
    const struct page *p = v->page;
    bool head = false;
    int i;

    for (i = 0; i < p->windows; i++) {
        if (month_of(v, p->window[i].starts_at) != month)
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

/* The days of a month, which are UTC, as indexes into page_component.day; false: all are
 * older. */
static bool days_of(const struct page *p, int month, int *from, int *to)
{
    int first = day_of_date(month / 12, month % 12 + 1, 1);
    int next = day_of_date((month + 1) / 12, (month + 1) % 12 + 1, 1);

    *from = first - (p->today - PAGE_DAYS + 1);
    *to = next - (p->today - PAGE_DAYS + 1); /* behind the last */
    if (*to > PAGE_DAYS - 1)
        *to = PAGE_DAYS - 1; /* today is not over: it would change this file each minute */
    if (*from < 0)
        *from = 0;
    return *from < *to;
}

static void uptime(struct view *v, const struct page_component *c, int from, int to)
{
    int64_t good = 0, down = 0;
    char days[PAGE_DAYS + 1];
    buf *o = v->out;
    int i, bad = 0;

    for (i = from; i < to; i++) {
        good += c->day[i].seconds[STATUS_UP] + c->day[i].seconds[STATUS_DEGRADED];
        down += c->day[i].seconds[STATUS_DOWN];
        days[i - from] = (char)('0' + page_day_status(v->page, &c->day[i]));
        bad += strchr("234", days[i - from]) != NULL;
    }
    html(o, "<tr><th scope=\"row\" dir=\"auto\">%s</th><td class=\"month\">",
         view_name(c->name));
    shape_days(o, days, to - from);
    buf_clear(&v->scratch);
    text_int(&v->scratch, bad);
    buf_puts(o, "<span class=\"sr\">");
    language_say(o, v->lang, W_PROBLEM_DAYS, buf_end(&v->scratch), NULL);
    buf_puts(o, "</span></td><td class=\"n\">");
    language_percent(o, v->lang, good + down > 0 ? (int)(good * 10000 / (good + down)) : -1);
    buf_puts(o, "</td></tr>\n");
}

static void uptimes(struct view *v, int month)
{
    const struct page *p = v->page;
    bool head = false;
    int i, from, to;

    if (!days_of(p, month, &from, &to))
        return;
    for (i = 0; i < p->components; i++) {
        if (!p->component[i].show_uptime)
            continue;
        if (!head) {
            html(v->out, "<section aria-labelledby=\"up\"><h2 id=\"up\">%s <span>",
                 language_word(v->lang, W_UPTIME));
            view_day(v, v->out, p->today - PAGE_DAYS + 1 + from);
            buf_puts(v->out, " – ");
            view_day(v, v->out, p->today - PAGE_DAYS + to);
            html(v->out,
                 "</span></h2>\n<div class=\"card pad\"><table class=\"plain\"><thead><tr><th "
                 "scope=\"col\">%s</th>",
                 language_word(v->lang, W_COMPONENTS));
            html(v->out,
                 "<th scope=\"col\">%s</th><th scope=\"col\" "
                 "class=\"n\">%s</th></tr></thead><tbody>\n",
                 language_word(v->lang, W_STATUS), language_word(v->lang, W_UPTIME));
        }
        head = true;
        uptime(v, &p->component[i], from, to);
    }
    if (head)
        buf_puts(v->out, "</tbody></table></div></section>\n");
}

void page_out_month(struct view *v, int month, int before, int after)
{
    buf *o = v->out, title = {0};

    month_name(v, &title, month);
    buf_puts(&title, " – ");
    buf_puts(&title, v->page->title);
    view_head(v, buf_end(&title), W_BACK, "past");
    html(o, "<h1>%s: ", language_word(v->lang, W_HISTORY));
    month_name(v, o, month);
    html(o, "</h1>\n<nav class=\"months\" aria-label=\"%s\">",
         language_word(v->lang, W_HISTORY));
    if (before >= 0)
        link_to(v, before, "prev");
    if (after >= 0)
        link_to(v, after, "next");
    buf_puts(o, "</nav>\n");
    uptimes(v, month);
    incidents(v, month);
    maintenance(v, month);
    view_foot(v);
    buf_free(&title);
}
