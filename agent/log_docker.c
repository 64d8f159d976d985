/*
 * log_tap's Docker: GET /containers/ID/logs.
 *
 * A cursor of ours is d.CONTAINER.NANOSECONDS.COUNT: the COUNTth line of that moment. Docker
 * gives all lines from a moment on, so what was had already is counted off.
 */
#include "log_docker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSPECT_MAX         (1 << 20)
#define INSPECT_DEADLINE_MS 5000
#define READ_DEADLINE_MS    15000
#define ERROR_MAX           4096

int docker_cursor_parse(const char *text, struct docker_cursor *c)
{
    char id[DOCKER_ID_SIZE + 1], end;

    if (sscanf(text, "d.%12[0-9a-f].%" SCNd64 ".%ld%c", id, &c->ns, &c->count, &end) != 3 ||
        strlen(id) != DOCKER_ID_SIZE - 1 || c->ns < 0 || c->count < 1)
        return -1;
    memcpy(c->id, id, sizeof(c->id));
    return 0;
}

void docker_cursor_text(const struct docker_cursor *c, char text[DOCKER_CURSOR_SIZE])
{
    snprintf(text, DOCKER_CURSOR_SIZE, "d.%s.%" PRId64 ".%ld", c->id, c->ns, c->count);
}

/* ---- going forward */

/* false: it was had before. */
static bool is_new(struct docker_tap *d)
{
    if (!d->resumed)
        return true;
    if (d->now.ns < d->from.ns || (d->now.ns == d->from.ns && d->now.count < d->from.count))
        return false;
    d->resumed = false;
    if (d->now.ns == d->from.ns && d->now.count == d->from.count &&
        !strcmp(d->now.id, d->from.id))
        return false;
    tap_gap(d->tap);
    return true;
}

static bool on_line(void *arg, bool, int64_t ns, const struct log_line *said)
{
    struct docker_tap *d = arg;
    struct log_line line = *said;
    char cursor[DOCKER_CURSOR_SIZE];

    d->now.count = ns == d->now.ns ? d->now.count + 1 : 1;
    d->now.ns = ns;
    if (d->tap->spec.back)
        return docker_back_line(d, &line);
    if (!is_new(d))
        return true;
    docker_cursor_text(&d->now, cursor);
    line.cursor = cursor;
    return tap_line(d->tap, &line);
}

static void on_data(void *arg, const char *bytes, size_t n)
{
    struct docker_tap *d = arg;
    struct tap *t = d->tap;

    if (t->closed || d->frame.stopped)
        return;
    t->inside = true;
    log_frame_feed(&d->frame, bytes, n);
    t->inside = false;
    if ((d->frame.broken || d->frame.stopped) && !t->closed)
        event_active(d->over, EV_TIMEOUT, 0);
}

/* What Docker says of what it refuses: {"message":"…"} */
static void refused(struct docker_tap *d, const struct fetch_end *end)
{
    char words[TAP_ERROR_MAX];
    json_t *said = end->body ? json_loadb(end->body, end->len, 0, NULL) : NULL;
    const char *message = json_string_value(json_object_get(said, "message"));

    if (end->error)
        snprintf(words, sizeof(words), "Docker does not answer: %s", end->error);
    else if (end->status == 404)
        snprintf(words, sizeof(words), "Docker has no container %s", d->tap->name);
    else
        snprintf(words, sizeof(words), "Docker: %.200s", message ? message : "failed");
    json_decref(said);
    tap_end(d->tap, words);
}

static void on_end(void *arg, const struct fetch_end *end)
{
    struct docker_tap *d = arg;

    d->fetch = NULL;
    if (d->tap->closed)
        return;
    if (end->status / 100 != 2 && !(end->error && d->answered))
        refused(d, end);
    else if (d->tap->spec.back)
        docker_back_end(d, end->error);
    else
        tap_end(d->tap, end->error && !d->tap->spec.follow ? end->error : NULL);
}

/* It was read as far as anybody wants, or makes no sense. */
static void on_over(evutil_socket_t, short, void *arg)
{
    struct docker_tap *d = arg;

    if (d->fetch)
        fetch_stop(d->fetch);
    d->fetch = NULL;
    if (d->frame.broken)
        tap_end(d->tap, "what Docker sent cannot be read");
    else if (d->tap->spec.back)
        docker_back_end(d, NULL);
}

