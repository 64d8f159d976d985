/*
 * page_json_out: summary.json, what programs read, page.js among them.
 *
 * Of a day a number that is 0, and a time that nobody measured, are left out; so is a whole
 * day without data. That is a quarter of the bytes, each minute, for every reader.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "hash.h"
#include "page_view.h"

static void field(buf *o, const char *name, const char *value)
{
    buf_puts(o, name);
    text_json(o, value);
}

static void when(buf *o, const char *name, int64_t at)
{
    char text[24];

    buf_puts(o, name);
    day_print_s(at, text);
    text_json(o, at ? text : NULL);
}

static void keys(struct view *v, buf *o, const char *name, const int *component, int n)
{
    int i, told = 0;

    buf_puts(o, name);
    buf_puts(o, "[");
    for (i = 0; i < n; i++)
        if (component[i] >= 0 && component[i] < v->page->components) {
            buf_puts(o, told++ ? "," : "");
            text_json(o, v->page->component[component[i]].key);
        }
    buf_puts(o, "]");
}

static void updates(buf *o, const struct page_update *u, int n)
{
    int i;

    buf_puts(o, ",\"updates\":[");
    for (i = n - 1; i >= 0; i--) {
        when(o, "{\"at\":", u[i].at);
        field(o, ",\"phase\":", u[i].phase);
        field(o, ",\"body\":", u[i].body);
        buf_puts(o, i > 0 ? "}," : "}");
    }
    buf_puts(o, "]");
}

static void incidents(struct view *v, buf *o)
{
    const struct page *p = v->page;
    int i;

    buf_puts(o, "\"incidents\":[");
    for (i = 0; i < p->incidents; i++) {
        const struct page_incident *n = &p->incident[i];

        field(o, i ? ",\n{\"id\":" : "\n{\"id\":", n->key);
        field(o, ",\"title\":", n->title);
        field(o, ",\"severity\":", n->severity);
        field(o, ",\"phase\":",
              n->resolved_at ? "resolved"
              : n->updates   ? n->update[n->updates - 1].phase
                             : "investigating");
        when(o, ",\"started_at\":", n->started_at);
        when(o, ",\"resolved_at\":", n->resolved_at);
        keys(v, o, ",\"components\":", n->component, n->components);
        html(o, ",\"page\":\"incidents/%s.html\"", n->key);
        field(o, ",\"url\":", n->url);
        updates(o, n->update, n->updates);
        field(o, ",\"postmortem\":", n->postmortem);
        buf_puts(o, "}");
    }
    buf_puts(o, "]");
}

static void windows(struct view *v, buf *o)
{
    static const char *const states[] = {"completed", "in-progress", "upcoming"};
    const struct page *p = v->page;
    int i;

    buf_puts(o, "\"maintenance\":[");
    for (i = 0; i < p->windows; i++) {
        const struct page_window *w = &p->window[i];

        field(o, i ? ",\n{\"id\":" : "\n{\"id\":", w->key);
        field(o, ",\"title\":", w->title);
        field(o, ",\"description\":", w->description);
        field(o, ",\"state\":", states[window_state(p, w) + 1]);
        when(o, ",\"starts_at\":", w->starts_at);
        when(o, ",\"ends_at\":", w->ends_at);
        keys(v, o, ",\"components\":", w->component, w->components);
        field(o, ",\"url\":", w->url);
        updates(o, w->update, w->updates);
        buf_puts(o, "}");
    }
    buf_puts(o, "]");
}

static void number(buf *o, const char *name, int64_t n, int64_t absent)
{
    if (n == absent)
        return;
    buf_puts(o, name);
    text_int(o, n);
}

/* Which incidents touch a component within the days that are shown; for free(). */
static int *touching(const struct page *p, int component, int *n)
{
    int64_t from = (int64_t)(p->today - PAGE_DAYS + 1) * DAY_S;
    int *found = malloc(sizeof(int) * ((size_t)p->incidents + 1)), i, k;

    if (!found)
        abort();
    *n = 0;
    for (i = 0; i < p->incidents; i++) {
        const struct page_incident *in = &p->incident[i];

        if (in->resolved_at && in->resolved_at < from)
            continue;
        for (k = 0; k < in->components; k++)
            if (in->component[k] == component) {
                found[(*n)++] = i;
                break;
            }
    }
    return found;
}

static void day_incidents(const struct page *p, buf *o, int32_t day, const int *touch, int n)
{
    int64_t from = (int64_t)day * DAY_S;
    int i, told = 0;

    for (i = 0; i < n; i++) {
        const struct page_incident *in = &p->incident[touch[i]];

        if (in->started_at >= from + DAY_S || (in->resolved_at && in->resolved_at < from))
            continue;
        buf_puts(o, told++ ? "," : ",\"incidents\":[");
        text_json(o, in->key);
    }
    if (told)
        buf_puts(o, "]");
}

