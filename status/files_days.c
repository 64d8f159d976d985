#include "files_days.h"

#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "status.h"
#include "store.h"

#define GAPS_FEW 3 /* fewer say nothing of what is usual on a day */

static const int status_of[] = {
    [STATE_UP] = STATUS_UP,
    [STATE_DEGRADED] = STATUS_DEGRADED,
    [STATE_DOWN] = STATUS_DOWN,
    [STATE_MAINTENANCE] = STATUS_MAINTENANCE,
};

/* The days that are filled, in ms until the end. */
struct days {
    int first; /* day of ms[0] */
    int64_t ms[PAGE_DAYS][STATUSES];
};

void samples_add(struct samples *s, const struct sample *one)
{
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 1024;
        s->item = realloc(s->item, s->room * sizeof(*s->item));
        if (!s->item)
            abort();
    }
    s->item[s->n++] = *one;
}

void samples_free(struct samples *s)
{
    free(s->item);
    *s = (struct samples){0};
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct sample *)a)->t, y = ((const struct sample *)b)->t;

    return (x > y) - (x < y);
}

static int by_start(const void *a, const void *b)
{
    int64_t x = ((const struct span *)a)->from, y = ((const struct span *)b)->from;

    return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int by_int32(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

size_t spans_join(struct span *span, size_t n)
{
    size_t i, kept = 0;

    if (n > 0)
        qsort(span, n, sizeof(*span), by_start);
    for (i = 0; i < n; i++) {
        if (span[i].to <= span[i].from)
            continue;
        if (kept > 0 && span[i].from <= span[kept - 1].to) {
            if (span[i].to > span[kept - 1].to)
                span[kept - 1].to = span[i].to;
            continue;
        }
        span[kept++] = span[i];
    }
    return kept;
}

/* ---------------------------------------------------------------- usual distances */

/* The median of the distances before the samples [from, to); 0 when there is none. */
static int64_t usual(const struct samples *s, size_t from, size_t to, int64_t *room,
                     size_t least)
{
    size_t i, n = 0;

    for (i = from ? from : 1; i < to; i++)
        room[n++] = s->item[i].t - s->item[i - 1].t;
    if (n < least)
        return 0;
    qsort(room, n, sizeof(*room), by_number);
    return room[n / 2];
}

static size_t end_of_day(const struct samples *s, size_t from)
{
    int day = day_of_ms(s->item[from].t);

    while (from < s->n && day_of_ms(s->item[from].t) == day)
        from++;
    return from;
}

/* ---------------------------------------------------------------- stretches of time */

static void put(struct days *d, int64_t from, int64_t to, int status)
{
    while (from < to) {
        int day = day_of_ms(from);
        int64_t end = (day + 1) * DAY_MS < to ? (day + 1) * DAY_MS : to;

        if (day >= d->first && day < d->first + PAGE_DAYS)
            d->ms[day - d->first][status] += end - from;
        from = end;
    }
}

/* What of [from, to) no span covers. */
static void put_between(struct days *d, int64_t from, int64_t to, int status,
                        const struct span *span, size_t spans)
{
    size_t i;

    for (i = 0; i < spans && from < to; i++) {
        if (span[i].to <= from)
            continue;
        if (span[i].from >= to)
            break;
        put(d, from, span[i].from < to ? span[i].from : to, status);
        from = span[i].to;
    }
    put(d, from, to, status);
}

static void put_unknown(struct days *d, int64_t first, int64_t now)
{
    int64_t start, end, known;
    int i, k;

    for (i = 0; i < PAGE_DAYS; i++) {
        start = (d->first + i) * DAY_MS;
        end = start + DAY_MS < now ? start + DAY_MS : now;
        start = start > first ? start : first;
        for (k = 0, known = 0; k < STATUSES; k++)
            known += d->ms[i][k];
        if (end - start > known)
            d->ms[i][STATUS_UNKNOWN] += end - start - known;
    }
}

/* ---------------------------------------------------------------- checks of a day */

static void count(struct page_day *day, const struct samples *s, size_t from, size_t to,
                  int32_t *room)
{
    int64_t sum = 0;
    size_t i, n = 0;

    for (i = from; i < to; i++) {
        const struct sample *one = &s->item[i];

        if (one->state == STATE_MAINTENANCE)
            continue;
        day->checks++;
        day->failed += one->state == STATE_DOWN;
        if (one->code > 0 && one->lat >= 0) {
            room[n++] = one->lat;
            sum += one->lat;
        }
    }
    if (n == 0)
        return;
    qsort(room, n, sizeof(*room), by_int32);
    day->avg_ms = (int32_t)((sum * 2 + (int64_t)n) / ((int64_t)n * 2));
    day->p95_ms = room[(n * 95 + 99) / 100 - 1];
}

/* ---------------------------------------------------------------- now */

/* How long sample i holds, without what comes after it. */
static int64_t until(const struct samples *s, size_t i, int64_t gap, int64_t now)
{
    int64_t end = s->item[i].t + 2 * gap, next = i + 1 < s->n ? s->item[i + 1].t : now;

    return end < next ? end : next;
}

static void newest(struct page_component *c, const struct samples *s, int64_t gap,
                   const struct span *span, size_t spans, int64_t now)
{
    const struct sample *last = &s->item[s->n - 1];
    size_t i = s->n - 1, k;

    c->ms = last->code > 0 ? last->lat : -1;
    for (k = 0; k < spans; k++)
        if (span[k].from <= now && now < span[k].to) {
            c->status = STATUS_MAINTENANCE;
            c->since = span[k].from / 1000;
            return;
        }
    if (now - last->t > 2 * gap) {
        c->status = STATUS_UNKNOWN;
        c->since = (last->t + 2 * gap) / 1000;
        c->ms = -1;
        return;
    }
    c->status = status_of[last->state];
    while (i > 0 && s->item[i - 1].state == last->state &&
           s->item[i].t - s->item[i - 1].t <= 2 * gap)
        i--;
    c->since = s->item[i].t / 1000;
}

/* ---------------------------------------------------------------- all of it */

/* When the window that a sample lies in ends, so does what it says of maintenance. */
static int64_t window_end(const struct sample *one, int64_t end, const struct span *span,
                          size_t spans)
{
    size_t i;

    for (i = 0; i < spans && one->state == STATE_MAINTENANCE; i++)
        if (span[i].from <= one->t && one->t < span[i].to && span[i].to < end)
            return span[i].to;
    return end;
}

/* The samples of one day hold as is usual on that day; returns that. */
static int64_t one_day(struct days *d, const struct samples *s, size_t from, size_t to,
                       int64_t gap, const struct span *span, size_t spans, int64_t now,
                       int64_t *room)
{
    int64_t own = usual(s, from, to, room, GAPS_FEW);
    size_t i;

    if (own > 0)
        gap = own;
    for (i = from; i < to; i++)
        put_between(d, s->item[i].t,
                    window_end(&s->item[i], until(s, i, gap, now), span, spans),
                    status_of[s->item[i].state], span, spans);
    return gap;
}

/* In order, each moment once (the files of two days may have the same one), and nothing of
 * the future. */
static void clip(struct samples *s, int64_t now)
{
    size_t i, kept = 0;

    if (s->n > 0)
        qsort(s->item, s->n, sizeof(*s->item), by_time);
    for (i = 0; i < s->n; i++)
        if (kept == 0 || s->item[i].t != s->item[kept - 1].t)
            s->item[kept++] = s->item[i];
    s->n = kept;
    while (s->n > 0 && s->item[s->n - 1].t > now)
        s->n--;
}

static void put_spans(struct days *d, const struct span *span, size_t spans, int64_t first,
                      int64_t now)
{
    size_t i;

    for (i = 0; i < spans; i++)
        put(d, span[i].from > first ? span[i].from : first,
            span[i].to < now ? span[i].to : now, STATUS_MAINTENANCE);
}

void files_days(struct page_component *c, struct samples *s, const struct span *span,
                size_t spans, int64_t now)
{
    struct days d = {.first = day_of_ms(now) - PAGE_DAYS + 1};
    int64_t gap, own = 0, *room;
    size_t from, to;
    int i, k;

    for (i = 0; i < PAGE_DAYS; i++)
        c->day[i].avg_ms = c->day[i].p95_ms = -1;
    c->ms = -1;
    clip(s, now);
    if (s->n == 0)
        return;
    if (!(room = malloc(s->n * sizeof(*room))))
        abort();
    if ((gap = usual(s, 0, s->n, room, 1)) == 0)
        gap = DAYS_USUAL_MS;
    put_spans(&d, span, spans, s->item[0].t, now);
    for (from = 0; from < s->n; from = to) {
        int at = day_of_ms(s->item[from].t) - d.first;

        to = end_of_day(s, from);
        own = one_day(&d, s, from, to, gap, span, spans, now, room);
        if (at >= 0 && at < PAGE_DAYS)
            count(&c->day[at], s, from, to, (int32_t *)room);
    }
    put_unknown(&d, s->item[0].t, now);
    newest(c, s, own, span, spans, now);
    free(room);
    for (i = 0; i < PAGE_DAYS; i++)
        for (k = 0; k < STATUSES; k++)
            c->day[i].seconds[k] = (int32_t)((d.ms[i][k] + 500) / 1000);
}
