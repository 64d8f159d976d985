/* page_html_parts: times, badges, and the frame around every page. */
#include <stdio.h>
#include <string.h>

#include "day.h"
#include "page_view.h"

#define ASSETS  "../assets/"
#define FRESH_S 300 /* of a page that is written every minute */

void view_word(struct view *v, enum word w)
{
    buf_puts(v->out, language_word(v->lang, w));
}

static void clock_text(buf *out, const struct zone_time *t)
{
    char clock[24];

    snprintf(clock, sizeof(clock), "%02d:%02d ", t->hour, t->minute);
    buf_puts(out, clock);
    html_text(out, t->abbr);
}

void view_time_text(struct view *v, buf *out, int64_t at)
{
    struct zone_time t;

    zone_time(v->zone, at, &t);
    language_date(out, v->lang, t.year, t.month, t.day);
    buf_puts(out, ", ");
    clock_text(out, &t);
}

void view_time(struct view *v, buf *out, int64_t at, bool date)
{
    struct zone_time t;
    char utc[24];

    day_print_s(at, utc);
    html(out, "<time datetime=\"%s\"", utc);
    buf_puts(out, date ? ">" : " class=\"t\">");
    if (date)
        view_time_text(v, out, at);
    else {
        zone_time(v->zone, at, &t);
        clock_text(out, &t);
    }
    buf_puts(out, "</time>");
}

void view_day(struct view *v, buf *out, int32_t day)
{
    int year, month, mday;

    day_to_date(day, &year, &month, &mday);
    language_date(out, v->lang, year, month, mday);
}

void view_duration(buf *out, int64_t seconds)
{
    static const struct {
        int64_t s;
        const char *name;
    } units[] = {{DAY_S, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}};
    size_t i, from = 0;

    if (seconds < 0)
        seconds = 0;
    while (from < 3 && seconds < units[from].s)
        from++;
    for (i = from; i < 4 && i < from + 2; i++) { /* the two greatest are precise enough */
        int64_t n = seconds / units[i].s;

        seconds %= units[i].s;
        if (n == 0 && i > from)
            break;
        if (i > from)
            buf_puts(out, " ");
        text_int(out, n);
        buf_puts(out, units[i].name);
        if (i == 2)
            break; /* nobody counts seconds beside minutes */
    }
}

void view_icon(struct view *v, int status)
{
    html(v->out, "<svg class=\"i\" aria-hidden=\"true\"><use href=\"#i%d\"/></svg>", status);
}

void view_badge(struct view *v, int status)
{
    html(v->out, "<span class=\"s s%d\">", status);
    view_icon(v, status);
    view_word(v, (enum word)status);
    buf_puts(v->out, "</span>");
}

void view_names(struct view *v, buf *out, const int *component, int n, int most)
{
    int i, told = 0;

    for (i = 0; i < n && told < most; i++) {
        if (component[i] < 0 || component[i] >= v->page->components)
            continue;
        if (told++)
            buf_puts(out, ", ");
        html(out, "<bdi>%s</bdi>", view_name(v->page->component[component[i]].name));
    }
    if (i < n)
        html(out, ", +%d", n - i);
}

/* Only what a page needs: nothing from elsewhere, no script or style inside of it. */
static void policy(struct view *v)
{
    const char *form = v->page->subscribe_url, *end;

    buf_puts(v->out,
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
             "'self'; base-uri 'none'; require-trusted-types-for 'script'; "
             "trusted-types 'none'; form-action 'self'");
    if (form && strncmp(form, "http", 4) == 0 && (end = strstr(form, "://")) &&
        !strpbrk(form, "; ,")) {
        buf_puts(v->out, " ");
        html_text_n(v->out, form, (size_t)(end + 3 - form) + strcspn(end + 3, "/?#"));
    }
    buf_puts(v->out, "\">\n");
}

static const char *assets(const struct view *v)
{
    return v->page->assets ? v->page->assets : ASSETS;
}

/* A folder given from the site's root is the same from everywhere. */
static const char *assets_up(const struct view *v)
{
    return *assets(v) == '/' || strstr(assets(v), "://") ? "" : v->up;
}

