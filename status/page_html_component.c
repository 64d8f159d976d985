/* page_html_component: a component with its strip of 90 days, and its bad days as a table. */
#include <string.h>

#include "page_view.h"

static void seconds(struct view *v, const struct page_day *d, int status, bool *told)
{
    if (d->seconds[status] <= 0)
        return;
    if (*told)
        buf_puts(v->out, ", ");
    *told = true;
    view_word(v, (enum word)status);
    buf_puts(v->out, " ");
    view_duration(v->out, d->seconds[status]);
}

static void bad_day(struct view *v, const struct page_component *c, int i, int status)
{
    const struct page_day *d = &c->day[i];
    int64_t good = (int64_t)d->seconds[STATUS_UP] + d->seconds[STATUS_DEGRADED];
    int64_t all = good + d->seconds[STATUS_DOWN];
    bool told = false;
    buf *o = v->out;

    buf_puts(o, "<tr><th scope=\"row\">");
    view_day(v, o, v->page->today - (PAGE_DAYS - 1 - i));
    buf_puts(o, "</th><td>");
    view_badge(v, status);
    buf_puts(o, "</td><td>");
    seconds(v, d, STATUS_DOWN, &told);
    seconds(v, d, STATUS_DEGRADED, &told);
    seconds(v, d, STATUS_MAINTENANCE, &told);
    buf_puts(o, "</td><td class=\"n\">");
    language_percent(o, v->lang, all > 0 ? (int)(good * 10000 / all) : -1);
    buf_puts(o, "</td></tr>\n");
}

static void bad_days(struct view *v, const struct page_component *c, const struct sums *s)
{
    static const enum word heads[] = {W_DAY, W_STATUS, W_DETAILS, W_UPTIME};
    buf *o = v->out;
    size_t h;
    int i;

    if (s->listed == 0)
        return;
    buf_clear(&v->scratch);
    text_int(&v->scratch, s->listed);
    html(o, "<details id=\"d-%s\"><summary>", c->key);
    language_say(o, v->lang, W_PROBLEM_DAYS, buf_end(&v->scratch), NULL);
    buf_puts(o, "</summary><table><thead><tr>");
    for (h = 0; h < sizeof(heads) / sizeof(*heads); h++) {
        buf_puts(o, heads[h] == W_UPTIME ? "<th scope=\"col\" class=\"n\">"
                                         : "<th scope=\"col\">");
        view_word(v, heads[h]);
        buf_puts(o, "</th>");
    }
    buf_puts(o, "</tr></thead><tbody>\n");
    for (i = PAGE_DAYS - 1; i >= 0; i--)
        if (strchr("234", s->days[i]))
            bad_day(v, c, i, s->days[i] - '0');
    buf_puts(o, "</tbody></table></details>\n");
}

static void strip(struct view *v, const struct page_component *c, const struct sums *s)
{
    buf *o = v->out;
    char problems[16];

    buf_clear(&v->scratch);
    language_percent(&v->scratch, v->lang, s->percent);
    buf_clear(&v->scratch2);
    text_int(&v->scratch2, s->problems);
    strncpy(problems, buf_end(&v->scratch2), sizeof(problems) - 1);
    problems[sizeof(problems) - 1] = 0;

    html(
        o,
        "<div class=\"strip\" role=\"img\" data-key=\"%s\" data-days=\"%s\" aria-label=\"%s: ",
        c->key, s->days, view_name(c->name));
    language_say(o, v->lang, W_STRIP, buf_end(&v->scratch), problems);
    if (s->empty > 0) {
        buf_clear(&v->scratch2);
        text_int(&v->scratch2, s->empty);
        buf_puts(o, " ");
        language_say(o, v->lang, W_NO_DATA_DAYS, buf_end(&v->scratch2), NULL);
    }
    buf_puts(o, "\">");
    shape_strip(o, s->days);
    buf_puts(o, "</div><div class=\"scale\"><span class=\"far\">");
    view_word(v, W_90_DAYS_AGO);
    buf_puts(o, "</span><span class=\"near\">");
    view_word(v, W_30_DAYS_AGO);
    buf_puts(o, "</span><b>");
    if (s->percent < 0)
        view_word(v, W_NO_DATA);
    else
        language_say(o, v->lang, W_IN_90_DAYS, buf_end(&v->scratch), NULL);
    buf_puts(o, "</b><span>");
    view_word(v, W_TODAY);
    buf_puts(o, "</span></div>\n");
}

static void component(struct view *v, const struct page_component *c, const struct sums *s)
{
    buf *o = v->out;

    html(o, "<li class=\"comp\" id=\"c-%s\"><div class=\"line\"><h3 dir=\"auto\">%s</h3>",
         c->key, view_name(c->name));
    if (c->show_ms && c->ms >= 0)
        html(o, "<span class=\"ms\">%d ms</span>", c->ms);
    view_badge(v, c->status >= 0 && c->status < STATUSES ? c->status : STATUS_UNKNOWN);
    buf_puts(o, "</div>\n");
    if (c->description && *c->description)
        html(o, "<p class=\"desc\" dir=\"auto\">%s</p>\n", c->description);
    if (c->show_uptime) {
        strip(v, c, s);
        bad_days(v, c, s);
    }
    buf_puts(o, "</li>\n");
}

void view_components(struct view *v)
{
    const struct page *p = v->page;
    const char *section = NULL;
    buf *o = v->out;
    int i;

    for (i = 0; i < p->components; i++) {
        const struct page_component *c = &p->component[i];
        const char *mine = c->section ? c->section : "";

        if (!section || strcmp(section, mine) != 0) {
            if (section)
                buf_puts(o, "</ul></section>\n");
            section = mine;
            html(o,
                 "<section aria-labelledby=\"g%d\"><h2 id=\"g%d\" dir=\"auto\">%s</h2>\n<ul "
                 "class=\"card\">\n",
                 i, i, *mine ? mine : language_word(v->lang, W_COMPONENTS));
        }
        component(v, c, &v->sums[i]);
    }
    if (section)
        buf_puts(o, "</ul></section>\n");
}
