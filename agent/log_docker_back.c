/*
 * A container's lines, the newest first. Docker only goes forward: a span of time is read,
 * kept, and told from its end, then the one before it. Spans follow how much there is in them.
 */
#include "log_docker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TAIL     1000L
#define KEPT_MAX 5000
#define TEXT_MAX (8 << 20)
#define FEW      500 /* lines of a span; below, the next is longer */
#define SPAN_NS  (60LL * 1000000000)
#define LONG_NS  (30LL * 86400 * 1000000000) /* the next one goes to the beginning */
#define GROW     16

static void empty(struct docker_tap *d)
{
    d->nkept = 0;
    d->over_full = false;
    buf_clear(&d->text);
}

static int read_span(struct docker_tap *d)
{
    int64_t lowest = d->tap->spec.since_us > 0 ? d->tap->spec.since_us * 1000 : 0;

    empty(d);
    d->tail = false;
    d->begin_ns = d->span_ns > LONG_NS ? 0 : d->upto_ns - d->span_ns;
    if (d->begin_ns < lowest)
        d->begin_ns = lowest;
    return docker_read(d, d->begin_ns, d->upto_ns, 0);
}

int docker_back_begin(struct docker_tap *d)
{
    const struct tap_spec *s = &d->tap->spec;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    d->span_ns = SPAN_NS;
    d->upto_ns = (now.tv_sec + 3600) * 1000000000LL; /* its clock may be another one */
    if (d->resumed) {
        d->upto_ns = d->from.ns;
        d->upto_count = d->from.count;
        d->resumed = false;
    }
    else if (s->until_us > 0) {
        d->upto_ns = s->until_us * 1000;
    }
    else {
        empty(d);
        d->tail = true;
        return docker_read(d, s->since_us > 0 ? s->since_us * 1000 : 0, 0,
                           s->most > 0 && s->most < TAIL ? s->most + 1 : TAIL);
    }
    return read_span(d);
}

bool docker_back_line(struct docker_tap *d, const struct log_line *line)
{
    struct docker_kept *k;

    if (!d->tail && d->upto_count > 0 && d->now.ns == d->upto_ns &&
        d->now.count >= d->upto_count)
        return true;
    if (d->nkept == KEPT_MAX || d->text.len > TEXT_MAX) {
        d->over_full = true;
        return false;
    }
    if (d->nkept == d->room) {
        d->room = d->room ? d->room * 2 : 256;
        if (!(d->kept = realloc(d->kept, d->room * sizeof(*d->kept))))
            abort();
    }
    k = &d->kept[d->nkept++];
    *k = (struct docker_kept){d->text.len, line->len, line->cut, line->us, d->now, line->err};
    buf_add(&d->text, line->text, line->len);
    return true;
}

/* false: no more are wanted. */
static bool tell(struct docker_tap *d, size_t from)
{
    char cursor[DOCKER_CURSOR_SIZE];
    bool more = true;

    d->tap->inside = true;
    for (size_t i = d->nkept; i > from && more; i--) {
        const struct docker_kept *k = &d->kept[i - 1];
        struct log_line line = {.cursor = cursor,
                                .us = k->us,
                                .level = k->err ? LOG_LEVEL_ERR : LOG_LEVEL,
                                .err = k->err,
                                .text = d->text.data ? d->text.data + k->at : "",
                                .len = k->len,
                                .cut = k->cut};

        docker_cursor_text(&k->cursor, cursor);
        more = tap_line(d->tap, &line);
    }
    d->tap->inside = false;
    return more && !d->tap->closed;
}

/* Of the last so many lines those of the first moment may not be all. */
static bool tell_tail(struct docker_tap *d, bool *first)
{
    long asked =
        d->tap->spec.most > 0 && d->tap->spec.most < TAIL ? d->tap->spec.most + 1 : TAIL;
    size_t from = 0;

    *first = d->frame.entries < (uint64_t)asked; /* a long line is several */
    if (!*first)
        while (from < d->nkept && d->kept[from].cursor.ns == d->kept[0].cursor.ns)
            from++;
    if (d->nkept > 0) {
        d->upto_ns = d->kept[0].cursor.ns;
        d->upto_count = 0;
        d->span_ns = d->kept[d->nkept - 1].cursor.ns - d->kept[0].cursor.ns + 1000000;
    }
    return tell(d, from);
}

void docker_back_end(struct docker_tap *d, const char *error)
{
    bool first = false;

    if (d->over_full) {
        if (d->span_ns < GROW) {
            tap_end(d->tap, "too many lines of one moment");
            return;
        }
        d->span_ns /= GROW;
    }
    else if (error) {
        tap_end(d->tap, error);
        return;
    }
    else if (d->tail) {
        if (!tell_tail(d, &first))
            return;
    }
    else {
        int64_t lowest = d->tap->spec.since_us > 0 ? d->tap->spec.since_us * 1000 : 0;

        if (!tell(d, 0))
            return;
        first = d->begin_ns <= lowest;
        d->upto_ns = d->begin_ns - 1;
        d->upto_count = 0;
        if (d->nkept < FEW)
            d->span_ns *= GROW;
    }
    if (first)
        tap_end(d->tap, NULL);
    else if (read_span(d))
        tap_end(d->tap, strerror(errno));
}

void docker_back_free(struct docker_tap *d)
{
    buf_free(&d->text);
    free(d->kept);
}