static void links(struct view *v)
{
    buf *o = v->out;

    html(o, "<link rel=\"stylesheet\" href=\"%s%s%s\">\n", assets_up(v), assets(v),
         page_asset_css());
    html(o, "<script src=\"%s%s%s\" async></script>\n", assets_up(v), assets(v),
         page_asset_js());
    buf_puts(o, "<link rel=\"icon\" href=\"");
    shape_favicon(o, v->overall);
    html(o,
         "\">\n<link rel=\"alternate\" type=\"application/atom+xml\" title=\"%s\" "
         "href=\"%sfeed.atom\">\n",
         v->page->title, v->up);
    html(o,
         "<link rel=\"alternate\" type=\"application/feed+json\" title=\"%s\" "
         "href=\"%sfeed.json\">\n",
         v->page->title, v->up);
}

static void brand(struct view *v)
{
    const struct page *p = v->page;
    bool leads = p->link && *p->link && html_link_ok(p->link);
    bool first = *v->up == 0;
    buf *o = v->out;

    if (first && leads)
        html(o, "<a class=\"brand\" href=\"%s\" rel=\"noopener\">", p->link);
    else
        html(o, first ? "<div class=\"brand\">" : "<a class=\"brand\" href=\"../%s\">", "");
    if (p->logo && p->logo_size && p->logo_src)
        html(o, "<img src=\"%s\" alt=\"\" height=\"40\">", p->logo_src);
    else if (p->logo && p->logo_size)
        html(o, "<img src=\"%slogo.%s\" alt=\"\" height=\"40\">", v->up,
             p->logo_type && strcmp(p->logo_type, "image/png") == 0 ? "png" : "svg");
    html(o, first ? "<h1 dir=\"auto\">%s</h1>" : "<span class=\"name\" dir=\"auto\">%s</span>",
         p->title);
    buf_puts(o, first && !leads ? "</div>" : "</a>");
}

/* Where it may be read, and what others show of it when they link to it: no status, for that
 * would be kept longer than it holds. */
static void about(struct view *v, const char *title)
{
    const struct page *p = v->page;
    buf *o = v->out;

    if (!p->robots)
        buf_puts(o, "<meta name=\"robots\" content=\"noindex, nofollow\">\n");
    if (p->description && *p->description)
        html(o, "<meta name=\"description\" content=\"%s\">\n", p->description);
    html(o,
         "<meta property=\"og:title\" content=\"%s\">\n<meta property=\"og:type\" "
         "content=\"website\">\n",
         title);
    if (p->url && *p->url && !*v->up)
        html(o,
             "<meta property=\"og:url\" content=\"%s\">\n<link rel=\"canonical\" "
             "href=\"%s\">\n",
             p->url, p->url);
}

static int fresh_s(const struct page *p)
{
    return p->fresh_s > 0 ? p->fresh_s : FRESH_S;
}

void view_open(struct view *v, const char *title, const char *body_class)
{
    const struct page *p = v->page;
    const char *theme =
        p->theme && (strcmp(p->theme, "dark") == 0 || strcmp(p->theme, "light") == 0)
            ? p->theme
            : "system";
    char at[24];
    buf *o = v->out;

    html(o,
         "<!doctype html>\n<html lang=\"%s\" dir=\"%s\" data-theme=\"%s\">\n<head>\n<meta "
         "charset=\"utf-8\">\n",
         v->lang->code, v->lang->rtl ? "rtl" : "ltr", theme);
    policy(v);
    html(o,
         "<title>%s</title>\n<meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n",
         title);
    about(v, title);
    links(v);
    if (v->live)
        buf_puts(o, "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>\n");
    html(o, "</head>\n<body class=\"%s\" data-zone=\"%s\"", body_class, zone_name(v->zone));
    day_print_s(p->now, at);
    if (v->live)
        html(o,
             " data-at=\"%s\" data-rev=\"%s\" data-summary=\"%ssummary.json\" "
             "data-fresh=\"%d\"",
             at, v->rev, v->up, fresh_s(p));
    buf_puts(o, ">\n");
    shape_symbols(o);
}

