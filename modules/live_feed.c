/*
 * live_feed: clients with a source of their own: what comes out of it goes to this one
 * client, as it comes.
 *
 * The source is an answer in HTTP/1.1 whose head is still to come: a worker has only asked
 * (mod_tocsin_fleet). Nothing of it is kept here: bytes are read from the source only while
 * the client's socket has room for all of them, so that a client that is slow slows its
 * source, and a write never waits. Between two events we may say `bye`; inside of one the
 * client would take half an event for a whole one.
 */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <http_protocol.h>
#include <apr_strings.h>

#include "answer.h"

/* A socket is said to be writable when a third of its buffer is free: these fit. */
#define PIECE      (32 * 1024)
#define EVENT_MAX  (8 * 1024 * 1024)
#define REFUSE_MAX 8192 /* bytes that are read of an answer that is no stream */

#define OPEN_WITHIN   apr_time_from_sec(15)
#define HEARD_WITHIN  apr_time_from_sec(45) /* the agent says something each 15 s */
#define TAKEN_WITHIN  apr_time_from_sec(20)
#define FINISH_WITHIN apr_time_from_sec(2)
#define LIFE          apr_time_from_sec(3600)

struct live_feed {
    int fd;
    apr_int64_t about;
    void (*refuse)(request_rec *r, int status, const char *body, apr_size_t len);
    struct answer answer;
    int open;            /* the client has a head */
    buf refusal;         /* what came instead of a stream */
    size_t event;        /* bytes of the event that is being told */
    int line_ended;      /* the last byte was a line's end */
    int full;            /* the client's socket is: its source is not read */
    int queued;          /* bytes in it then */
    apr_time_t full_at;  /* and since when they are as many */
    apr_time_t heard_at; /* the source has said something */
    const char *ending;  /* the client is to go, for this reason, at the end of its event */
    apr_time_t ending_at;
    int asked;    /* the database has been, whether he may listen */
    int question; /* his number in the last question, from 1 */
};

static int epoll;
static char piece[PIECE];

void live_feed_init(int set)
{
    epoll = set;
    APR_RING_INIT(&hub.feeds, live_client, link);
}

/* The one after this one; of NULL the first. */
static live_client *after(const live_client *client)
{
    live_client *next = client ? APR_RING_NEXT(client, link) : APR_RING_FIRST(&hub.feeds);

    return next == APR_RING_SENTINEL(&hub.feeds, live_client, link) ? NULL : next;
}

live_client *live_feed_new(request_rec *r, apr_int64_t account, const char *session,
                           const tocsin_feed *source)
{
    live_client *client = live_client_make(r, account, session);
    live_feed *feed = apr_pcalloc(r->connection->pool, sizeof(*feed));
    unsigned taken_ms = 30000;

    /* the network in between may be gone without a word */
    setsockopt(client->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &taken_ms, sizeof(taken_ms));
    feed->fd = source->fd;
    feed->about = source->about;
    feed->refuse = source->refuse;
    answer_init(&feed->answer);
    client->feed = feed;
    return client;
}

/* ---------------------------------------------------------------- the two sockets */

static void *tagged(live_client *client)
{
    return (void *)((uintptr_t)client | 1);
}

live_client *live_feed_of(void *ptr)
{
    return (uintptr_t)ptr & 1 ? (live_client *)((uintptr_t)ptr - 1) : NULL;
}

static void watch_source(live_client *client)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = tagged(client)};

    epoll_ctl(epoll, EPOLL_CTL_ADD, client->feed->fd, &ev);
}

void live_feed_add(live_client *client)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = client};

    APR_RING_INSERT_TAIL(&hub.feeds, client, live_client, link);
    client->feed->heard_at = apr_time_now();
    if (hub.feeds_due == FEEDS_KNOWN) /* a change may have come since the worker looked */
        hub.feeds_due = FEEDS_NEW;
    epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &ev);
    watch_source(client);
}

/* A source whose client has no room is not looked at: not even its end is news then. */
static void set_full(live_client *client, int full)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | (full ? EPOLLOUT : 0),
                             .data.ptr = client};
    live_feed *feed = client->feed;

    epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &ev);
    feed->full = full;
    if (full) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, feed->fd, NULL);
        ioctl(client->fd, SIOCOUTQ, &feed->queued);
        feed->full_at = apr_time_now();
    }
    else {
        watch_source(client);
    }
}

