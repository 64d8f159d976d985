/*
 * fetch_loop: libcurl's sockets and its one timer as events of the role's loop.
 */
#include "fetch_impl.h"

#include <stdlib.h>
#include <event2/event_struct.h>

struct watch {
    struct event ev;
    struct fetch *f;
    struct watch *next; /* in spare */
    short what;
};

static void reap(struct fetch *f)
{
    CURLMsg *msg;
    struct fetch_job *job;
    int left;

    while ((msg = curl_multi_info_read(f->multi, &left)))
        if (msg->msg == CURLMSG_DONE) {
            CURLcode rc = msg->data.result;

            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&job);
            fetch_over(job, rc); /* msg is gone after this */
        }
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;
    struct fetch *f = w->f;
    int running, mask = 0;

    if (what & EV_READ)
        mask |= CURL_CSELECT_IN;
    if (what & EV_WRITE)
        mask |= CURL_CSELECT_OUT;
    curl_multi_socket_action(f->multi, fd, mask, &running);
    reap(f);
}

static void on_timer(evutil_socket_t, short, void *arg)
{
    struct fetch *f = arg;
    int running;

    curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    reap(f);
}

static int set_timer(CURLM *, long ms, void *arg)
{
    struct fetch *f = arg;
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    if (ms < 0)
        event_del(f->timer);
    else
        event_add(f->timer, &tv);
    return 0;
}

static struct watch *take(struct fetch *f)
{
    struct watch *w = f->spare;

    if (w)
        f->spare = w->next;
    else if ((w = calloc(1, sizeof(*w))))
        w->f = f;
    if (w)
        w->what = 0;
    return w;
}

static int set_socket(CURL *, curl_socket_t fd, int poll, void *arg, void *known)
{
    struct fetch *f = arg;
    struct watch *w = known;
    short what = EV_PERSIST;

    if (poll == CURL_POLL_REMOVE) {
        if (w) {
            event_del(&w->ev);
            w->next = f->spare;
            f->spare = w;
        }
        return 0;
    }
    if (!w) {
        if (!(w = take(f)))
            return -1;
        curl_multi_assign(f->multi, fd, w);
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
    event_assign(&w->ev, f->base, fd, what, on_socket, w);
    return event_add(&w->ev, NULL);
}

int fetch_loop_start(struct fetch *f)
{
    if (!(f->multi = curl_multi_init()) || !(f->timer = evtimer_new(f->base, on_timer, f)))
        return -1;
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return 0;
}

void fetch_loop_stop(struct fetch *f)
{
    struct watch *w;

    if (f->multi)
        curl_multi_cleanup(f->multi);
    if (f->timer)
        event_free(f->timer);
    while ((w = f->spare)) {
        f->spare = w->next;
        free(w);
    }
}
