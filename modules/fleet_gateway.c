/*
 * fleet_gateway: asks tocsind's gateway, which alone speaks with agents, over its socket.
 *
 * A host that hangs must not take the site with it: at most half of a child's threads are
 * ever here, and five with one host; the next one waits for a second and is then told to
 * come again. What comes back is bounded in time and size and has to be a JSON object.
 */
#include "fleet.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <errno.h>
#include <fcntl.h>
#include <http_log.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "answer.h"
#include "buf.h"

APLOG_USE_MODULE(tocsin_fleet);

#define PER_HOST 5
#define BUSY_MAX 64
#define WAIT_FOR apr_time_from_sec(1) /* for another one of the same host */
#define SAY_EACH apr_time_from_sec(10)
#define PIECE    16384
#define VALUES_MAX                                                                            \
    500000            /* in an answer: each takes a hundred times the memory of its comma */
#define WORDS_MAX 500 /* bytes of what an agent says for people */

static const char *path;

/* Who is being asked: hosts, in no order. */
static struct {
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *freed;
    int n, most, waiting;
    apr_int64_t host[BUSY_MAX];
} busy;

void gateway_config(const char *socket_path)
{
    path = socket_path;
}

void gateway_child_init(apr_pool_t *p)
{
    int threads = 2;

    memset(&busy, 0, sizeof(busy));
    apr_thread_mutex_create(&busy.lock, APR_THREAD_MUTEX_DEFAULT, p);
    apr_thread_cond_create(&busy.freed, p);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    busy.most = threads < 4 ? 2 : threads / 2 < BUSY_MAX ? threads / 2 : BUSY_MAX;
}

/* ---------------------------------------------------------------- few at once */

static int count_of(apr_int64_t host)
{
    int n = 0;

    for (int i = 0; i < busy.n; i++)
        n += busy.host[i] == host;
    return n;
}

static int enter(apr_int64_t host)
{
    apr_time_t until = apr_time_now() + WAIT_FOR, now;
    int ok;

    apr_thread_mutex_lock(busy.lock);
    busy.waiting++;
    while (busy.n + busy.waiting <= busy.most && count_of(host) >= PER_HOST &&
           (now = apr_time_now()) < until)
        apr_thread_cond_timedwait(busy.freed, busy.lock, until - now);
    busy.waiting--;
    ok = busy.n < busy.most && count_of(host) < PER_HOST;
    if (ok)
        busy.host[busy.n++] = host;
    apr_thread_mutex_unlock(busy.lock);
    return ok;
}

static void leave(apr_int64_t host)
{
    int i = 0;

    apr_thread_mutex_lock(busy.lock);
    while (busy.host[i] != host)
        i++;
    busy.host[i] = busy.host[--busy.n];
    apr_thread_cond_broadcast(busy.freed);
    apr_thread_mutex_unlock(busy.lock);
}

/* ---------------------------------------------------------------- problems */

static int problem(request_rec *r, int status, const char *type, const char *detail,
                   json_t *errors)
{
    core.problem(r, status, type, detail, errors);
    return status;
}

static int come_again(request_rec *r, const char *seconds, const char *type,
                      const char *detail)
{
    apr_table_setn(r->err_headers_out, "Retry-After", seconds);
    return problem(r, HTTP_SERVICE_UNAVAILABLE, type, detail, NULL);
}

/* What an agent says for people, without what a terminal or a page would act on. */
static const char *words(apr_pool_t *p, const json_t *said)
{
    const char *text = json_string_value(said);
    char *copy = text ? apr_pstrndup(p, text, WORDS_MAX) : NULL;
    size_t n = copy ? strlen(copy) : 0;

    while (n && ((unsigned char)copy[n - 1] & 0xc0) == 0x80) /* not in half of a character */
        n--;
    if (n && (unsigned char)copy[n - 1] >= 0xc0)
        n--;
    if (copy && text[n] && strlen(text) > WORDS_MAX)
        copy[n] = '\0';
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return copy && *copy ? copy : NULL;
}

/* {"error","field","line"} as {field: error, "line": "7"}. */
static json_t *errors_of(apr_pool_t *p, const json_t *said, const char *error)
{
    const char *field = words(p, json_object_get(said, "field"));
    const json_t *line = json_object_get(said, "line");
    json_t *errors;

    if (!error || (!field && !json_is_integer(line)))
        return NULL;
    errors = json_pack("{s:s}", field ? field : "text", error);
    if (errors && json_is_integer(line))
        json_object_set_new(errors, "line",
                            json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(line)));
    return errors;
}

