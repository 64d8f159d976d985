/* page_html_foot: subscribing, and what the marks mean. */
#include <string.h>

#include "page_view.h"

static void choose(struct view *v)
{
    const struct page *p = v->page;
    buf *o = v->out;
    int i;

    if (p->components < 2)
        return;
    html(o, "<details><summary>%s</summary><div class=\"choose\">\n",
         language_word(v->lang, W_ONLY_ABOUT));
    for (i = 0; i < p->components; i++)
        html(o,
             "<label><input type=\"checkbox\" name=\"components\" "
             "value=\"%s\"><bdi>%s</bdi></label>\n",
             p->component[i].key, view_name(p->component[i].name));
    buf_puts(o, "</div></details>\n");
}

static void by_mail(struct view *v)
{
    buf *o = v->out;

    html(o,
         "<form class=\"ask\" method=\"post\" action=\"%s\">\n"
         "<input type=\"hidden\" name=\"type\" value=\"email\">\n"
         "<label for=\"address\">%s</label>\n"
         "<div class=\"field\"><input type=\"email\" id=\"address\" name=\"address\" required "
         "maxlength=\"254\" autocomplete=\"email\" aria-describedby=\"how\">",
         v->page->subscribe_url, language_word(v->lang, W_EMAIL));
    html(o,
         "<button class=\"btn main\">%s</button></div>\n<p id=\"how\" "
         "class=\"hint\">%s</p>\n",
         language_word(v->lang, W_SUBSCRIBE_DO), language_word(v->lang, W_SUBSCRIBE_HELP));
    choose(v);
    buf_puts(o, "<p class=\"said\" role=\"status\"></p></form>\n");
}

static void by_webhook(struct view *v)
{
    html(v->out,
         "<details><summary>%s</summary><form class=\"ask\" method=\"post\" "
         "action=\"%s\">\n<input type=\"hidden\" name=\"type\" value=\"webhook\">\n",
         language_word(v->lang, W_WEBHOOK_HELP), v->page->subscribe_url);
    html(v->out,
         "<label for=\"hook\">URL</label>\n<div class=\"field\"><input type=\"url\" "
         "id=\"hook\" "
         "name=\"address\" required maxlength=\"2048\" placeholder=\"https://\"><button "
         "class=\"btn\">%s</button></div>\n<p class=\"said\" "
         "role=\"status\"></p></form></details>\n",
         language_word(v->lang, W_SUBSCRIBE));
}

void view_subscribe(struct view *v)
{
    const struct page *p = v->page;
    buf *o = v->out;

    html(o,
         "<section id=\"subscribe\" aria-labelledby=\"sub\"><h2 id=\"sub\">%s</h2>\n<div "
         "class=\"card pad\">\n",
         language_word(v->lang, W_SUBSCRIBE));
    if (p->subscribe && p->subscribe_url && html_link_ok(p->subscribe_url)) {
        by_mail(v);
        by_webhook(v);
    }
    html(o,
         "<p class=\"links\"><a href=\"%sfeed.atom\">Atom</a> <a href=\"%sfeed.json\">JSON "
         "Feed</a> "
         "<a href=\"%smaintenance.ics\">%s</a></p>\n</div></section>\n",
         v->up, v->up, v->up, language_word(v->lang, W_CALENDAR));
}

/* A day of each kind, as in the strips. */
void view_legend(struct view *v)
{
    static const int order[] = {STATUS_UP,          STATUS_DEGRADED, STATUS_DOWN,
                                STATUS_MAINTENANCE, STATUS_UNKNOWN,  STATUS_PAUSED};
    buf *o = v->out;
    size_t i;

    html(o,
         "<section class=\"legend\" aria-labelledby=\"legend\"><h2 "
         "id=\"legend\">%s</h2>\n<ul>\n",
         language_word(v->lang, W_LEGEND));
    for (i = 0; i < sizeof(order) / sizeof(*order); i++) {
        buf_puts(o, "<li>");
        shape_bar(o, order[i]);
        view_badge(v, order[i]);
        buf_puts(o, "</li>\n");
    }
    buf_puts(o, "</ul>\n<p>");
    buf_clear(&v->scratch);
    view_duration(&v->scratch, v->page->day_down_s);
    language_say(o, v->lang, W_DAY_RULE, buf_end(&v->scratch), NULL);
    buf_puts(o, "</p></section>\n");
}

void page_out_index(struct view *v)
{
    const struct page *p = v->page;

    v->live = true;
    view_head(v, p->title, W_SUBSCRIBE, "page");
    if (p->description && *p->description)
        html(v->out, "<p class=\"about\" dir=\"auto\">%s</p>\n", p->description);
    buf_puts(v->out, "<p id=\"note\" role=\"status\"></p>\n");
    view_banner(v);
    view_open_incidents(v);
    view_windows(v);
    view_components(v);
    view_past_incidents(v);
    view_subscribe(v);
    if (p->components > 0)
        view_legend(v);
    view_foot(v);
}
