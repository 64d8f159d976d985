/*
 * verb_env: env files over HTTP.
 *
 * Who reads and writes them is the helper behind conf->env_socket. Where there is none (the
 * agent runs as who owns the files) the same is done here, in a thread of its own, since it
 * waits for the disk.
 */
#define _GNU_SOURCE
#include "call.h"
#include "env_service.h"
#include "log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX  (32 << 20)
#define WAIT_S      25
#define THREAD_SIZE (1 << 20)
#define ASKED_MAX   16 /* at once */

static int asked; /* calls under way */

struct ask {
    struct call *call;
    struct bufferevent *bev;
};

/* ---- in this process */

struct job {
    int fd;
    const struct conf *conf;
    json_t *request;
};

static void *serve_here(void *arg)
{
    struct job *job = arg;
    json_t *answer = env_serve(job->conf, job->request);
    char *text = json_dumps(answer, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0;

    for (size_t at = 0; at < n;) {
        ssize_t put = send(job->fd, text + at, n - at, MSG_NOSIGNAL);

        if (put <= 0 && errno != EINTR)
            break;
        at += put > 0 ? (size_t)put : 0;
    }
    close(job->fd);
    free(text);
    json_decref(answer);
    json_decref(job->request);
    free(job);
    return NULL;
}

/* The end to read the answer from, or -1. */
static int start_here(const struct conf *conf, const json_t *request)
{
    struct job *job = calloc(1, sizeof(*job));
    pthread_attr_t attr;
    pthread_t thread;
    int pair[2], r;

    if (!job || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        free(job);
        return -1;
    }
    *job = (struct job){pair[1], conf, json_deep_copy(request)};
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_SIZE);
    r = pthread_create(&thread, &attr, serve_here, job);
    pthread_attr_destroy(&attr);
    if (r == 0)
        return pair[0];
    close(pair[0]);
    close(pair[1]);
    json_decref(job->request);
    free(job);
    errno = r;
    return -1;
}

/* ---- by the helper */

/* A connection that the request is still to be written to; -1 and errno. */
static int connect_helper(const struct conf *conf)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

    strncpy(to.sun_path, conf->env_socket, sizeof(to.sun_path) - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    err = errno;
    close(fd);
    errno = err;
    return -1;
}

static void ask_end(struct ask *ask)
{
    bufferevent_free(ask->bev);
    free(ask);
    asked--;
}

static void answer(struct ask *ask)
{
    struct evbuffer *in = bufferevent_get_input(ask->bev);
    size_t n = evbuffer_get_length(in);
    json_t *all = json_loadb((const char *)evbuffer_pullup(in, -1), n, 0, NULL), *body;
    const char *etag = json_string_value(json_object_get(all, "etag"));
    int status = (int)json_integer_value(json_object_get(all, "status"));

    if (!(body = json_object_get(all, "body")) || status < 200 || status > 599) {
        log_error("no answer about env files: is tocsin-env.socket in order?");
        call_error(ask->call, 500, "the helper for env files gave no answer");
    }
    else {
        if (etag)
            call_etag(ask->call, etag);
        call_reply(ask->call, status, json_incref(body));
    }
    json_decref(all);
    ask_end(ask);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct ask *ask = arg;

    if (evbuffer_get_length(bufferevent_get_input(bev)) <= ANSWER_MAX)
        return;
    call_error(ask->call, 500, "the answer is too long");
    ask_end(ask);
}

static void on_event(struct bufferevent *, short what, void *arg)
{
    struct ask *ask = arg;

    if (what & BEV_EVENT_TIMEOUT) {
        call_error(ask->call, 503, "the helper for env files takes too long");
        ask_end(ask);
    }
    else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        answer(ask);
    }
}

static void send_request(struct ask *ask, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);

    bufferevent_write(ask->bev, text, strlen(text));
    bufferevent_write(ask->bev, "\n", 1);
    free(text);
}

/* Takes the reference of request. */
static void ask_for(struct call *c, json_t *request)
{
    static const struct timeval wait = {WAIT_S, 0};
    const struct conf *conf = c->agent->conf;
    struct ask *ask = calloc(1, sizeof(*ask));
    int fd = asked < ASKED_MAX ? connect_helper(conf) : -1;
    bool here = fd < 0 && errno == ENOENT && asked < ASKED_MAX;

    if (here)
        fd = start_here(conf, request);
    if (!ask || fd < 0) {
        if (asked < ASKED_MAX)
            log_error("cannot reach '%s': %s", conf->env_socket, strerror(errno));
        call_error(c, 503, "%s",
                   asked < ASKED_MAX ? "the helper for env files cannot be reached"
                                     : "too many calls about env files at once");
        free(ask);
        json_decref(request);
        return;
    }
    evutil_make_socket_nonblocking(fd);
    ask->call = c;
    ask->bev = bufferevent_socket_new(c->agent->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(ask->bev, on_read, NULL, on_event, ask);
    bufferevent_set_timeouts(ask->bev, &wait, &wait);
    if (!here)
        send_request(ask, request);
    bufferevent_enable(ask->bev, EV_READ | EV_WRITE);
    json_decref(request);
    asked++;
}

/* ---- routes */

static json_t *request_of(struct call *c, const char *op)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s*,s:s*}", "op", op, "app", c->app->id, "file",
                     c->word[0], "stamp", c->word[1], "if_match", call_header(c, "If-Match"),
                     "reveal", call_query(c, "reveal"));
}

static void get_list(struct call *c)
{
    ask_for(c, request_of(c, "list"));
}

static void get_file(struct call *c)
{
    ask_for(c, request_of(c, "read"));
}

static void put_file(struct call *c)
{
    json_t *request = request_of(c, "write");

    json_object_set(request, "body", c->body);
    ask_for(c, request);
}

static void get_backups(struct call *c)
{
    ask_for(c, request_of(c, "backups"));
}

static void get_backup(struct call *c)
{
    ask_for(c, request_of(c, "backup"));
}

static void post_restore(struct call *c)
{
    json_t *request = request_of(c, "restore");
    const char *dry_run = call_query(c, "dry_run");

    json_object_set_new(request, "dry_run", json_boolean(dry_run && !strcmp(dry_run, "1")));
    ask_for(c, request);
}

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/apps/{app}/env", get_list, 0},
    {EVHTTP_REQ_GET, "/v1/apps/{app}/env/{word}", get_file, 0},
    {EVHTTP_REQ_PUT, "/v1/apps/{app}/env/{word}", put_file, ROUTE_BODY},
    {EVHTTP_REQ_GET, "/v1/apps/{app}/env/{word}/backups", get_backups, 0},
    {EVHTTP_REQ_GET, "/v1/apps/{app}/env/{word}/backups/{word}", get_backup, 0},
    {EVHTTP_REQ_POST, "/v1/apps/{app}/env/{word}/backups/{word}/restore", post_restore, 0},
    {0, NULL, NULL, 0},
};

static bool busy(const struct agent *)
{
    return asked > 0;
}

const struct part env_part = {.routes = routes, .busy = busy};
