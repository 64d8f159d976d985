/*
 * A page reads until it has its lines, until there are no more, or until it has read enough
 * for one request: then it says so, and where it was, and the next one goes on there.
 */
#include "log_page.h"
#include "clock.h"
#include "log_filter.h"
#include "log_tap.h"

#include <errno.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define LINES_MAX  1000
#define LINES      200
#define PAGES_MAX  16 /* at once */
#define SCAN_MAX   200000
#define SCAN_MS    3000
#define BYTES_MAX  (4 << 20) /* the control plane takes no more than 8 MiB */
#define CLOCK_EACH 256       /* lines between two looks at the clock */

struct page {
    LIST_ENTRY(page) next;
    struct call *call;
    struct tap *tap;
    struct event *deadline;
    struct log_filter filter;
    long limit, scanned;
    bool back, more, gone;
    int64_t until_ms;
    char given[LOG_CURSOR_MAX + 1], first[LOG_CURSOR_MAX + 1], last[LOG_CURSOR_MAX + 1];
    buf json; /* the lines, each behind the other */
    size_t *at;
    long n;
};

static LIST_HEAD(, page) pages = LIST_HEAD_INITIALIZER(pages);
static int npages;

static void page_free(struct page *p)
{
    LIST_REMOVE(p, next);
    npages--;
    if (p->tap)
        tap_close(p->tap);
    event_free(p->deadline);
    log_filter_drop(&p->filter);
    buf_free(&p->json);
    free(p->at);
    free(p);
}

static void add_cursor(buf *out, const char *key, const char *cursor, const char *otherwise)
{
    cursor = *cursor ? cursor : otherwise;
    buf_puts(out, key);
    if (*cursor)
        log_json_text(out, cursor, strlen(cursor));
    else
        buf_puts(out, "null");
}

static void answer(struct page *p)
{
    struct call *c = p->call;
    buf out = {0};
    char tail[64];

    buf_puts(&out, "{\"lines\":[");
    for (long i = 0; i < p->n; i++) {
        long k = p->back ? p->n - 1 - i : i;
        size_t end = k + 1 < p->n ? p->at[k + 1] : p->json.len;

        if (i > 0)
            buf_add(&out, ",", 1);
        buf_add(&out, p->json.data + p->at[k], end - p->at[k]);
    }
    add_cursor(&out, "],\"next\":", p->back ? p->first : p->last, p->given);
    add_cursor(&out, ",\"prev\":", p->back ? p->last : p->first, p->given);
    snprintf(tail, sizeof(tail), ",\"more\":%s,\"scanned\":%ld}", p->more ? "true" : "false",
             p->scanned);
    buf_puts(&out, tail);
    page_free(p);
    call_reply_text(c, 200, out.data, out.len);
    buf_free(&out);
}

static void refuse(struct page *p, const char *error)
{
    struct call *c = p->call;

    page_free(p);
    if (tap_error_is_cursor(error))
        call_error_at(c, 422, "cursor", 0, "%s", error);
    else
        call_error(c, !strncmp(error, "Docker has no", 13) ? 409 : 503, "%s", error);
}

/* Enough was read; the answer is sent from the loop. */
static bool enough(struct page *p, bool more)
{
    p->more = more;
    tap_close(p->tap);
    p->tap = NULL;
    event_active(p->deadline, EV_READ, 0);
    return false;
}

static void on_deadline(evutil_socket_t, short what, void *arg)
{
    struct page *p = arg;

    if (what & EV_TIMEOUT) /* not by enough() */
        p->more = true;
    answer(p);
}

static bool over_time(const struct page *p, const struct log_line *line)
{
    return p->back ? p->filter.since_us && line->us < p->filter.since_us
                   : p->filter.until_us && line->us > p->filter.until_us;
}