static int has_room(const live_client *client)
{
    struct pollfd p = {.fd = client->fd, .events = POLLOUT};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLOUT);
}

void live_feed_close(live_client *client)
{
    close(client->feed->fd); /* leaves the epoll set, too */
    client->feed->fd = -1;
    buf_free(&client->feed->refusal);
}

/* ---------------------------------------------------------------- ends */

/* No head was sent: what the client gets is the problem, all of it at once. */
static void refuse(live_client *client, int status)
{
    live_feed *feed = client->feed;

    feed->refuse(client->r, status, feed->refusal.data, feed->refusal.len);
    if (ap_rflush(client->r) < 0 || client->c->aborted)
        client->dead = 1;
    live_leave(client);
}

static void bye(live_client *client, const char *reason)
{
    if (!client->feed->open)
        refuse(client, HTTP_SERVICE_UNAVAILABLE);
    else if (client->feed->event || !has_room(client))
        live_leave(client);
    else
        live_dismiss(client, reason);
}

void live_feed_end(live_client *client, const char *reason, int now)
{
    live_feed *feed = client->feed;

    if (now || !feed->open || !feed->event) {
        bye(client, reason);
    }
    else if (!feed->ending) {
        feed->ending = reason;
        feed->ending_at = apr_time_now();
    }
}

void live_feed_end_all(const char *reason, int now)
{
    live_client *client, *next;

    for (client = after(NULL); client; client = next) {
        next = after(client);
        live_feed_end(client, reason, now);
    }
}

/* ---------------------------------------------------------------- bytes */

static int begin(live_client *client)
{
    request_rec *r = client->r;

    client->feed->open = 1;
    live_head(r);
    ap_rprintf(r, "retry: %d\n\n", LIVE_RETRY_MS);
    if (ap_rflush(r) >= 0 && !client->c->aborted)
        return 1;
    live_drop(client);
    return 0;
}

/* How many of these bytes end an event: up to its empty line; all: up to the last one. */
static size_t whole_events(const live_feed *feed, const char *data, size_t len, int all)
{
    size_t end = 0;

    for (size_t i = 0; i < len; i++) {
        const char *nl = memchr(data + i, '\n', len - i);

        if (!nl)
            break;
        i = (size_t)(nl - data);
        if (i ? data[i - 1] == '\n' : feed->line_ended) {
            end = i + 1;
            if (!all)
                break;
        }
    }
    return end;
}

static void forward(live_client *client, const char *data, size_t len)
{
    live_feed *feed = client->feed;
    size_t end = whole_events(feed, data, len, !feed->ending);

    if (feed->ending && end)
        len = end;
    feed->event = end ? len - end : feed->event + len;
    feed->line_ended = data[len - 1] == '\n';
    live_count(live_events, 1);
    if (live_client_write(client, data, len) < 0) {
        live_count(live_dropped, 1);
        live_leave(client);
    }
    else if ((feed->ending && !feed->event) || feed->event > EVENT_MAX) {
        bye(client, feed->ending ? feed->ending : "source");
    }
}

/* What came is no stream. When all of it is there it is said in our own words. */
static void collect(live_client *client, size_t len, int over)
{
    live_feed *feed = client->feed;

    if (len > REFUSE_MAX - feed->refusal.len)
        len = REFUSE_MAX - feed->refusal.len;
    buf_add(&feed->refusal, piece, len);
    if (over || feed->refusal.len == REFUSE_MAX)
        refuse(client, feed->answer.status == HTTP_OK ? -1 : feed->answer.status);
}

static int is_stream(const struct answer *a)
{
    return a->status == HTTP_OK && !strcmp(a->type, "text/event-stream");
}

/* n bytes were read of the source, or it has ended. */
static void take(live_client *client, size_t n)
{
    live_feed *feed = client->feed;
    struct answer *a = &feed->answer;
    ssize_t len = n ? answer_take(a, piece, n) : 0;
    int over = n ? a->over : answer_close(a) || 1;

    feed->heard_at = apr_time_now();
    if (len < 0 || (over && !a->status)) {
        if (feed->open)
            bye(client, "source");
        else
            refuse(client, -1);
        return;
    }
    if (!a->status)
        return;
    if (!is_stream(a)) {
        collect(client, (size_t)len, over);
        return;
    }
    if (!feed->open && !begin(client))
        return;
    if (len > 0)
        forward(client, piece, (size_t)len);
    if (over && client->access)
        bye(client, "source");
}

