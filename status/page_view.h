/*
 * page_view: a page on its way into files, shared by the writers of each kind.
 */
#ifndef TOCSIN_PAGE_VIEW_H
#define TOCSIN_PAGE_VIEW_H

#include <stddef.h>

#include "html.h"
#include "page.h"
#include "page_assets.h"
#include "page_text.h"
#include "page_zone.h"
#include "status.h"

#define PAST_DAYS 14 /* of incidents on the first page */

/* What is counted once and shown often. */
struct sums {
    char days[PAGE_DAYS + 1]; /* a digit a day */
    int percent;              /* of all days */
    int problems;             /* days degraded or down */
    int listed;               /* and those with maintenance */
    int empty;                /* days without data */
};

struct view {
    const struct page *page;
    const struct language *lang;
    struct zone *zone;
    struct sums *sums; /* of each component */
    int overall;
    char rev[17];   /* changes with all that people see but times and figures of today */
    const char *up; /* from the file that is written to the folder of the page */
    bool live;      /* this file says how things are now, and so when it was written */
    buf *out;
    buf scratch, scratch2;
};

void view_start(struct view *v, const struct page *page);
void view_end(struct view *v);
/* What people can point at: a dash for an empty name. */
const char *view_name(const char *name);

/* ---- page_html_parts.c: what all pages are made of */

/* A word of the page's language, as it is: words are ours. */
void view_word(struct view *v, enum word w);
/* A moment in the page's zone as <time>; with `date` false only the clock. */
void view_time(struct view *v, buf *out, int64_t at, bool date);
/* The same without markup. */
void view_time_text(struct view *v, buf *out, int64_t at);
/* A day in UTC. */
void view_day(struct view *v, buf *out, int32_t day);
/* "2 h 5 min" */
void view_duration(buf *out, int64_t seconds);
void view_icon(struct view *v, int status);
/* Icon and word. */
void view_badge(struct view *v, int status);
/* All up to <body>, and the end of it. */
void view_open(struct view *v, const char *title, const char *body_class);
void view_close(struct view *v);
/* All up to <main>, and what follows it. */
void view_head(struct view *v, const char *title, enum word up_link, const char *body_class);
void view_foot(struct view *v);
/* "API, Web, +3" of components, as text to be put into markup. */
void view_names(struct view *v, buf *out, const int *component, int n, int most);

/* ---- page_shape.c */

/* The symbols that icons refer to, once a file. */
void shape_symbols(buf *out);
/* The strip of a component: at most one path a status. */
void shape_strip(buf *out, const char *days);
/* The first `n` days of it, on a track as long; '-' is a gap. */
void shape_days(buf *out, const char *days, int n);
/* One day. */
void shape_bar(buf *out, int status);
/* A status as a picture of its own, for the icon of the tab. */
void shape_favicon(buf *out, int status);

/* ---- page_html_banner.c, …_component.c, …_incident.c, …_foot.c */

void view_banner(struct view *v);
/* What the banner says, in one line of text; escaped. */
void view_banner_title(struct view *v, buf *out);
void view_components(struct view *v);
/* The word for a phase, W_COMMENT for none; and of the newest update that has one. */
enum word view_phase(const char *phase);
enum word view_phase_now(const struct page_incident *i);
/* critical, major, minor: "major" for anything else. */
const char *view_severity(const char *severity);
void view_incident(struct view *v, const struct page_incident *i, bool whole);
void view_open_incidents(struct view *v);
void view_windows(struct view *v);
void view_window(struct view *v, const struct page_window *w);
void view_past_incidents(struct view *v);
void view_subscribe(struct view *v);
void view_legend(struct view *v);
int window_state(const struct page *page, const struct page_window *w); /* -1 past, 0 now, 1 */

/* ---- a file each, into v->out */

void page_out_index(struct view *v);
void page_out_summary(struct view *v);
void page_out_rev(struct view *v);
void page_out_atom(struct view *v);
void page_out_json_feed(struct view *v);
void page_out_embed(struct view *v);
void page_out_calendar(struct view *v);
void page_out_incident(struct view *v, const struct page_incident *i);
/* A month as year * 12 + month - 1; `before` and `after`: neighbours that are there, or -1. */
void page_out_month(struct view *v, int month, int before, int after);

enum badge_kind { BADGE_STATUS, BADGE_UPTIME, BADGE_RESPONSE };
/* component -1: of the whole page */
void page_out_badge(struct view *v, int component, enum badge_kind kind);

#endif
