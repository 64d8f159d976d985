#include "stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_SECONDS  15
#define WRITE_SECONDS 20
#define RETRY         "retry: 2000\n\n"
#define AHEAD_MAX     16384

struct stream {
    struct evhttp_request *req;
    struct bufferevent *bev;
    struct event *beat;
    struct event *drop; /* made active when the client is to be dropped */
    struct evbuffer *out;
    void (*on_end)(void *);
    void (*on_room)(void *);
    void *arg, *room_arg;
    size_t room_below;
};

static void forget(struct stream *s)
{
    event_free(s->beat);
    event_free(s->drop);
    evbuffer_free(s->out);
    free(s);
}

static void closed(struct evhttp_connection *conn, void *arg)
{
    struct stream *s = arg;

    evhttp_connection_set_closecb(conn, NULL, NULL);
    /* evhttp cut the request off its connection, it is ours to free; a request that is
     * still on it goes with it */
    if (!evhttp_request_get_connection(s->req))
        evhttp_request_free(s->req);
    s->on_end(s->arg);
    forget(s);
}

size_t stream_waiting(const struct stream *s)
{
    return s->bev ? evbuffer_get_length(bufferevent_get_output(s->bev)) : 0;
}

static void written(struct evhttp_connection *, void *arg)
{
    struct stream *s = arg;
    void (*fn)(void *) = s->on_room;

    if (fn && stream_waiting(s) < s->room_below) {
        s->on_room = NULL;
        fn(s->room_arg);
    }
}

static void push(struct stream *s)
{
    evhttp_send_reply_chunk_with_cb(s->req, s->out, written, s);
}

static void on_beat(evutil_socket_t, short, void *arg)
{
    struct stream *s = arg;

    evbuffer_add(s->out, ":\n\n", 3);
    push(s);
}

static void on_drop(evutil_socket_t, short, void *arg)
{
    struct stream *s = arg;

    if (s->bev) {
        evhttp_connection_free(evhttp_request_get_connection(s->req)); /* calls closed() */
        return;
    }
    evhttp_request_free(s->req);
    s->on_end(s->arg);
    forget(s);
}

struct stream *stream_start(struct call *c, void (*on_end)(void *), void *arg)
{
    static const struct timeval beat = {BEAT_SECONDS, 0}, slow = {WRITE_SECONDS, 0};
    struct evkeyvalq *headers = evhttp_request_get_output_headers(c->req);
    struct evhttp_connection *conn = evhttp_request_get_connection(c->req);
    struct stream *s = calloc(1, sizeof(*s));

    s->req = c->req;
    s->out = evbuffer_new();
    s->on_end = on_end;
    s->arg = arg;
    s->beat = event_new(c->agent->base, -1, EV_PERSIST, on_beat, s);
    s->drop = event_new(c->agent->base, -1, 0, on_drop, s);
    call_free(c);
    if (!conn) { /* left while the handler made up its mind: tell so from the loop */
        event_active(s->drop, EV_TIMEOUT, 0);
        return s;
    }
    s->bev = evhttp_connection_get_bufferevent(conn);
    evhttp_connection_set_closecb(conn, closed, s);
    evhttp_add_header(headers, "Content-Type", "text/event-stream");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_send_reply_start(s->req, 200, "OK");
    bufferevent_set_timeouts(s->bev, NULL, &slow);
    bufferevent_setwatermark(s->bev, EV_READ, 0, AHEAD_MAX);
    evbuffer_add(s->out, RETRY, strlen(RETRY));
    push(s);
    event_add(s->beat, &beat);
    return s;
}

bool stream_send(struct stream *s, const char *event, const char *id, const char *data,
                 size_t len)
{
    if (!s->bev)
        return true; /* about to be told */
    if (event)
        evbuffer_add_printf(s->out, "event: %s\n", event);
    if (id)
        evbuffer_add_printf(s->out, "id: %s\n", id);
    evbuffer_add(s->out, "data: ", 6);
    evbuffer_add(s->out, data, len);
    evbuffer_add(s->out, "\n\n", 2);
    push(s);
    if (stream_waiting(s) <= STREAM_WAITING_MAX)
        return true;
    on_drop(-1, 0, s);
    return false;
}

void stream_on_room(struct stream *s, size_t below, void (*fn)(void *), void *arg)
{
    s->room_below = below;
    s->on_room = fn;
    s->room_arg = arg;
}

void stream_end(struct stream *s)
{
    struct evhttp_connection *conn = evhttp_request_get_connection(s->req);

    if (conn) {
        evhttp_connection_set_closecb(conn, NULL, NULL);
        evhttp_add_header(evhttp_request_get_output_headers(s->req), "Connection", "close");
        evhttp_send_reply_end(s->req);
    }
    else {
        evhttp_request_free(s->req);
    }
    forget(s);
}
