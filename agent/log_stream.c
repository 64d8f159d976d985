/*
 * Lines are sent in batches: the first of them at once, then what came within 50 ms or as much
 * as is good for one event.
 */
#include "log_stream.h"
#include "clock.h"
#include "log_docker.h"
#include "log_follow.h"
#include "server.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MS    50
#define BATCH_LINES 256
#define BATCH_BYTES (64 << 10)
#define STREAMS_APP 32
#define STREAMS_MAX (SERVER_CONNECTIONS_MAX - 16) /* requests find room, too */
#define WATCH_MS    250
#define QUIET       3 /* looks at a deploy that is over and says nothing more */

static int nstreams, of_app[APPS_MAX];

static void drop(struct log_stream *s)
{
    follow_leave(s);
    nstreams--;
    of_app[s->app->index]--;
    event_free(s->flush);
    if (s->watch)
        event_free(s->watch);
    log_filter_drop(&s->filter);
    buf_free(&s->batch);
    free(s);
}

/* The client left, or was dropped for its slowness. */
static void on_client_end(void *arg)
{
    drop(arg);
}

/* ---- lines */

/* false: the stream is no more. */
static bool flush(struct log_stream *s)
{
    if (s->n == 0)
        return true;
    event_del(s->flush);
    buf_add(&s->batch, "]", 1);
    if (!stream_send(s->out, NULL, s->id, s->batch.data, s->batch.len))
        return false;
    s->batch.len = 0;
    s->n = 0;
    s->sent_ms = clock_ms();
    return true;
}

static void on_flush(evutil_socket_t, short, void *arg)
{
    flush(arg);
}

static void flush_soon(struct log_stream *s)
{
    int64_t wait = s->sent_ms + BATCH_MS - clock_ms();
    struct timeval tv = {0, wait > 0 ? wait * 1000 : 0};

    event_add(s->flush, &tv);
}

bool log_stream_line(struct log_stream *s, const struct log_line *line, buf *json)
{
    strcpy(s->last, line->cursor);
    if (!log_filter_fits(&s->filter, line))
        return true;
    if (json->len == 0)
        log_line_json(json, line);
    buf_add(&s->batch, s->n == 0 ? "[" : ",", 1);
    buf_add(&s->batch, json->data, json->len);
    strcpy(s->id, line->cursor);
    if (++s->n == BATCH_LINES || s->batch.len >= BATCH_BYTES)
        return flush(s);
    if (s->n == 1)
        flush_soon(s);
    return true;
}

bool log_stream_gap(struct log_stream *s, int64_t lines)
{
    char data[40];

    if (!flush(s))
        return false;
    if (lines >= 0)
        snprintf(data, sizeof(data), "{\"lines\":%" PRId64 "}", lines);
    else
        strcpy(data, "{\"lines\":null}");
    return stream_send(s->out, "gap", s->last[0] ? s->last : NULL, data, strlen(data));
}

/* ---- the end of a deploy is the end of its stream */

static void watch_again(struct log_stream *s)
{
    static const struct timeval tv = {0, WATCH_MS * 1000};

    event_add(s->watch, &tv);
}

static void on_watch(evutil_socket_t, short, void *arg)
{
    struct log_stream *s = arg;
    bool known = log_place_deploy(s->agent, s->app, &s->place);

    if (s->place.until_us)
        s->filter.until_us = s->place.until_us;
    if ((known && s->place.running) || strcmp(s->watched, s->last) || s->n > 0)
        s->quiet = 0;
    else
        s->quiet++;
    strcpy(s->watched, s->last);
    if (s->quiet < QUIET || stream_waiting(s->out) > 0) {
        watch_again(s);
        return;
    }
    if (!stream_send(s->out, "end", s->last[0] ? s->last : NULL, "{}", 2))
        return;
    stream_end(s->out);
    drop(s);
}

/* ---- a client */

/* -1: answered. */
static int read_cursor(struct call *c, struct log_stream *s)
{
    const char *last = call_header(c, "Last-Event-ID"), *cursor = call_query(c, "cursor");
    struct docker_cursor parsed;

    if (last && *last)
        cursor = last;
    if (!cursor || !*cursor)
        return 0;
    if (!tap_cursor_ok(cursor) ||
        (s->place.container && docker_cursor_parse(cursor, &parsed))) {
        call_error_at(c, 422, "cursor", 0, "'cursor' is none of this log");
        return -1;
    }
    strcpy(s->last, cursor);
    return 0;
}

static int refuse_more(struct call *c)
{
    if (nstreams < STREAMS_MAX && of_app[c->app->index] < STREAMS_APP)
        return 0;
    evhttp_add_header(evhttp_request_get_output_headers(c->req), "Retry-After", "5");
    call_error(c, 503, "%s has too many log streams",
               nstreams < STREAMS_MAX ? c->app->id : "this host");
    return -1;
}

static void begin_where(struct log_stream *s)
{
    s->since_us = s->filter.since_us;
    if (s->place.since_us > s->since_us)
        s->since_us = s->filter.since_us = s->place.since_us;
    if (s->place.until_us && (!s->filter.until_us || s->place.until_us < s->filter.until_us))
        s->filter.until_us = s->place.until_us;
}

void log_stream_get(struct call *c)
{
    struct agent *agent = c->agent;
    struct log_stream *s;

    if (refuse_more(c))
        return;
    if (!(s = calloc(1, sizeof(*s))))
        abort();
    if (log_place_read(c, &s->place) || read_cursor(c, s) || log_filter_read(c, &s->filter)) {
        free(s);
        return;
    }
    s->agent = agent;
    s->app = c->app;
    s->state = STREAM_FULL;
    s->flush = evtimer_new(agent->base, on_flush, s);
    nstreams++;
    of_app[s->app->index]++;
    begin_where(s);
    s->out = stream_start(c, on_client_end, s);
    follow_join(agent, &s->place, s);
    if (s->place.deploy[0]) {
        s->watch = evtimer_new(agent->base, on_watch, s);
        watch_again(s);
    }
}

void log_stream_stop(void)
{
    follow_stop_all();
}
