/*
 * live_loop: the thread that serves all event streams of a child.
 *
 * A client comes in by live_add(), waits until the database has said that it may listen
 * and what it missed, is greeted, and lives in its group until it goes, falls behind, or
 * is told `bye`. Then it is left to cool for a second, for the sake of the worker that
 * handed it over, and closed.
 */
#include "live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

APLOG_USE_MODULE(tocsin_live);

#define EVENTS_MAX 256
#define PING_EVERY apr_time_from_sec(15)
#define FRESH      apr_time_from_sec(5) /* a reading older than this is no news */

static struct {
    int epoll, wakeup;
    apr_thread_t *thread;
    apr_thread_mutex_t *lock;  /* of incoming */
    struct live_ring incoming; /* handed over, not seen yet */
    struct live_ring leaving;
    int reserved;              /* clients from handler to close, atomic */
    int stopping, ended, away; /* atomic */
    apr_time_t ping_at;
} L;

live_hub hub;

static void wake(void)
{
    apr_uint64_t one = 1;

    if (write(L.wakeup, &one, sizeof(one)) < 0)
        return; /* full: it is awake */
}

/* ---------------------------------------------------------------- called by workers */

const char *live_reserve(void)
{
    if (__atomic_load_n(&L.stopping, __ATOMIC_ACQUIRE))
        return "the server is restarting";
    if (__atomic_load_n(&L.away, __ATOMIC_ACQUIRE))
        return "the database is away";
    if (__atomic_add_fetch(&L.reserved, 1, __ATOMIC_ACQ_REL) > hub.set.max) {
        live_unreserve();
        return "too many event streams are open";
    }
    return NULL;
}

void live_unreserve(void)
{
    __atomic_sub_fetch(&L.reserved, 1, __ATOMIC_ACQ_REL);
}

int live_reserved(void)
{
    return __atomic_load_n(&L.reserved, __ATOMIC_ACQUIRE);
}

void live_add(live_client *client)
{
    client->since = apr_time_now();
    apr_thread_mutex_lock(L.lock);
    APR_RING_INSERT_TAIL(&L.incoming, client, live_client, link);
    apr_thread_mutex_unlock(L.lock);
    wake();
}

void live_stop(void)
{
    __atomic_store_n(&L.stopping, 1, __ATOMIC_RELEASE);
    wake();
}

/* ---------------------------------------------------------------- coming and going */

void live_leave(live_client *client)
{
    epoll_ctl(L.epoll, EPOLL_CTL_DEL, client->fd, NULL);
    if (client->feed) {
        live_feed_close(client);
        live_slot_feed_gone(client->account);
    }
    if (client == hub.replaying)
        hub.replaying = NULL;
    if (client->group)
        live_group_leave(client);
    else
        APR_RING_REMOVE(client, link);
    live_access_release(client->access);
    client->access = NULL;
    APR_RING_INSERT_TAIL(&L.leaving, client, live_client, link);
    live_count(live_clients, -1);
    live_slot_count(-1);
}

/* One turn of the loop may find a client gone in two ways. */
static int left(const live_client *client)
{
    return !client->access;
}

void live_drop(live_client *client)
{
    client->dead = 1;
    live_leave(client);
}

void live_say(live_client *client, const char *data, size_t len)
{
    if (live_client_write(client, data, len) == 0)
        return;
    live_count(live_dropped, 1);
    live_leave(client);
}

/* The browser comes back by itself; not all in the same moment. */
void live_dismiss(live_client *client, const char *reason)
{
    char bye[128];

    apr_snprintf(bye, sizeof(bye), "retry: %d\nevent: bye\ndata: {\"reason\":\"%s\"}\n\n",
                 strcmp(reason, "source") ? 250 + rand() % 750 : LIVE_RETRY_MS, reason);
    live_client_write(client, bye, strlen(bye));
    live_leave(client);
}

static void adopt(void)
{
    struct live_ring in;

    APR_RING_INIT(&in, live_client, link);
    apr_thread_mutex_lock(L.lock);
    APR_RING_CONCAT(&in, &L.incoming, live_client, link);
    apr_thread_mutex_unlock(L.lock);
    while (!APR_RING_EMPTY(&in, live_client, link)) {
        live_client *client = APR_RING_FIRST(&in);
        struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = client};

        APR_RING_REMOVE(client, link);
        client->access = live_access_get(client->account, client->session);
        apr_socket_timeout_set(ap_get_conn_socket(client->c), 0); /* never wait in a write */
        if (client->feed) {
            live_feed_add(client);
        }
        else {
            APR_RING_INSERT_TAIL(&hub.waiting, client, live_client, link);
            epoll_ctl(L.epoll, EPOLL_CTL_ADD, client->fd, &ev);
        }
        live_count(live_clients, 1);
        live_slot_count(1);
        live_count(live_adopted, 1);
    }
}

static void reap(int all)
{
    apr_time_t now = apr_time_now();
    live_client *client, *next;

    for (client = APR_RING_FIRST(&L.leaving);
         client != APR_RING_SENTINEL(&L.leaving, live_client, link); client = next) {
        next = APR_RING_NEXT(client, link);
        if (!all && !live_client_released(client, now))
            continue;
        APR_RING_REMOVE(client, link);
        live_client_close(client);
        live_unreserve();
    }
}

static void dismiss_group(live_group *g, void *reason)
{
    int n = g->nclients; /* the group goes with its last client */

    while (n-- > 0)
        live_dismiss(APR_RING_FIRST(&g->clients), reason);
}

static void dismiss_all(const char *reason, int now)
{
    live_feed_end_all(reason, now);
    live_group_each(dismiss_group, (void *)reason);
    while (!APR_RING_EMPTY(&hub.waiting, live_client, link))
        live_dismiss(APR_RING_FIRST(&hub.waiting), reason);
}