static void source_ready(live_client *client)
{
    ssize_t n;

    if (!has_room(client)) {
        set_full(client, 1);
        return;
    }
    n = read(client->feed->fd, piece, sizeof(piece));
    if (n >= 0)
        take(client, (size_t)n);
    else if (errno != EAGAIN && errno != EINTR)
        take(client, 0);
}

void live_feed_ready(live_client *client, unsigned events, int source)
{
    if (source)
        source_ready(client);
    else if (events & ~(unsigned)EPOLLOUT)
        live_drop(client); /* a stream takes no input: bytes are as good as the end */
    else if (client->feed->full)
        set_full(client, 0);
}

/* ---------------------------------------------------------------- once a second */

/* Does a client whose socket is full take anything? */
static int takes(live_client *client, apr_time_t now)
{
    live_feed *feed = client->feed;
    int queued = feed->queued;

    ioctl(client->fd, SIOCOUTQ, &queued);
    if (queued < feed->queued)
        feed->full_at = now;
    feed->queued = queued;
    return now - feed->full_at <= TAKEN_WITHIN;
}

static void look(live_client *client, apr_time_t now)
{
    live_feed *feed = client->feed;

    if (feed->full && !takes(client, now)) {
        live_count(live_dropped, 1);
        live_drop(client);
    }
    else if (feed->ending && now - feed->ending_at > FINISH_WITHIN) {
        bye(client, feed->ending);
    }
    else if (!feed->open && now - client->since > OPEN_WITHIN) {
        refuse(client, 0);
    }
    else if (!feed->full && now - feed->heard_at > HEARD_WITHIN) {
        bye(client, "source");
    }
    else if (now - client->since > LIFE) {
        live_feed_end(client, "age", 0);
    }
}

void live_feed_tick(apr_time_t now)
{
    static apr_time_t looked_at;
    live_client *client, *next;

    if (now - looked_at < apr_time_from_sec(1) && now >= looked_at)
        return;
    looked_at = now;
    for (client = after(NULL); client; client = next) {
        next = after(client);
        look(client, now);
    }
}

/* ---------------------------------------------------------------- who may listen */

void live_feed_owners(buf *array)
{
    live_client *client;
    char number[24];

    for (client = after(NULL); client; client = after(client)) {
        apr_snprintf(number, sizeof(number), "%s%" APR_INT64_T_FMT, array->len > 1 ? "," : "",
                     client->account);
        buf_puts(array, number);
    }
}

int live_feed_question(int all, buf *accounts, buf *about)
{
    live_client *client;
    char number[24];
    int n = 0;

    buf_puts(accounts, "{");
    buf_puts(about, "{");
    for (client = after(NULL); client; client = after(client)) {
        live_feed *feed = client->feed;
        const char *comma = n ? "," : "";

        feed->question = all || !feed->asked ? ++n : 0;
        feed->asked = 1;
        if (!feed->question)
            continue;
        apr_snprintf(number, sizeof(number), "%s%" APR_INT64_T_FMT, comma, client->account);
        buf_puts(accounts, number);
        apr_snprintf(number, sizeof(number), "%s%" APR_INT64_T_FMT, comma, feed->about);
        buf_puts(about, number);
    }
    buf_puts(accounts, "}");
    buf_puts(about, "}");
    return n;
}

/* Numbers of those who may go on, ascending as the ring is. */
void live_feed_answer(const PGresult *rows)
{
    live_client *client, *next;
    int i = 0, n = PQntuples(rows);

    for (client = after(NULL); client; client = next) {
        int question = client->feed->question;

        next = after(client);
        if (!question)
            continue;
        while (i < n && atoi(PQgetvalue(rows, i, 0)) < question)
            i++;
        if (i >= n || atoi(PQgetvalue(rows, i, 0)) != question)
            live_feed_end(client, "access", 0);
    }
}

void live_feed_denied(void)
{
    live_client *client, *next;

    for (client = after(NULL); client; client = next) {
        next = after(client);
        if (client->access->state == ACCESS_DENIED)
            live_feed_end(client, "access", 0);
    }
}
