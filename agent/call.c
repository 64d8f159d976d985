#include "call.h"
#include "log.h"
#include "server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* While a call waits for its answer nothing is read from its connection but so much. */
#define AHEAD_MAX     16384
#define WRITE_SECONDS 20
#define IDLE_SECONDS  75
/* With less room for connections than this none is kept for a next request, */
#define ROOM_TO_KEEP 32
/* and with less than this nobody gets a stream: polls and actions always find room. */
#define ROOM_FOR_CALLS 8

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {202, "Accepted"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

static const char *reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

/* ---- what came */

const char *call_query(const struct call *c, const char *name)
{
    return evhttp_find_header(&c->query, name);
}

int call_number(struct call *c, const char *name, long min, long max, long normal, long *out)
{
    const char *s = call_query(c, name);
    char *end;

    *out = normal;
    if (!s)
        return 0;
    errno = 0;
    *out = strtol(s, &end, 10);
    if (!errno && end != s && !*end && *s != ' ' && *out >= min && *out <= max)
        return 0;
    call_error_at(c, 400, name, 0, "'%s' must be a whole number from %ld to %ld", name, min,
                  max);
    return -1;
}

const char *call_header(const struct call *c, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(c->req), name);
}

int call_if_match(const struct call *c, const char *etag)
{
    const char *s = call_header(c, "If-Match");
    size_t n = strlen(etag);

    if (!s)
        return -1;
    if (!strcmp(s, "*"))
        return 1;
    if (*s == '"')
        return !strncmp(s + 1, etag, n) && s[1 + n] == '"' && !s[2 + n];
    return !strcmp(s, etag);
}

/* ---- the answer */

void call_free(struct call *c)
{
    struct evhttp_connection *conn = evhttp_request_get_connection(c->req);

    if (conn)
        evhttp_connection_set_closecb(conn, NULL, NULL);
    evhttp_clear_headers(&c->query);
    json_decref(c->body);
    free(c);
}

static void gone(struct evhttp_connection *conn, void *arg)
{
    struct call *c = arg;

    evhttp_connection_set_closecb(conn, NULL, NULL);
    if (c->gone)
        c->gone(c->gone_arg);
}

void call_on_gone(struct call *c, void (*fn)(void *), void *arg)
{
    c->gone = fn;
    c->gone_arg = arg;
}

/* The connection reads again, for the next request. */
static void listen_again(struct evhttp_request *req)
{
    static const struct timeval idle = {IDLE_SECONDS, 0};
    struct evhttp_connection *conn = evhttp_request_get_connection(req);
    struct bufferevent *bev = conn ? evhttp_connection_get_bufferevent(conn) : NULL;

    if (!bev)
        return;
    bufferevent_setwatermark(bev, EV_READ, 0, 0);
    bufferevent_set_timeouts(bev, &idle, &idle);
}

void call_etag(struct call *c, const char *etag)
{
    char value[ROUTE_WORD_MAX + 3];

    snprintf(value, sizeof(value), "\"%s\"", etag);
    evhttp_add_header(evhttp_request_get_output_headers(c->req), "ETag", value);
}

static int room(const struct call *c)
{
    return c->agent->server ? server_room(c->agent->server) : SERVER_CONNECTIONS_MAX;
}

void call_reply_text(struct call *c, int status, const char *json, size_t len)
{
    struct evhttp_request *req = c->req;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *out = evbuffer_new();

    evhttp_add_header(headers, "Content-Type", "application/json");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    if (room(c) < ROOM_TO_KEEP)
        evhttp_add_header(headers, "Connection", "close");
    if (out)
        evbuffer_add(out, json, len);
    call_free(c);
    listen_again(req);
    evhttp_send_reply(req, status, reason(status), out);
    if (out)
        evbuffer_free(out);
}

void call_reply(struct call *c, int status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    call_reply_text(c, status, text ? text : "", text ? strlen(text) : 0);
    free(text);
}

