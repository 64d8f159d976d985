/* page_html_banner: the one sentence that most people come for. */
#include <string.h>

#include "page_view.h"

#define NAMED 3 /* components in the banner */

static int count(const struct page *p, int status)
{
    int i, n = 0;

    for (i = 0; i < p->components; i++)
        n += p->component[i].status == status;
    return n;
}

/* The newest that is open and as grave as the banner; NULL: components are the reason. */
static const struct page_incident *reason(const struct view *v)
{
    const struct page *p = v->page;
    int i;

    if (count(p, v->overall) > 0)
        return NULL;
    for (i = 0; i < p->incidents; i++)
        if (p->incident[i].resolved_at == 0)
            return &p->incident[i];
    return NULL;
}

static enum word banner_word(const struct view *v)
{
    const struct page *p = v->page;
    int n = count(p, v->overall);

    if (p->components == 0 && v->overall == STATUS_UNKNOWN)
        return W_EMPTY;
    if (reason(v))
        return W_OPEN_INCIDENT;
    switch (v->overall) {
    case STATUS_UP:
        return W_ALL_UP;
    case STATUS_DEGRADED:
        return W_SOME_DEGRADED;
    case STATUS_DOWN:
        return n == p->components ? W_MAJOR_OUTAGE : W_PARTIAL_OUTAGE;
    case STATUS_MAINTENANCE:
        return W_IN_MAINTENANCE;
    case STATUS_PAUSED:
        return W_ALL_PAUSED;
    default:
        return n == p->components ? W_ALL_UNKNOWN : W_SOME_UNKNOWN;
    }
}

void view_banner_title(struct view *v, buf *out)
{
    buf_puts(out, language_word(v->lang, banner_word(v)));
}

/* "API is down since 13:20 UTC", or whom it is about. */
static void detail(struct view *v)
{
    const struct page *p = v->page;
    const struct page_incident *why = reason(v);
    int n = count(p, v->overall), i, told = 0;
    const struct page_component *c = NULL;

    if (why) {
        html(v->out, "<p dir=\"auto\">%s</p>", view_name(why->title));
        return;
    }
    if (n == 0 || v->overall == STATUS_UP || v->overall == STATUS_PAUSED)
        return;
    buf_clear(&v->scratch);
    for (i = 0; i < p->components && told < NAMED; i++) {
        if (p->component[i].status != v->overall)
            continue;
        c = &p->component[i];
        html(&v->scratch, told++ ? ", <bdi>%s</bdi>" : "<bdi>%s</bdi>", view_name(c->name));
    }
    if (n > told)
        html(&v->scratch, ", +%d", n - told);
    buf_puts(v->out, "<p>");
    if (n == 1 && c->since > 0 &&
        (v->overall == STATUS_DOWN || v->overall == STATUS_DEGRADED)) {
        buf_clear(&v->scratch2);
        view_time(v, &v->scratch2, c->since, v->page->now - c->since > 12 * 3600);
        language_say(v->out, v->lang,
                     v->overall == STATUS_DOWN ? W_DOWN_SINCE : W_DEGRADED_SINCE,
                     buf_end(&v->scratch), buf_end(&v->scratch2));
    }
    else
        language_say(v->out, v->lang, W_AFFECTED, buf_end(&v->scratch), NULL);
    buf_puts(v->out, "</p>");
}

void view_banner(struct view *v)
{
    buf *o = v->out;

    html(o, "<section class=\"banner s%d\" id=\"banner\" aria-labelledby=\"overall\">",
         v->overall);
    view_icon(v, v->overall);
    buf_puts(o, "<div><h2 id=\"overall\">");
    view_banner_title(v, o);
    buf_puts(o, "</h2>");
    detail(v);
    buf_puts(o, "</div><p class=\"when\">");
    buf_clear(&v->scratch);
    view_time(v, &v->scratch, v->page->now, true);
    language_say(o, v->lang, W_UPDATED, buf_end(&v->scratch), NULL);
    buf_puts(o, "<span id=\"age\"></span></p></section>\n");
}
