#define _GNU_SOURCE
#include "fetch.h"
#include "buf.h"
#include "clock.h"
#include "fetch_parse.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_AT_ONCE 65536

struct fetch {
    struct fetch_spec spec;
    struct fetch_parse parse;
    struct bufferevent *bev;
    struct event *deadline;
    struct event *over; /* made active when it is over: `end` is called from the loop */
    const char *error;
    buf body;
    bool cut, ended;
    int64_t began_ms;
};

static void fetch_free(struct fetch *f)
{
    bufferevent_free(f->bev);
    event_free(f->deadline);
    event_free(f->over);
    buf_free(&f->body);
    free(f);
}

static void on_over(evutil_socket_t, short, void *arg)
{
    struct fetch *f = arg;
    struct fetch_end end = {.status = f->error ? 0 : f->parse.status,
                            .error = f->error,
                            .body = buf_end(&f->body),
                            .len = f->body.len,
                            .cut = f->cut,
                            .ms = (int)(clock_ms() - f->began_ms)};

    f->spec.end(f->spec.arg, &end);
    fetch_free(f);
}

static void finish(struct fetch *f, const char *error)
{
    if (f->ended)
        return;
    f->ended = true;
    f->error = error;
    bufferevent_disable(f->bev, EV_READ | EV_WRITE);
    event_del(f->deadline);
    event_active(f->over, EV_TIMEOUT, 0);
}

static void on_deadline(evutil_socket_t, short, void *arg)
{
    finish(arg, "no answer in time");
}

static void on_body(void *arg, const char *bytes, size_t n)
{
    struct fetch *f = arg;

    if (f->spec.data && f->parse.status / 100 == 2) {
        f->spec.data(f->spec.arg, bytes, n);
        return;
    }
    if (f->body.len + n > f->spec.most) {
        f->cut = f->spec.most > 0;
        n = f->spec.most - f->body.len;
    }
    buf_add(&f->body, bytes, n);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct fetch *f = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t n;

    while (!f->ended && (n = evbuffer_get_contiguous_space(in)) > 0) {
        fetch_feed(&f->parse, (const char *)evbuffer_pullup(in, (ssize_t)n), n);
        evbuffer_drain(in, n);
        if (f->parse.at == FETCH_DONE || f->parse.at == FETCH_WRONG)
            finish(f, f->parse.error);
        else if (!(bufferevent_get_enabled(bev) & EV_READ))
            return; /* paused by who was handed the data */
    }
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct fetch *f = arg;
    int e = EVUTIL_SOCKET_ERROR();

    if (what & BEV_EVENT_CONNECTED)
        return;
    if (what & BEV_EVENT_EOF) {
        on_read(bev, f);
        fetch_eof(&f->parse);
        finish(f, f->parse.error);
    }
    else {
        finish(f, e == ECONNREFUSED || e == ENOENT ? "connection refused"
                  : e == EACCES                    ? "permission denied"
                  : e                              ? strerror(e)
                                                   : "connection failed");
    }
}

static int dial(struct fetch *f)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (f->spec.to)
        return bufferevent_socket_connect(f->bev, (struct sockaddr *)&f->spec.to->at,
                                          (int)f->spec.to->len);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", f->spec.socket);
    return bufferevent_socket_connect(f->bev, (struct sockaddr *)&un, sizeof(un));
}

struct fetch *fetch_start(struct agent *agent, const struct fetch_spec *spec)
{
    struct timeval deadline = {spec->deadline_ms / 1000, spec->deadline_ms % 1000 * 1000};
    struct fetch *f = calloc(1, sizeof(*f));

    if (!f || !(f->bev = bufferevent_socket_new(agent->base, -1, BEV_OPT_CLOSE_ON_FREE))) {
        free(f);
        return NULL;
    }
    f->spec = *spec;
    f->parse.body = on_body;
    f->parse.arg = f;
    f->began_ms = clock_ms();
    f->deadline = evtimer_new(agent->base, on_deadline, f);
    f->over = event_new(agent->base, -1, 0, on_over, f);
    bufferevent_setcb(f->bev, on_read, NULL, on_event, f);
    bufferevent_setwatermark(f->bev, EV_READ, 0, READ_AT_ONCE);
    bufferevent_enable(f->bev, EV_READ | EV_WRITE);
    evbuffer_add_printf(bufferevent_get_output(f->bev),
                        "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tocsin-agent\r\n"
                        "Accept: */*\r\n%sConnection: close\r\n\r\n",
                        spec->method, spec->path, spec->host,
                        strcmp(spec->method, "POST") ? "" : "Content-Length: 0\r\n");
    if (spec->deadline_ms > 0)
        event_add(f->deadline, &deadline);
    if (dial(f))
        finish(f, errno == ECONNREFUSED || errno == ENOENT ? "connection refused"
                  : errno == EACCES                        ? "permission denied"
                                                           : "connection failed");
    f->spec.to = NULL;
    f->spec.socket = f->spec.method = f->spec.path = f->spec.host = NULL;
    return f;
}

void fetch_pause(struct fetch *f)
{
    bufferevent_disable(f->bev, EV_READ);
}

void fetch_go_on(struct fetch *f)
{
    if (f->ended)
        return;
    bufferevent_enable(f->bev, EV_READ);
    if (evbuffer_get_length(bufferevent_get_input(f->bev)) > 0)
        bufferevent_trigger(f->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

void fetch_stop(struct fetch *f)
{
    fetch_free(f);
}