static void error_reply(struct call *c, int status, const char *field, int line,
                        const char *words)
{
    json_t *body = json_pack("{s:s}", "error", words);

    if (!body) /* words that are no UTF-8 */
        body = json_pack("{s:s}", "error", reason(status));
    if (field)
        json_object_set_new(body, "field", json_string(field));
    if (line > 0)
        json_object_set_new(body, "line", json_integer(line));
    call_reply(c, status, body);
}

void call_error(struct call *c, int status, const char *fmt, ...)
{
    char words[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    error_reply(c, status, NULL, 0, words);
}

void call_error_at(struct call *c, int status, const char *field, int line, const char *fmt,
                   ...)
{
    char words[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    error_reply(c, status, field, line, words);
}

/* ---- from the request to the handler */

/* A pending call is left alone by what else its client sends, and has no deadline but the
 * handler's; that the client left is still seen. */
static void hold_reading(struct evhttp_request *req, struct call *c)
{
    static const struct timeval slow = {WRITE_SECONDS, 0};
    struct evhttp_connection *conn = evhttp_request_get_connection(req);
    struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
    bufferevent_data_cb read_cb, write_cb;
    bufferevent_event_cb event_cb;
    void *arg;

    bufferevent_getcb(bev, &read_cb, &write_cb, &event_cb, &arg);
    bufferevent_setcb(bev, NULL, write_cb, event_cb, arg);
    bufferevent_setwatermark(bev, EV_READ, 0, AHEAD_MAX);
    bufferevent_set_timeouts(bev, NULL, &slow);
    bufferevent_enable(bev, EV_READ); /* evhttp stopped it, and would not see the end */
    evhttp_connection_set_closecb(conn, gone, c);
}

static bool is_json(const struct call *c)
{
    const char *type = call_header(c, "Content-Type");

    return type && !strncasecmp(type, "application/json", 16) &&
           (!type[16] || type[16] == ';' || type[16] == ' ');
}

/* 0, or -1 when the call is answered. */
static int read_body(struct call *c)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(c->req);
    size_t n = evbuffer_get_length(in);
    json_error_t e;

    if (n == 0) {
        call_error(c, 400, "a JSON object is needed");
        return -1;
    }
    if (!is_json(c)) {
        call_error(c, 415, "the body must be application/json");
        return -1;
    }
    c->body = json_loadb((const char *)evbuffer_pullup(in, -1), n, JSON_REJECT_DUPLICATES, &e);
    if (!c->body) {
        call_error_at(c, 400, NULL, e.line, "malformed JSON at line %d, column %d", e.line,
                      e.column);
        return -1;
    }
    if (!json_is_object(c->body)) {
        call_error(c, 400, "a JSON object is needed");
        return -1;
    }
    return 0;
}

static void route(struct call *c, struct route_match *m, unsigned method, const char *path)
{
    char allow[64];

    route_find(m, method, path);
    if (!m->route && m->allowed) {
        evhttp_add_header(evhttp_request_get_output_headers(c->req), "Allow",
                          route_allow(m->allowed, allow));
        call_error(c, 405, "this path knows %s only", allow);
        return;
    }
    if (!m->route) {
        call_error(c, 404, "no such path");
        return;
    }
    if (m->app[0] && !(c->app = conf_app(c->agent->conf, m->app))) {
        call_error(c, 404, "no such app on this host's list");
        return;
    }
    memcpy(c->word, m->word, sizeof(c->word));
    c->route = m->route;
    if (m->route->kind == ROUTE_STREAM && room(c) < ROOM_FOR_CALLS) {
        call_error(c, 503, "too many streams are open");
        return;
    }
    if (m->route->kind == ROUTE_BODY && read_body(c))
        return;
    m->route->handle(c);
}

void call_take(struct agent *agent, struct evhttp_request *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
    struct call *c = calloc(1, sizeof(*c));
    struct route_match m;

    if (!c) {
        evhttp_send_error(req, 503, NULL);
        return;
    }
    c->agent = agent;
    c->req = req;
    TAILQ_INIT(&c->query);
    hold_reading(req, c);
    if (query && evhttp_parse_query_str(query, &c->query)) {
        call_error(c, 400, "malformed query");
        return;
    }
    route(c, &m, evhttp_request_get_command(req), path ? path : "");
}