/* ---------------------------------------------------------------- what is said */

static void say_to_group(live_group *g, void *)
{
    buf text = g->text; /* the group may go with its last client */
    live_client *client, *next;
    int n = g->nclients;

    if (text.len == 0)
        return;
    memset(&g->text, 0, sizeof(g->text));
    live_count(live_events, n);
    for (client = APR_RING_FIRST(&g->clients); n-- > 0; client = next) {
        next = APR_RING_NEXT(client, link);
        live_say(client, text.data, text.len);
        if (n == 0)
            break;
    }
    buf_free(&text);
}

void live_say_what_is_new(void)
{
    live_group_each(say_to_group, NULL);
}

static void add_to_group(live_group *g, void *message)
{
    const char *const *kind_and_data = message;

    live_text_event(&g->text, kind_and_data[0], kind_and_data[1]);
    if (kind_and_data[2])
        live_text_id(&g->text, kind_and_data[2]);
}

void live_say_to_all(const char *kind, const char *data, const char *cursor)
{
    const char *message[] = {kind, data, cursor};

    live_group_each(add_to_group, message);
    live_say_what_is_new();
}

/* Without fresh news from the database there is no ping: the page shall see that it
 * knows nothing. The line that is no message keeps proxies from closing. */
static void comment(live_group *g, void *)
{
    buf_puts(&g->text, ":\n\n");
}

static void ping(apr_time_t now)
{
    if (now - L.ping_at < PING_EVERY)
        return;
    L.ping_at = now;
    if (hub.cursor[0] && now - hub.read_at < FRESH) {
        live_say_to_all("ping", "{}", hub.cursor);
        return;
    }
    live_group_each(comment, NULL);
    live_say_what_is_new();
}

/* ---------------------------------------------------------------- the loop */

static void ready(const struct epoll_event *ev)
{
    apr_uint64_t ignored;
    live_client *client;

    if (ev->data.ptr == &L.wakeup) {
        if (read(L.wakeup, &ignored, sizeof(ignored)) < 0)
            return;
    }
    else if (ev->data.ptr == &hub.db) {
        live_database_ready(&hub.db);
    }
    else if ((client = live_feed_of(ev->data.ptr))) {
        if (!left(client))
            live_feed_ready(client, ev->events, 1);
    }
    else if (!left(client = ev->data.ptr)) {
        /* A stream takes no input: bytes are as good as the end. */
        if (client->feed)
            live_feed_ready(client, ev->events, 0);
        else
            live_drop(client);
    }
}

/* How long nothing can be due, in ms. */
static int patience(void)
{
    if (!APR_RING_EMPTY(&L.leaving, live_client, link) ||
        !APR_RING_EMPTY(&hub.waiting, live_client, link) || hub.db.notified)
        return 20;
    return hub.db.state == DB_IDLE && !hub.cursor[0] ? 1000 : 100;
}

static void turn(void)
{
    struct epoll_event ev[EVENTS_MAX];
    int i, n = epoll_wait(L.epoll, ev, EVENTS_MAX, patience());
    apr_time_t now;

    for (i = 0; i < n; i++)
        ready(&ev[i]);
    adopt();
    if (__atomic_load_n(&L.stopping, __ATOMIC_ACQUIRE)) {
        dismiss_all("restart", 0);
    }
    else {
        now = apr_time_now();
        live_database_tick(&hub.db, now);
        __atomic_store_n(&L.away, hub.db.failing, __ATOMIC_RELEASE);
        live_ask(now);
        ping(now);
    }
    live_feed_tick(apr_time_now());
    reap(0);
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *)
{
    while (!__atomic_load_n(&L.ended, __ATOMIC_ACQUIRE))
        turn();
    adopt();
    dismiss_all("stop", 1);
    reap(1);
    live_database_close(&hub.db);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* Before the child's pool and those of its connections go. */
static apr_status_t end(void *)
{
    apr_status_t rv;

    __atomic_store_n(&L.stopping, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&L.ended, 1, __ATOMIC_RELEASE);
    wake();
    apr_thread_join(&rv, L.thread);
    close(L.epoll);
    close(L.wakeup);
    return APR_SUCCESS;
}

apr_status_t live_start(apr_pool_t *pchild, const live_settings *settings)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &L.wakeup};
    apr_status_t rv;

    memset(&L, 0, sizeof(L));
    memset(&hub, 0, sizeof(hub));
    hub.set = *settings;
    APR_RING_INIT(&L.incoming, live_client, link);
    APR_RING_INIT(&hub.waiting, live_client, link);
    APR_RING_INIT(&L.leaving, live_client, link);
    L.ping_at = hub.access_at = apr_time_now();
    L.epoll = epoll_create1(EPOLL_CLOEXEC);
    L.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (L.epoll < 0 || L.wakeup < 0 || epoll_ctl(L.epoll, EPOLL_CTL_ADD, L.wakeup, &ev) < 0)
        return errno;
    live_feed_init(L.epoll);
    live_slot_take(pchild);
    live_access_init(pchild);
    live_group_init(pchild);
    live_database_init(&hub.db, hub.set.conninfo, L.epoll);
    hub.db.up = live_database_up;
    hub.db.down = live_database_down;
    rv = apr_thread_mutex_create(&L.lock, APR_THREAD_MUTEX_DEFAULT, pchild);
    if (rv == APR_SUCCESS)
        rv = ap_thread_create(&L.thread, NULL, run, NULL, pchild);
    if (rv == APR_SUCCESS)
        apr_pool_pre_cleanup_register(pchild, NULL, end);
    return rv;
}