static int passes(int status)
{
    static const int all[] = {
        HTTP_BAD_REQUEST,
        HTTP_NOT_FOUND,
        HTTP_CONFLICT,
        HTTP_GONE,
        HTTP_PRECONDITION_FAILED,
        HTTP_REQUEST_ENTITY_TOO_LARGE,
        HTTP_UNSUPPORTED_MEDIA_TYPE,
        HTTP_UNPROCESSABLE_ENTITY,
        HTTP_LOCKED,
        HTTP_TOO_MANY_REQUESTS,
    };

    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (all[i] == status)
            return 1;
    return 0;
}

int gateway_refuse(request_rec *r, int status, const char *body, apr_size_t len)
{
    json_t *said = len ? json_loadb(body, len, 0, NULL) : NULL;
    const char *error = words(r->pool, json_object_get(said, "error"));
    json_t *errors = errors_of(r->pool, said, error);

    json_decref(said);
    if (status > 0)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "the agent answers %d: %s", status,
                      error ? error : "");
    if (passes(status))
        return problem(r, status, NULL, error, errors);
    json_decref(errors);
    if (status == HTTP_SERVICE_UNAVAILABLE)
        return come_again(r, "2", "agent-busy",
                          error ? error : "too much is asked of this host; see Retry-After");
    if (status == 0 || status == HTTP_GATEWAY_TIME_OUT)
        return problem(r, HTTP_GATEWAY_TIME_OUT, "agent-timeout",
                       error ? error : "the agent did not answer in time", NULL);
    if (status < 0)
        return problem(r, HTTP_BAD_GATEWAY, "agent", "the agent's answer makes no sense",
                       NULL);
    return problem(r, HTTP_BAD_GATEWAY, "agent", error ? error : "the agent could not do this",
                   NULL);
}

/* The same for a question. */
static int refuse(request_rec *r, const gateway_question *ask, int status, const buf *body)
{
    if (ask->refused && body)
        return ask->refused(r, status, body->data, body->len);
    return ask->quiet
               ? HTTP_BAD_GATEWAY
               : gateway_refuse(r, status, body ? body->data : NULL, body ? body->len : 0);
}

/* ---------------------------------------------------------------- the socket */

/* Connected, or -1. The listener's queue may be full for a moment: SO_SNDTIMEO bounds it. */
static int dial(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 2};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    apr_cpystrn(to.sun_path, path, sizeof(to.sun_path));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        int e = errno;

        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static int ready(int fd, short events, apr_time_t until)
{
    struct pollfd p = {.fd = fd, .events = events};
    apr_time_t left = until - apr_time_now();

    return left > 0 && poll(&p, 1, (int)apr_time_as_msec(left) + 1) > 0;
}

/* -1: not in time, or the other side is gone. */
static int write_all(int fd, const char *data, apr_size_t len, apr_time_t until)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        if (n < 0 && !ready(fd, POLLOUT, until))
            return -1;
        data += n > 0 ? n : 0;
        len -= n > 0 ? (apr_size_t)n : 0;
    }
    return 0;
}

static const char *head_of(request_rec *r, const gateway_question *ask)
{
    apr_pool_t *p = r->pool;
    apr_size_t len = ask->body ? strlen(ask->body) : 0;

    return apr_pstrcat(
        p, ask->method ? ask->method : "GET", " ",
        ask->host ? apr_psprintf(p, "/hosts/%" APR_INT64_T_FMT, ask->host) : "", ask->path,
        " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nX-Request-Id: ",
        core.request_id(r), "\r\nX-Forwarded-For: ", r->useragent_ip, "\r\n",
        ask->body ? apr_psprintf(p,
                                 "Content-Type: application/json\r\n"
                                 "Content-Length: %" APR_SIZE_T_FMT "\r\n",
                                 len)
                  : "",
        ask->if_match ? apr_pstrcat(p, "If-Match: ", ask->if_match, "\r\n", NULL) : "",
        ask->last_event ? apr_pstrcat(p, "Last-Event-ID: ", ask->last_event, "\r\n", NULL)
                        : "",
        "\r\n", NULL);
}