void view_head(struct view *v, const char *title, enum word up_link, const char *body_class)
{
    const struct page *p = v->page;
    buf *o = v->out;

    view_open(v, title, body_class);
    if (p->accent && *p->accent)
        html(o,
             "<svg class=\"accent\" aria-hidden=\"true\"><rect width=\"100%%\" "
             "height=\"100%%\" "
             "fill=\"%s\"/></svg>\n",
             p->accent);
    html(o, "<a class=\"skip\" href=\"#main\">%s</a>\n<header class=\"top\">",
         language_word(v->lang, W_SKIP));
    brand(v);
    html(o,
         "<div class=\"tools\" id=\"tools\"><a class=\"btn\" "
         "href=\"%s\">%s</a></div></header>\n",
         up_link == W_BACK ? "../" : "#subscribe", language_word(v->lang, up_link));
    buf_puts(o, "<main id=\"main\" tabindex=\"-1\">\n");
}

/* The words that page.js says, in the page's language. */
static void script_words(struct view *v)
{
    static const struct {
        const char *name;
        enum word w;
    } words[] = {{"stale", W_STALE},     {"late", W_NO_REFRESH},
                 {"prev", W_PREVIOUS},   {"next", W_NEXT},
                 {"close", W_CLOSE},     {"zone", W_ZONE},
                 {"here", W_ZONE_HERE},  {"theme", W_THEME},
                 {"light", W_LIGHT},     {"dark", W_DARK},
                 {"system", W_SYSTEM},   {"nodata", W_NO_DATA},
                 {"checks", W_CHECKS},   {"failed", W_FAILED},
                 {"p95", W_P95},         {"uptime", W_UPTIME},
                 {"day", W_DAY},         {"sending", W_SENDING},
                 {"sent", W_SENT},       {"senthook", W_SENT_HOOK},
                 {"notsent", W_NOT_SENT}};
    size_t i;

    buf_puts(v->out, "<div id=\"words\" hidden");
    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        html(v->out, " data-%s=\"%s\"", words[i].name, language_word(v->lang, words[i].w));
    for (i = 0; i < STATUSES; i++)
        html(v->out, " data-s%d=\"%s\"", (int)i, language_word(v->lang, (enum word)i));
    buf_puts(v->out, "></div>\n");
}

void view_close(struct view *v)
{
    script_words(v);
    buf_puts(v->out, "</body>\n</html>\n");
}

static void age_rule(struct view *v)
{
    if (fresh_s(v->page) == FRESH_S) {
        view_word(v, W_AGE_RULE);
        return;
    }
    buf_clear(&v->scratch);
    view_duration(&v->scratch, fresh_s(v->page));
    language_say(v->out, v->lang, W_AGE_RULE_LONG, buf_end(&v->scratch), NULL);
}

void view_foot(struct view *v)
{
    const char *zone = zone_name(v->zone);
    buf *o = v->out;

    buf_puts(o, "</main>\n<footer>\n");
    if (v->live) { /* elsewhere nothing ages */
        buf_puts(o, "<p id=\"updated\">");
        buf_clear(&v->scratch);
        view_time(v, &v->scratch, v->page->now, true);
        language_say(o, v->lang, W_UPDATED, buf_end(&v->scratch), NULL);
        buf_puts(o, ". ");
        age_rule(v);
        buf_puts(o, "</p>\n");
    }
    buf_puts(o, "<p>");
    view_word(v, W_PERCENT_RULE);
    buf_puts(o, " ");
    language_say(o, v->lang, W_DAYS_RULE, zone, NULL); /* a name that zone_open() took */
    html(o, "</p>\n<nav class=\"links\" aria-label=\"%s\">", language_word(v->lang, W_FEEDS));
    html(o, "<a href=\"%sfeed.atom\">Atom</a> <a href=\"%sfeed.json\">JSON Feed</a> ", v->up,
         v->up);
    html(o, "<a href=\"%smaintenance.ics\">%s</a> ", v->up,
         language_word(v->lang, W_CALENDAR));
    html(o, "<a href=\"%sbadge.svg\">%s</a> <a href=\"%ssummary.json\">%s</a></nav>\n", v->up,
         language_word(v->lang, W_BADGE), v->up, language_word(v->lang, W_JSON));
    buf_puts(o, "</footer>\n");
    view_close(v);
}
