#include "agent_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_link_impl.h"
#include "role.h"

#define PORT      "7443" /* of the made-up name; the address says which is dialled */
#define SLOW_B_S  100L   /* slower for SLOW_S seconds: a drip */
#define SLOW_S    10L
#define IDLE_S    150L /* a kept connection is closed after that */
#define BODY_STEP (16 * 1024)

/* ---------------------------------------------------------------- libcurl asks */

static curl_socket_t open_socket(void *arg, curlsocktype, struct curl_sockaddr *to)
{
    struct agent_call *c = arg;

    c->why = guard_check(&c->link->allow, &to->addr);
    if (!guard_named(&c->link->allow, &to->addr)) {
        if (!c->why)
            c->why = "a public address";
        return CURL_SOCKET_BAD;
    }
    c->why = NULL;
    c->link->connects++;
    return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

static void note(char *out, size_t size, const char *value, size_t n)
{
    while (n > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        n--;
    }
    while (n > 0 && (unsigned char)value[n - 1] <= ' ')
        n--;
    if (n >= size)
        n = 0; /* cut in half it would say something else */
    for (size_t i = 0; i < n; i++)
        out[i] = value[i] >= 0x20 && value[i] < 0x7f ? value[i] : '?';
    out[n] = '\0';
}

static size_t on_header(char *line, size_t, size_t n, void *arg)
{
    struct agent_call *c = arg;

    c->head_seen += n;
    if (c->head_seen > AGENT_HEAD_MAX) {
        c->too_much = "more than 32 KiB of headers";
        return 0;
    }
    if (n > 5 && !strncmp(line, "HTTP/", 5))
        c->answer.type[0] = c->answer.etag[0] = '\0';
    else if (n > 13 && !strncasecmp(line, "content-type:", 13))
        note(c->answer.type, sizeof(c->answer.type), line + 13, n - 13);
    else if (n > 5 && !strncasecmp(line, "etag:", 5))
        note(c->answer.etag, sizeof(c->answer.etag), line + 5, n - 5);
    return n;
}

static int keep(struct agent_call *c, const char *bytes, size_t n)
{
    size_t size = c->body_size;
    char *more;

    while (size < c->answer.len + n + 1)
        size = size ? size * 2 : BODY_STEP;
    if (size != c->body_size) {
        if (!(more = realloc(c->body, size)))
            return -1;
        c->body = more;
        c->body_size = size;
    }
    memcpy(c->body + c->answer.len, bytes, n);
    c->answer.len += n;
    c->body[c->answer.len] = '\0';
    return 0;
}

static size_t on_body(char *bytes, size_t, size_t n, void *arg)
{
    struct agent_call *c = arg;
    long status = 0;

    if (!c->data) {
        if (c->answer.len + n > c->most) {
            c->too_much = "a larger answer than it may be";
            return 0;
        }
        return keep(c, bytes, n) ? 0 : n;
    }
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    c->answer.status = (int)status;
    switch (c->data(c->arg, &c->answer, bytes, n)) {
    case AGENT_TAKEN:
        return n;
    case AGENT_PAUSE:
        return CURL_WRITEFUNC_PAUSE;
    case AGENT_STOP:
        break;
    }
    c->enough = true;
    return 0;
}

/* ---------------------------------------------------------------- a request */

/* The pin as libcurl wants it: base64 with plus, slash and equal sign. */
static void pin_option(const char *pin, char out[80])
{
    size_t n = (size_t)snprintf(out, 80, "sha256//%s=", pin);

    for (size_t i = 8; i < n; i++) {
        if (out[i] == '-')
            out[i] = '+';
        if (out[i] == '_')
            out[i] = '/';
    }
}

static void set_trust(struct agent_call *c)
{
    const struct pki *pki = c->link->pki;
    struct curl_blob ca = {(void *)pki_ca(pki), strlen(pki_ca(pki)), CURL_BLOB_NOCOPY};
    struct curl_blob own = {(void *)pki_control(pki), strlen(pki_control(pki)),
                            CURL_BLOB_NOCOPY};
    char pin[80];
    CURL *e = c->easy;

    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &ca);
    curl_easy_setopt(e, CURLOPT_SSLCERT_BLOB, &own);
    curl_easy_setopt(e, CURLOPT_SSLKEY_BLOB, &own);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* resumed, nothing is verified */
    pin_option(c->peer.pin, pin);
    curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, pin);
}

/* Where it goes: the name is in the certificate, the address is dialled. -1: no memory. */
static int set_target(struct agent_call *c, const char *path)
{
    char name[64], url[4400], to[160];

    pki_host_name(c->peer.host, name, sizeof(name));
    if (snprintf(url, sizeof(url), "https://%s:" PORT "%s", name, path) >= (int)sizeof(url))
        return -1;
    snprintf(to, sizeof(to), "%s:" PORT ":%s", name, c->peer.address);
    if (!(c->connect_to = curl_slist_append(NULL, to)))
        return -1;
    curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, c->connect_to);
    curl_easy_setopt(c->easy, CURLOPT_PATH_AS_IS, 1L);
    return curl_easy_setopt(c->easy, CURLOPT_URL, url) == CURLE_OK ? 0 : -1;
}