static void away(request_rec *r, const gateway_question *ask)
{
    static apr_time_t said; /* pages ask each few seconds */
    apr_time_t before = __atomic_load_n(&said, __ATOMIC_RELAXED);

    if (r->request_time - before > SAY_EACH &&
        __atomic_compare_exchange_n(&said, &before, r->request_time, 0, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED))
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, errno, r, "no gateway at %s", path);
    if (!ask->quiet)
        come_again(r, "5", "gateway", "the gateway to the agents is away; see Retry-After");
}

/* Connect and ask; -1 when the problem has been sent. */
static int start(request_rec *r, const gateway_question *ask, apr_time_t until)
{
    const char *head;
    int fd;

    if (!path) {
        come_again(r, "60", "gateway", "TocsinFleetSocket is not set: no agent can be asked");
        return -1;
    }
    if ((fd = dial()) < 0) {
        away(r, ask);
        return -1;
    }
    head = head_of(r, ask);
    if (write_all(fd, head, strlen(head), until) < 0 ||
        (ask->body && write_all(fd, ask->body, strlen(ask->body), until) < 0)) {
        /* it may have answered before it had read all */
        if (errno != EPIPE && errno != ECONNRESET) {
            close(fd);
            refuse(r, ask, 0, NULL);
            return -1;
        }
    }
    return fd;
}

int gateway_open(request_rec *r, const gateway_question *ask)
{
    return start(r, ask, apr_time_now() + apr_time_from_sec(1));
}

/* ---------------------------------------------------------------- the answer */

/* 1: all of it is there; 0: not in time; -1: it is none. */
static int read_answer(int fd, struct answer *a, buf *body, apr_time_t until)
{
    answer_init(a);
    while (!a->over) {
        char *room = buf_room(body, PIECE);
        ssize_t n = read(fd, room, PIECE), len;

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!ready(fd, POLLIN, until))
                return 0;
            continue;
        }
        if (n <= 0)
            return answer_close(a) ? 1 : -1;
        len = answer_take(a, room, (size_t)n);
        if (len < 0 || body->len + (size_t)len > GATEWAY_MOST)
            return -1;
        body->len += (size_t)len;
        if (apr_time_now() > until) /* however it drips */
            return 0;
    }
    return 1;
}

static apr_status_t text_free(void *text)
{
    buf_free(text);
    return APR_SUCCESS;
}

static apr_status_t json_free(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

/* Commas, colons and the like outside of strings. */
static int few_values(const char *text, apr_size_t len)
{
    int n = 0, in_string = 0;

    for (apr_size_t i = 0; i < len && n <= VALUES_MAX; i++) {
        if (text[i] == '"')
            in_string = !in_string;
        else if (in_string)
            i += text[i] == '\\';
        else
            n += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
    }
    return n <= VALUES_MAX;
}

static int take(request_rec *r, const gateway_question *ask, int fd, apr_time_t until,
                gateway_answer *out)
{
    apr_pool_t *p = ask->pool ? ask->pool : r->pool;
    buf *body = apr_pcalloc(p, sizeof(*body));
    struct answer a;
    int came;

    apr_pool_cleanup_register(p, body, text_free, apr_pool_cleanup_null);
    came = read_answer(fd, &a, body, until);
    if (came < 1)
        return refuse(r, ask, came, NULL);
    if (a.status / 100 != 2)
        return refuse(r, ask, a.status, body);
    out->etag = apr_pstrdup(p, a.etag);
    out->text = buf_end(body);
    out->len = body->len;
    out->json =
        few_values(out->text, out->len) ? json_loadb(out->text, out->len, 0, NULL) : NULL;
    if (out->json)
        apr_pool_cleanup_register(p, out->json, json_free, apr_pool_cleanup_null);
    return (ask->list ? json_is_array(out->json) : json_is_object(out->json))
               ? OK
               : refuse(r, ask, -1, NULL);
}

int gateway_ask(request_rec *r, const gateway_question *ask, gateway_answer *out)
{
    apr_time_t until = apr_time_now() + GATEWAY_WITHIN;
    int fd, status;

    if (core.demo(r))
        return demo_ask(r, ask, out);
    if (!enter(ask->host))
        return refuse(r, ask, HTTP_SERVICE_UNAVAILABLE, NULL);
    fd = start(r, ask, until);
    status = fd < 0 ? HTTP_SERVICE_UNAVAILABLE : take(r, ask, fd, until, out);
    if (fd >= 0)
        close(fd);
    leave(ask->host);
    return status;
}