static bool on_line(void *arg, const struct log_line *line)
{
    struct page *p = arg;

    if (p->gone || over_time(p, line))
        return enough(p, false);
    if (p->n == p->limit || p->scanned == SCAN_MAX || p->json.len > BYTES_MAX ||
        (p->scanned % CLOCK_EACH == 0 && p->scanned > 0 && clock_ms() > p->until_ms))
        return enough(p, true);
    p->scanned++;
    strcpy(p->last, line->cursor);
    if (!p->first[0])
        strcpy(p->first, line->cursor);
    if (log_filter_fits(&p->filter, line)) {
        p->at[p->n++] = p->json.len;
        log_line_json(&p->json, line);
    }
    return true;
}

static void on_end(void *arg, const char *error)
{
    struct page *p = arg;

    p->tap = NULL;
    if (error && p->scanned == 0) {
        refuse(p, error);
        return;
    }
    p->more = error != NULL; /* what was read stands; the rest may come another time */
    answer(p);
}

static void on_gone(void *arg)
{
    struct page *p = arg;

    p->gone = true;
    if (p->tap)
        enough(p, false);
}

/* As much of the query as is not the filter's. -1: answered. */
static int read_query(struct call *c, struct page *p)
{
    const char *dir = call_query(c, "dir"), *cursor = call_query(c, "cursor");

    if (call_number(c, "limit", 1, LINES_MAX, LINES, &p->limit))
        return -1;
    if (dir && strcmp(dir, "back") && strcmp(dir, "fwd")) {
        call_error_at(c, 400, "dir", 0, "'dir' must be back or fwd");
        return -1;
    }
    if (cursor && *cursor && !tap_cursor_ok(cursor)) {
        call_error_at(c, 422, "cursor", 0, "'cursor' is none of this log");
        return -1;
    }
    p->back = !dir || !strcmp(dir, "back");
    if (cursor && *cursor)
        strcpy(p->given, cursor);
    return 0;
}

static void cut_times(struct log_filter *f, const struct log_place *place)
{
    if (place->since_us > f->since_us)
        f->since_us = place->since_us;
    if (place->until_us && (!f->until_us || place->until_us < f->until_us))
        f->until_us = place->until_us;
}

static int open_tap(struct page *p, const struct log_place *place)
{
    const struct log_filter *f = &p->filter;
    bool open = log_filter_open(f) && !(p->given[0] && (f->since_us || f->until_us));
    struct tap_spec spec = {.unit = place->container ? NULL : place->name,
                            .container = place->container ? place->name : NULL,
                            .back = p->back,
                            .cursor = p->given[0] ? p->given : NULL,
                            .since_us = f->since_us,
                            .until_us = f->until_us,
                            .most = (open ? p->limit : SCAN_MAX) + 1,
                            .level = f->level,
                            .line = on_line,
                            .end = on_end,
                            .arg = p};

    return (p->tap = tap_open(p->call->agent, &spec)) ? 0 : -1;
}

void log_page_get(struct call *c)
{
    static const struct timeval deadline = {SCAN_MS / 1000 + 3, 0};
    struct page *p;
    struct log_place place;

    if (npages >= PAGES_MAX) {
        evhttp_add_header(evhttp_request_get_output_headers(c->req), "Retry-After", "1");
        call_error(c, 503, "too many pages of logs are being read at once");
        return;
    }
    if (!(p = calloc(1, sizeof(*p))) || !(p->at = calloc(LINES_MAX, sizeof(*p->at))))
        abort();
    LIST_INSERT_HEAD(&pages, p, next);
    npages++;
    p->call = c;
    p->until_ms = clock_ms() + SCAN_MS;
    p->deadline = evtimer_new(c->agent->base, on_deadline, p);
    if (log_place_read(c, &place) || read_query(c, p) || log_filter_read(c, &p->filter)) {
        page_free(p);
        return;
    }
    cut_times(&p->filter, &place);
    if (open_tap(p, &place)) {
        int e = errno;

        page_free(p);
        if (e == EINVAL)
            call_error_at(c, 422, "cursor", 0, "'cursor' is none of this log");
        else
            call_error(c, 503, "the log cannot be read: %s", strerror(e));
        return;
    }
    call_on_gone(c, on_gone, p);
    event_add(p->deadline, &deadline);
}

void log_page_stop(void)
{
    while (!LIST_EMPTY(&pages))
        page_free(LIST_FIRST(&pages));
}