static int add_header(struct agent_call *c, const char *name, const char *value)
{
    char line[512];
    struct curl_slist *more;

    if (!value)
        return 0;
    if (snprintf(line, sizeof(line), "%s %s", name, value) >= (int)sizeof(line) ||
        !(more = curl_slist_append(c->headers, line)))
        return -1;
    c->headers = more;
    return 0;
}

static int set_message(struct agent_call *c, const struct agent_request *q)
{
    CURL *e = c->easy;
    bool body = q->body || (q->method && strcmp(q->method, "GET") != 0 &&
                            strcmp(q->method, "DELETE") != 0);

    if (add_header(c, "If-Match:", q->if_match) ||
        add_header(c, "Last-Event-ID:", q->last_event_id) || add_header(c, "Expect:", "") ||
        add_header(c, "Accept:", "application/json, text/event-stream") ||
        (body && add_header(c, "Content-Type:", "application/json")))
        return -1;
    if (body) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
        if (curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, q->body ? q->body : ""))
            return -1;
    }
    if (q->method && strcmp(q->method, body ? "POST" : "GET") != 0)
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, q->method);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
    return 0;
}

static int set_all(struct agent_call *c, const struct agent_request *q)
{
    CURL *e = c->easy;

    curl_easy_reset(e); /* open connections stay */
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)q->connect_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 20L);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_S);
    if (!q->drips) {
        curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, SLOW_B_S);
        curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, SLOW_S);
    }
    if (q->own) {
        curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    }
    set_trust(c);
    return set_target(c, q->path) || set_message(c, q) ? -1 : 0;
}

/* To the idle ones. */
static void forget(struct agent_call *c)
{
    curl_slist_free_all(c->connect_to);
    curl_slist_free_all(c->headers);
    free(c->body);
    c->connect_to = c->headers = NULL;
    c->body = NULL;
    c->body_size = 0;
    c->busy = false;
    c->next = c->link->idle;
    c->link->idle = c;
}

struct agent_call *agent_link_ask(struct agent_link *link, const struct agent_request *q)
{
    struct agent_call *c = link->idle;

    if (!c || (!c->easy && !(c->easy = curl_easy_init())))
        return NULL;
    link->idle = c->next;
    c->busy = true;
    c->peer = *q->peer;
    c->data = q->data;
    c->done = q->done;
    c->arg = q->arg;
    c->most = q->most;
    c->timeout_ms = q->timeout_ms;
    c->why = c->too_much = NULL;
    c->enough = false;
    c->head_seen = 0;
    c->error[0] = '\0';
    memset(&c->answer, 0, sizeof(c->answer));
    if (set_all(c, q) || curl_multi_add_handle(link->loop.multi, c->easy) != CURLM_OK) {
        forget(c);
        return NULL;
    }
    return c;
}

void agent_link_resume(struct agent_call *c)
{
    if (c->busy)
        curl_easy_pause(c->easy, CURLPAUSE_CONT);
}

void agent_link_cancel(struct agent_call *c)
{
    if (!c->busy)
        return;
    curl_multi_remove_handle(c->link->loop.multi, c->easy);
    forget(c);
}

static void over(CURL *easy, CURLcode rc)
{
    struct agent_call *c = NULL;
    curl_off_t us = 0;
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
    c->answer.status = (int)status;
    c->answer.us = us;
    c->answer.body = c->body ? c->body : "";
    if (rc != CURLE_OK && !c->enough)
        agent_call_explain(c, rc);
    curl_multi_remove_handle(c->link->loop.multi, easy);
    c->done(c->arg, &c->answer);
    forget(c);
}

/* ---------------------------------------------------------------- all of it */

struct agent_link *agent_link_new(const struct agent_link_conf *conf)
{
    struct agent_link *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->loop.base = conf->base;
    l->loop.over = over;
    l->allow = *conf->allow;
    l->pki = conf->pki;
    l->most = conf->most;
    l->calls = calloc((size_t)conf->most, sizeof(*l->calls));
    if (!l->calls || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK ||
        curl_loop_start(&l->loop)) {
        agent_link_free(l);
        return NULL;
    }
    curl_multi_setopt(l->loop.multi, CURLMOPT_MAXCONNECTS, (long)conf->keep);
    for (int i = conf->most - 1; i >= 0; i--) {
        l->calls[i].link = l;
        l->calls[i].next = l->idle;
        l->idle = &l->calls[i];
    }
    return l;
}

void agent_link_free(struct agent_link *l)
{
    if (!l)
        return;
    for (int i = 0; l->calls && i < l->most; i++) {
        agent_link_cancel(&l->calls[i]);
        curl_easy_cleanup(l->calls[i].easy);
    }
    curl_loop_stop(&l->loop);
    free(l->calls);
    free(l);
}

unsigned agent_link_connects(const struct agent_link *l)
{
    return l->connects;
}
