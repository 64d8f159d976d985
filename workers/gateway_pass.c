#include "gateway_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http_struct.h>

#define CONNECT_MS  2000
#define ANSWER_MS   10000
#define ACTION_MS   70000
#define ANSWER_MOST (8 * 1024 * 1024)
#define ERROR_MOST  (64 * 1024) /* of an answer where a stream was asked for */
#define PATH_MOST   4096
#define HELD_MOST   (1024 * 1024) /* of a stream, for a reader who is slow */
#define UNREAD_MS   20000         /* and then he is dropped */
#define SILENT_MS   45000         /* an agent says something each 15 s */

struct pass {
    struct pass *next, **at;
    struct gateway *g;
    struct evhttp_request *req; /* NULL: who asked is gone */
    struct evhttp_connection *from;
    struct agent_call *call;
    long long host;
    bool stream;         /* was asked for */
    bool begun;          /* its head is out */
    bool paused, resume; /* the agent waits for the reader; he has read all */
    size_t held;         /* at the last look */
    int64_t read_ms, heard_ms;
    char *error; /* an answer that is no stream, as it comes */
    size_t error_len;
};

/* ---------------------------------------------------------------- the list of them */

static struct places *places(struct pass *p)
{
    struct agent_host *host = agent_hosts_find(p->g->hosts, p->host);

    return host ? host->data : NULL;
}

static void count(struct pass *p, int by)
{
    struct places *at = places(p);

    *(p->stream ? &p->g->streams : &p->g->asks) += by;
    if (at)
        *(p->stream ? &at->streams : &at->asks) += by;
}

static void end(struct pass *p)
{
    struct gateway *g = p->g;

    if (p->call)
        agent_link_cancel(p->call);
    if (p->from)
        evhttp_connection_set_closecb(p->from, NULL, NULL);
    if ((*p->at = p->next))
        p->next->at = p->at;
    count(p, -1);
    free(p->error);
    free(p);
    gateway_left(g);
}

/* Who asked hangs up: libevent keeps a request that has no answer yet, and it is ours. */
static void on_close(struct evhttp_connection *, void *arg)
{
    struct pass *p = arg;

    if (!evhttp_request_get_connection(p->req))
        evhttp_request_free(p->req);
    p->req = NULL;
    p->from = NULL;
    end(p);
}

/* ---------------------------------------------------------------- answers */

/* What an agent may answer with; another number is not passed on. */
static bool known(int status)
{
    static const int all[] = {200, 202, 204, 400, 404, 405, 409, 410, 411,
                              412, 413, 415, 422, 423, 429, 500, 503};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] == status)
            return true;
    return false;
}

static bool is_type(const char *type, const char *wanted)
{
    size_t n = strlen(wanted);

    return !strncasecmp(type, wanted, n) && (!type[n] || type[n] == ';' || type[n] == ' ');
}

static void away(struct pass *p, int status, const char *why)
{
    struct evhttp_request *req = p->req;

    end(p);
    gateway_error(req, status, why);
}

static void answer(struct pass *p, const struct agent_answer *a, const char *body, size_t len)
{
    struct evhttp_request *req = p->req;
    char *mine = p->error; /* body may be in it */

    if (!known(a->status) || (len > 0 && !is_type(a->type, "application/json"))) {
        away(p, 502, "the agent's answer is none that agents give");
        return;
    }
    if (a->etag[0])
        evhttp_add_header(evhttp_request_get_output_headers(req), "ETag", a->etag);
    p->error = NULL;
    end(p);
    gateway_reply(req, a->status, "application/json", body, len);
    free(mine);
}

/* ---------------------------------------------------------------- streams */

static struct evbuffer *unread(struct pass *p)
{
    return bufferevent_get_output(evhttp_connection_get_bufferevent(p->from));
}

static void on_drained(struct evhttp_connection *, void *arg)
{
    struct pass *p = arg;

    p->read_ms = mono_ms();
    if (p->paused) {
        p->paused = false;
        if (p->call)
            agent_link_resume(p->call);
    }
}

static void begin(struct pass *p)
{
    struct evkeyvalq *head = evhttp_request_get_output_headers(p->req);

    p->begun = true;
    /* silence is no fault here, and who does not read is looked for by ourselves */
    bufferevent_set_timeouts(evhttp_connection_get_bufferevent(p->from), NULL, NULL);
    evhttp_add_header(head, "Content-Type", "text/event-stream");
    evhttp_add_header(head, "Cache-Control", "no-store");
    evhttp_add_header(head, "Connection", "close");
    evhttp_send_reply_start(p->req, 200, NULL);
}

static enum agent_take collect(struct pass *p, const char *bytes, size_t n)
{
    char *more;

    if (p->error_len + n > ERROR_MOST || !(more = realloc(p->error, p->error_len + n)))
        return AGENT_STOP;
    p->error = more;
    memcpy(more + p->error_len, bytes, n);
    p->error_len += n;
    return AGENT_TAKEN;
}

static enum agent_take on_data(void *arg, const struct agent_answer *head, const char *bytes,
                               size_t n)
{
    struct pass *p = arg;
    struct evbuffer *chunk;

    p->heard_ms = mono_ms();
    if (head->status != 200 || !is_type(head->type, "text/event-stream"))
        return collect(p, bytes, n);
    if (!p->begun)
        begin(p);
    if (evbuffer_get_length(unread(p)) > HELD_MOST) {
        if (!p->paused)
            p->read_ms = p->heard_ms;
        p->paused = true;
        return AGENT_PAUSE;
    }
    if (!(chunk = evbuffer_new()) || evbuffer_add(chunk, bytes, n))
        abort();
    evhttp_send_reply_chunk_with_cb(p->req, chunk, on_drained, p);
    evbuffer_free(chunk);
    return AGENT_TAKEN;
}

