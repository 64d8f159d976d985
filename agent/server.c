#define _GNU_SOURCE
#include "server.h"
#include "call.h"
#include "log.h"
#include "tls.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#define BACKLOG           64
#define HANDSHAKE_SECONDS 10 /* to be someone */
#define HANDSHAKES_MAX    32 /* at once; the oldest makes room */
#define IDLE_SECONDS      75 /* between requests; longer than the control plane's poll */
#define HEADER_MAX        16384
#define BODY_MAX          (1 << 20)
#define UNANSWERED_MS     20000 /* TCP_USER_TIMEOUT */

/* A connection from accept to close. It lives as long as its SSL. */
struct peer {
    LIST_ENTRY(peer) next; /* while it shakes hands, newest first */
    SSL *ssl;
    struct event *deadline;
    struct server *server;
    bool known; /* the handshake is done: it is the control plane */
};

struct server {
    struct agent *agent;
    SSL_CTX *ctx;
    struct evhttp *http;
    struct evconnlistener *listener;
    int peers, strangers;
    LIST_HEAD(, peer) shaking;
};

static int peer_slot = -1;

/* evhttp then sees the end of the stream and frees all that belongs to it. */
static void hang_up(evutil_socket_t, short, void *arg)
{
    struct peer *p = arg;

    if (SSL_get_fd(p->ssl) >= 0)
        shutdown(SSL_get_fd(p->ssl), SHUT_RDWR);
}

static void no_stranger(struct peer *p)
{
    if (p->known)
        return;
    p->known = true;
    LIST_REMOVE(p, next);
    event_free(p->deadline);
    p->server->strangers--;
}

static void on_info(const SSL *ssl, int where, int)
{
    struct peer *p = SSL_get_ex_data(ssl, peer_slot);

    if (p && (where & SSL_CB_HANDSHAKE_DONE))
        no_stranger(p);
}

static void peer_free(void *, void *ptr, CRYPTO_EX_DATA *, int, long, void *)
{
    struct peer *p = ptr;

    if (!p)
        return;
    no_stranger(p);
    if (p->server->peers-- == SERVER_CONNECTIONS_MAX && p->server->listener)
        evconnlistener_enable(p->server->listener);
    free(p);
}

/* Whoever holds connections without a handshake loses the oldest of them first: the control
 * plane always finds room. */
static void make_room(struct server *s)
{
    struct peer *p, *oldest = NULL;

    LIST_FOREACH(p, &s->shaking, next)
    oldest = p;
    if (s->strangers >= HANDSHAKES_MAX && oldest)
        hang_up(-1, 0, oldest);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
    static const struct timeval deadline = {HANDSHAKE_SECONDS, 0};
    struct server *s = arg;
    struct peer *p = calloc(1, sizeof(*p));
    SSL *ssl = p ? SSL_new(s->ctx) : NULL;
    struct bufferevent *bev;

    if (!ssl) {
        free(p);
        return NULL;
    }
    make_room(s);
    p->ssl = ssl;
    p->server = s;
    p->deadline = evtimer_new(base, hang_up, p);
    event_add(p->deadline, &deadline);
    LIST_INSERT_HEAD(&s->shaking, p, next);
    s->strangers++;
    if (++s->peers == SERVER_CONNECTIONS_MAX)
        evconnlistener_disable(s->listener);
    SSL_set_ex_data(ssl, peer_slot, p);
    bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                         BEV_OPT_CLOSE_ON_FREE);
    if (!bev)
        SSL_free(ssl);
    else
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

static void on_request(struct evhttp_request *req, void *arg)
{
    call_take(arg, req);
}

struct evhttp *server_http(struct agent *agent)
{
    struct evhttp *http = evhttp_new(agent->base);

    if (!http)
        return NULL;
    evhttp_set_max_headers_size(http, HEADER_MAX);
    evhttp_set_max_body_size(http, BODY_MAX);
    evhttp_set_timeout(http, IDLE_SECONDS);
    /* all of them come to us: what a path does not know is 405, with Allow */
    evhttp_set_allowed_methods(http, 0xffff);
    evhttp_set_gencb(http, on_request, agent);
    return http;
}

/* An own socket: evhttp's way to bind asks the resolver, which a static glibc has not. */
static int listen_on(const struct addr *a)
{
    static const int on = 1, unanswered = UNANSWERED_MS;
    int fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
    /* the address may come up after us: a VPN's */
    setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
    if (a->at.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&a->at, a->len) || listen(fd, BACKLOG)) {
        int e = errno;

        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static int say_where(int fd)
{
    struct addr a = {.len = sizeof(a.at)};
    char text[ADDR_TEXT];

    if (getsockname(fd, (struct sockaddr *)&a.at, &a.len))
        return -1;
    log_info("listening on %s", addr_text(&a, text));
    return 0;
}

struct server *server_start(struct agent *agent)
{
    struct server *s = calloc(1, sizeof(*s));
    struct evhttp_bound_socket *bound;
    char text[ADDR_TEXT];
    int fd;

    if (!s || !(s->ctx = tls_new(agent->conf, &agent->cert_not_after))) {
        free(s);
        return NULL;
    }
    s->agent = agent;
    LIST_INIT(&s->shaking);
    if (peer_slot < 0)
        peer_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, peer_free);
    SSL_CTX_set_info_callback(s->ctx, on_info);
    s->http = server_http(agent);
    evhttp_set_bevcb(s->http, on_connection, s);
    if ((fd = listen_on(&agent->conf->address)) < 0) {
        log_error("cannot listen on %s: %s", addr_text(&agent->conf->address, text),
                  strerror(errno));
        server_free(s);
        return NULL;
    }
    if (!(bound = evhttp_accept_socket_with_handle(s->http, fd)) || say_where(fd)) {
        server_free(s);
        return NULL;
    }
    s->listener = evhttp_bound_socket_get_listener(bound);
    return s;
}

int server_room(const struct server *s)
{
    return SERVER_CONNECTIONS_MAX - s->peers;
}

void server_close(struct server *s)
{
    if (s->listener)
        evconnlistener_disable(s->listener);
}

void server_free(struct server *s)
{
    s->listener = NULL;
    evhttp_free(s->http);
    SSL_CTX_free(s->ctx);
    free(s);
}
