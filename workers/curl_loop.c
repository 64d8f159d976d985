#include "curl_loop.h"

#include <stdlib.h>
#include <event2/event_struct.h>

struct watch {
    struct event ev;
    struct curl_loop *l;
    struct watch *next; /* in spare */
    short what;
};

static void reap(struct curl_loop *l)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(l->multi, &left)))
        if (msg->msg == CURLMSG_DONE)
            l->over(msg->easy_handle, msg->data.result); /* msg is gone after this */
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;
    struct curl_loop *l = w->l;
    int running, mask = 0;

    if (what & EV_READ)
        mask |= CURL_CSELECT_IN;
    if (what & EV_WRITE)
        mask |= CURL_CSELECT_OUT;
    curl_multi_socket_action(l->multi, fd, mask, &running);
    reap(l);
}

static void on_timer(evutil_socket_t, short, void *arg)
{
    struct curl_loop *l = arg;
    int running;

    curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    reap(l);
}

static int set_timer(CURLM *, long ms, void *arg)
{
    struct curl_loop *l = arg;
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    if (ms < 0)
        event_del(l->timer);
    else
        event_add(l->timer, &tv);
    return 0;
}

static struct watch *take(struct curl_loop *l)
{
    struct watch *w = l->spare;

    if (w)
        l->spare = w->next;
    else if ((w = calloc(1, sizeof(*w))))
        w->l = l;
    if (w)
        w->what = 0;
    return w;
}

static int set_socket(CURL *, curl_socket_t fd, int poll, void *arg, void *known)
{
    struct curl_loop *l = arg;
    struct watch *w = known;
    short what = EV_PERSIST;

    if (poll == CURL_POLL_REMOVE) {
        if (w) {
            event_del(&w->ev);
            w->next = l->spare;
            l->spare = w;
        }
        return 0;
    }
    if (!w) {
        if (!(w = take(l)))
            return -1;
        curl_multi_assign(l->multi, fd, w);
    }
    if (poll & CURL_POLL_IN)
        what |= EV_READ;
    if (poll & CURL_POLL_OUT)
        what |= EV_WRITE;
    if (what == w->what)
        return 0;
    if (w->what)
        event_del(&w->ev);
    w->what = what;
    event_assign(&w->ev, l->base, fd, what, on_socket, w);
    return event_add(&w->ev, NULL);
}

int curl_loop_start(struct curl_loop *l)
{
    if (!(l->multi = curl_multi_init()) || !(l->timer = evtimer_new(l->base, on_timer, l)))
        return -1;
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return 0;
}

void curl_loop_stop(struct curl_loop *l)
{
    struct watch *w;

    if (l->multi)
        curl_multi_cleanup(l->multi);
    if (l->timer)
        event_free(l->timer);
    while ((w = l->spare)) {
        l->spare = w->next;
        free(w);
    }
}