static void finish(struct pass *p)
{
    struct evhttp_request *req = p->req;

    end(p);
    evhttp_send_reply_end(req);
}

static void on_done(void *arg, const struct agent_answer *a)
{
    struct pass *p = arg;

    p->call = NULL;
    if (p->begun)
        finish(p); /* whatever it was: the reader comes back with the cursor it has */
    else if (a->end != AGENT_OK)
        away(p, a->end == AGENT_TIMEOUT ? 504 : 502, a->message);
    else if (p->stream)
        answer(p, a, p->error ? p->error : "", p->error_len);
    else
        answer(p, a, a->body, a->len);
}

/* ---------------------------------------------------------------- asking */

static bool ends(const char *path, const char *word)
{
    size_t n = strcspn(path, "?"), len = strlen(word);

    return n > len && !strncmp(path + n - len, word, len);
}

static bool is_action(const char *path)
{
    return ends(path, "/start") || ends(path, "/stop") || ends(path, "/restart");
}

/* Nothing that would end the line of the request, or that libcurl reads in its own way. */
static bool plain(const char *path)
{
    size_t n = strlen(path);

    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p >= 0x7f || *p == '#' || *p == '\\')
            return false;
    return n < PATH_MOST && !strstr(path, "/../") && !strstr(path, "/./");
}

static const char *method(struct evhttp_request *req)
{
    switch (evhttp_request_get_command(req)) {
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_POST:
        return "POST";
    default:
        return "GET";
    }
}

static struct pass *pass_new(struct gateway *g, struct evhttp_request *req, long long host)
{
    struct pass *p = calloc(1, sizeof(*p));

    if (!p)
        abort();
    p->g = g;
    p->req = req;
    p->host = host;
    p->from = evhttp_request_get_connection(req);
    p->heard_ms = p->read_ms = mono_ms();
    if ((p->next = g->passes))
        p->next->at = &p->next;
    p->at = &g->passes;
    g->passes = p;
    return p;
}

void pass_request(struct gateway *g, struct agent_host *host, struct evhttp_request *req,
                  const char *path)
{
    struct evkeyvalq *head = evhttp_request_get_input_headers(req);
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t len = evbuffer_get_length(in);
    bool stream = ends(path, "/stream");
    struct places *at = host->data;
    struct agent_request q = {.peer = &host->peer,
                              .method = method(req),
                              .path = path,
                              .body_len = len,
                              .if_match = evhttp_find_header(head, "If-Match"),
                              .last_event_id = evhttp_find_header(head, "Last-Event-ID"),
                              .connect_ms = CONNECT_MS,
                              .timeout_ms = stream            ? 0
                                            : is_action(path) ? ACTION_MS
                                                              : ANSWER_MS,
                              .drips = stream || is_action(path),
                              .most = ANSWER_MOST,
                              .own = stream,
                              .data = stream ? on_data : NULL,
                              .done = on_done};
    struct pass *p;

    if (!plain(path)) {
        gateway_error(req, 400, "the path cannot be passed on");
        return;
    }
    if (g->w->stopping ||
        (stream ? at->streams >= GATEWAY_HOST_SSE : at->asks >= GATEWAY_HOST_PASS)) {
        gateway_error(req, 503, "too many requests to this host at once");
        return;
    }
    if (len > 0)
        q.body = (const char *)evbuffer_pullup(in, -1);
    p = pass_new(g, req, host->peer.host);
    p->stream = stream;
    count(p, 1);
    q.arg = p;
    if ((p->call = agent_link_ask(g->link, &q))) {
        evhttp_connection_set_closecb(p->from, on_close, p);
        return;
    }
    end(p);
    gateway_error(req, 503, "too many requests to agents at once");
}

/* ---------------------------------------------------------------- looking after them */

static void drop(struct pass *p)
{
    struct evhttp_connection *from = p->from;

    end(p);
    evhttp_connection_free(from); /* with the request */
}

void pass_look(struct gateway *g)
{
    struct pass *next;
    int64_t now = mono_ms();

    for (struct pass *p = g->passes; p; p = next) {
        size_t held;

        next = p->next;
        if (!p->stream || !p->begun)
            continue;
        held = evbuffer_get_length(unread(p));
        if (held == 0 || held < p->held)
            p->read_ms = now;
        p->held = held;
        if (now - p->read_ms > UNREAD_MS) {
            log_info("dropped who does not read host=%lld held=%zu", p->host, held);
            drop(p);
        }
        else if (!p->paused && now - p->heard_ms > SILENT_MS) {
            finish(p);
        }
    }
}

void pass_cut(struct gateway *g, long long host)
{
    struct pass *next;

    for (struct pass *p = g->passes; p; p = next) {
        next = p->next;
        if (p->host != host)
            continue;
        if (p->begun)
            finish(p);
        else
            away(p, 502, "the host is not what it was any more");
    }
}

void pass_stop(struct gateway *g)
{
    struct pass *next;

    for (struct pass *p = g->passes; p; p = next) {
        next = p->next;
        if (p->begun)
            finish(p);
        else if (p->stream)
            away(p, 502, "the gateway is ending: ask again");
    }
}
