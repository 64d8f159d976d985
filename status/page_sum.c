/* page_sum: what days and components come to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page_view.h"

#define TROUBLE_S 60 /* less in a day does not colour it */

int page_day_status(const struct page *page, const struct page_day *day)
{
    const int32_t *s = day->seconds;

    if (s[STATUS_DOWN] >= TROUBLE_S && s[STATUS_DOWN] > page->day_down_s)
        return STATUS_DOWN;
    if (s[STATUS_DOWN] >= TROUBLE_S || s[STATUS_DEGRADED] >= TROUBLE_S)
        return STATUS_DEGRADED;
    if (s[STATUS_MAINTENANCE] >= TROUBLE_S)
        return STATUS_MAINTENANCE;
    if (s[STATUS_UP] + s[STATUS_DEGRADED] + s[STATUS_DOWN] > 0)
        return STATUS_UP;
    if (s[STATUS_MAINTENANCE] > 0)
        return STATUS_MAINTENANCE;
    return s[STATUS_PAUSED] > 0 ? STATUS_PAUSED : STATUS_UNKNOWN;
}

int page_percent(const struct page_component *c, int days)
{
    int64_t good = 0, down = 0;
    int i;

    for (i = days < PAGE_DAYS ? PAGE_DAYS - days : 0; i < PAGE_DAYS; i++) {
        good += c->day[i].seconds[STATUS_UP] + c->day[i].seconds[STATUS_DEGRADED];
        down += c->day[i].seconds[STATUS_DOWN];
    }
    if (good + down <= 0)
        return -1;
    return (int)(good * 10000 / (good + down));
}

/* The order in which people want to know. */
static int weight(int status)
{
    static const int weights[] = {
        [STATUS_PAUSED] = 0,  [STATUS_UP] = 1,       [STATUS_MAINTENANCE] = 2,
        [STATUS_UNKNOWN] = 3, [STATUS_DEGRADED] = 4, [STATUS_DOWN] = 5};

    return weights[status >= 0 && status < STATUSES ? status : STATUS_UNKNOWN];
}

int page_overall(const struct page *page)
{
    int i, worst = page->components ? STATUS_PAUSED : STATUS_UNKNOWN;

    for (i = 0; i < page->components; i++)
        if (weight(page->component[i].status) > weight(worst))
            worst = page->component[i].status;
    for (i = 0; i < page->incidents; i++) {
        const struct page_incident *n = &page->incident[i];
        int status = strcmp(n->severity, "critical") == 0 ? STATUS_DOWN : STATUS_DEGRADED;

        if (n->resolved_at == 0 && weight(status) > weight(worst))
            worst = status;
    }
    return worst;
}

static void sum(const struct page *page, const struct page_component *c, struct sums *s)
{
    int i;

    for (i = 0; i < PAGE_DAYS; i++) {
        int status = page_day_status(page, &c->day[i]);

        s->days[i] = (char)('0' + status);
        s->problems += status == STATUS_DOWN || status == STATUS_DEGRADED;
        s->listed +=
            status == STATUS_DOWN || status == STATUS_DEGRADED || status == STATUS_MAINTENANCE;
        s->empty += status == STATUS_UNKNOWN;
    }
    s->percent = page_percent(c, PAGE_DAYS);
}

const char *view_name(const char *name)
{
    return name && *name ? name : "—";
}

void view_start(struct view *v, const struct page *page)
{
    int i;

    memset(v, 0, sizeof(*v));
    v->page = page;
    v->lang = language_of(page->lang);
    v->zone = zone_open(page->zone);
    v->overall = page_overall(page);
    v->up = "";
    v->sums = calloc((size_t)page->components + 1, sizeof(*v->sums));
    if (!v->sums)
        abort();
    for (i = 0; i < page->components; i++)
        sum(page, &page->component[i], &v->sums[i]);
    page_out_rev(v);
}

void view_end(struct view *v)
{
    zone_free(v->zone);
    free(v->sums);
    buf_free(&v->scratch);
    buf_free(&v->scratch2);
}

void page_free(struct page *page)
{
    struct arena *memory = page ? page->memory : NULL;

    arena_free(&memory);
}