static void days(struct view *v, buf *o, int component, char (*dates)[12])
{
    const struct page_component *c = &v->page->component[component];
    int i, n, told = 0, *touch = touching(v->page, component, &n);

    buf_puts(o, ",\"day\":[");
    for (i = 0; i < PAGE_DAYS; i++) {
        const struct page_day *d = &c->day[i];
        int32_t day = v->page->today - (PAGE_DAYS - 1 - i);

        if (v->sums[component].days[i] == '0' && d->checks == 0)
            continue;
        buf_puts(o, told++ ? ",{\"d\":\"" : "{\"d\":\"");
        buf_puts(o, dates[i]);
        buf_puts(o, "\"");
        number(o, ",\"up_s\":", d->seconds[STATUS_UP], 0);
        number(o, ",\"degraded_s\":", d->seconds[STATUS_DEGRADED], 0);
        number(o, ",\"down_s\":", d->seconds[STATUS_DOWN], 0);
        number(o, ",\"maint_s\":", d->seconds[STATUS_MAINTENANCE], 0);
        number(o, ",\"unknown_s\":", d->seconds[STATUS_UNKNOWN], 0);
        number(o, ",\"paused_s\":", d->seconds[STATUS_PAUSED], 0);
        number(o, ",\"checks\":", d->checks, 0);
        number(o, ",\"failed\":", d->failed, 0);
        if (c->show_ms) {
            number(o, ",\"avg_ms\":", d->avg_ms, -1);
            number(o, ",\"p95_ms\":", d->p95_ms, -1);
        }
        day_incidents(v->page, o, day, touch, n);
        buf_puts(o, "}");
    }
    buf_puts(o, "]");
    free(touch);
}

static void percent(buf *o, int hundredths)
{
    char text[16];

    snprintf(text, sizeof(text), "%d.%02d", hundredths / 100, hundredths % 100);
    buf_puts(o, hundredths < 0 ? "null" : hundredths == 10000 ? "100" : text);
}

/* `live`: with the figures that change each minute. */
static void components(struct view *v, buf *o, bool live)
{
    const struct page *p = v->page;
    char dates[PAGE_DAYS][12];
    int i;

    for (i = 0; i < PAGE_DAYS; i++)
        day_print(p->today - (PAGE_DAYS - 1 - i), dates[i]);

    buf_puts(o, "\"components\":[");
    for (i = 0; i < p->components; i++) {
        const struct page_component *c = &p->component[i];

        field(o, i ? ",\n{\"id\":" : "\n{\"id\":", c->key);
        field(o, ",\"group\":", c->section);
        field(o, ",\"name\":", c->name);
        field(o, ",\"desc\":", c->description);
        field(o, ",\"status\":", status_name(c->status));
        when(o, ",\"since\":", c->since);
        if (live && c->show_ms && c->ms >= 0)
            number(o, ",\"ms\":", c->ms, -1);
        if (c->show_uptime) {
            buf_puts(o, ",\"up90\":");
            percent(o, v->sums[i].percent);
            field(o, ",\"days\":", v->sums[i].days);
            if (live)
                days(v, o, i, dates);
        }
        buf_puts(o, "}");
    }
    buf_puts(o, "]");
}

void page_out_summary(struct view *v)
{
    buf *o = v->out;
    char today[12];

    when(o, "{\"generated_at\":", v->page->now);
    field(o, ",\"rev\":", v->rev);
    field(o, ",\"title\":", v->page->title);
    field(o, ",\"tz\":", zone_name(v->zone));
    day_print(v->page->today, today);
    field(o, ",\"today\":", today);
    field(o, ",\"overall\":", status_name(v->overall));
    buf_puts(o, ",\n");
    components(v, o, true);
    buf_puts(o, ",\n");
    incidents(v, o);
    buf_puts(o, ",\n");
    windows(v, o);
    buf_puts(o, "}\n");
}

/* A hash of what page.js would have to draw anew. */
void page_out_rev(struct view *v)
{
    const struct page *p = v->page;
    buf all = {0};

    field(&all, "", p->title);
    field(&all, "", p->description);
    field(&all, "", p->lang);
    field(&all, "", zone_name(v->zone));
    field(&all, "", p->link);
    text_int(&all, p->today);
    components(v, &all, false);
    incidents(v, &all);
    windows(v, &all);
    snprintf(v->rev, sizeof(v->rev), "%016llx",
             (unsigned long long)hash64(all.data, all.len, (uint64_t)p->logo_size));
    buf_free(&all);
}