int docker_read(struct docker_tap *d, int64_t since_ns, int64_t until_ns, long tail)
{
    char query[256];
    int n = snprintf(query, sizeof(query), "?stdout=1&stderr=1&timestamps=1");
    struct fetch_spec spec = {.deadline_ms = d->tap->spec.follow ? 0 : READ_DEADLINE_MS,
                              .most = ERROR_MAX,
                              .data = on_data,
                              .end = on_end,
                              .arg = d};

    if (d->tap->spec.follow)
        n += snprintf(query + n, sizeof(query) - (size_t)n, "&follow=1");
    if (since_ns > 0)
        n += snprintf(query + n, sizeof(query) - (size_t)n, "&since=%" PRId64 ".%09d",
                      since_ns / 1000000000, (int)(since_ns % 1000000000));
    if (until_ns > 0)
        n += snprintf(query + n, sizeof(query) - (size_t)n, "&until=%" PRId64 ".%09d",
                      until_ns / 1000000000, (int)(until_ns % 1000000000));
    if (tail > 0)
        snprintf(query + n, sizeof(query) - (size_t)n, "&tail=%ld", tail);
    log_frame_free(&d->frame);
    d->frame = (struct log_frame){.tty = d->tty, .line = on_line, .arg = d};
    d->now.ns = -1;
    d->now.count = 0;
    d->fetch = docker_fetch(d->tap->agent, "GET", d->tap->name, "logs", query, &spec);
    if (d->fetch && d->tap->paused)
        fetch_pause(d->fetch);
    return d->fetch ? 0 : -1;
}

/* ---- which container it is */

static int begin(struct docker_tap *d)
{
    const struct tap_spec *s = &d->tap->spec;
    int64_t since = s->since_us > 0 ? s->since_us * 1000 : 0;

    if (s->back)
        return docker_back_begin(d);
    return docker_read(d, d->resumed ? d->from.ns : since,
                       s->until_us > 0 ? s->until_us * 1000 : 0, 0);
}

static void on_inspect(void *arg, const struct fetch_end *end)
{
    struct docker_tap *d = arg;
    json_t *all = end->status == 200 ? json_loadb(end->body, end->len, 0, NULL) : NULL;
    const char *id = json_string_value(json_object_get(all, "Id"));

    d->fetch = NULL;
    if (d->tap->closed) {
        json_decref(all);
        return;
    }
    if (end->status != 200) {
        refused(d, end);
        return;
    }
    if (!id || strlen(id) < DOCKER_ID_SIZE - 1 || strspn(id, "0123456789abcdef") < 12) {
        json_decref(all);
        tap_end(d->tap, "what Docker said cannot be read");
        return;
    }
    memcpy(d->now.id, id, DOCKER_ID_SIZE - 1);
    d->tty = json_is_true(json_object_get(json_object_get(all, "Config"), "Tty"));
    json_decref(all);
    d->answered = true;
    if (begin(d))
        tap_end(d->tap, strerror(errno));
}

static int docker_open(struct tap *t)
{
    struct fetch_spec spec = {
        .deadline_ms = INSPECT_DEADLINE_MS, .most = INSPECT_MAX, .end = on_inspect};
    struct docker_tap *d = calloc(1, sizeof(*d));

    t->own = d;
    d->tap = t;
    d->over = event_new(t->agent->base, -1, 0, on_over, d);
    spec.arg = d;
    if (t->cursor[0]) {
        if (docker_cursor_parse(t->cursor, &d->from)) {
            errno = EINVAL;
            return -1;
        }
        d->resumed = true;
    }
    d->fetch = docker_fetch(t->agent, "GET", t->name, "json", NULL, &spec);
    return d->fetch ? 0 : -1;
}

static void docker_pause(struct tap *t, bool pause)
{
    struct docker_tap *d = t->own;

    if (d->fetch && pause)
        fetch_pause(d->fetch);
    else if (d->fetch)
        fetch_go_on(d->fetch);
}

static void docker_close(struct tap *t)
{
    struct docker_tap *d = t->own;

    if (d->fetch)
        fetch_stop(d->fetch);
    event_free(d->over);
    log_frame_free(&d->frame);
    docker_back_free(d);
    free(d);
}

const struct tap_kind tap_docker = {docker_open, docker_pause, docker_close};
