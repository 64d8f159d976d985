/*
 * probe_http: asks the systems by libcurl's multi interface, a fixed number at a time.
 *
 * Each request has a fresh connection, one limit for all of its time, and the addresses it
 * dials are shown to the guard, after a redirect again. What no check needs is not read: a
 * body ends at max_body.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "probe.h"

#define HEADERS_MAX (256 * 1024)

struct slot {
    CURL *easy;
    struct probe *p;
    struct result *r;    /* NULL: idle */
    int64_t begun, head; /* monotonic us: request, last line of headers */
    size_t head_seen, body_seen;
    bool enough;
    bool tried; /* one of its addresses was dialled */
    const char *refused;
    struct sockaddr_storage dialled;
    char detail[CURL_ERROR_SIZE];
};

struct engine {
    struct probe *p;
    CURLM *multi;
    struct slot *slot;
    size_t slots, next, running;
    void (*done)(struct probe *p, struct result *r);
};

static int64_t mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---------------------------------------------------------------- libcurl asks */

static curl_socket_t open_socket(void *arg, curlsocktype, struct curl_sockaddr *to)
{
    struct slot *s = arg;
    const char *why = guard_check(&s->p->guard, &to->addr);

    if (why && s->tried) /* another address of the name was good enough to try */
        return CURL_SOCKET_BAD;
    memset(&s->dialled, 0, sizeof(s->dialled));
    memcpy(&s->dialled, &to->addr,
           to->addrlen < sizeof(s->dialled) ? to->addrlen : sizeof(s->dialled));
    s->refused = why;
    if (why)
        return CURL_SOCKET_BAD;
    s->tried = true;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t on_header(char *, size_t, size_t n, void *arg)
{
    struct slot *s = arg;

    s->head = mono_us();
    s->tried = false; /* an answer: what is dialled next is another host's */
    s->head_seen += n;
    return s->head_seen > HEADERS_MAX ? 0 : n;
}

static size_t on_body(char *, size_t, size_t n, void *arg)
{
    struct slot *s = arg;

    s->body_seen += n;
    if (s->body_seen <= (size_t)s->p->max_body)
        return n;
    s->enough = true; /* ends the transfer; we meant it */
    return 0;
}

/* ---------------------------------------------------------------- the handle */

/* A parsed store of certificates is kept for all requests only when it is one file. Other
 * systems than the one this was built on keep theirs elsewhere. */
static const char *ca_file(void)
{
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
        "/etc/ssl/ca-bundle.pem",
    };
    const char *own = getenv("SSL_CERT_FILE");
    size_t i;

    if (own && *own)
        return own;
    for (i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

static void set_base(struct slot *s)
{
    const char *ca = ca_file();
    CURL *e = s->easy;

    curl_easy_reset(e);
    curl_easy_setopt(e, CURLOPT_PRIVATE, s);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->detail);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* else a timeout waits for getaddrinfo */
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_USERAGENT, "tocsin-probe/" PACKAGE_VERSION);
    curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    if (ca)
        curl_easy_setopt(e, CURLOPT_CAINFO, ca);
}

static void set_method(CURL *e, const char *method)
{
    if (!strcmp(method, "HEAD")) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
        return;
    }
    if (!strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH")) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, 0L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0)
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
}

static int start(struct engine *g, struct slot *s, struct result *r)
{
    const struct system *sys = r->system;

    s->r = r;
    s->p = g->p;
    s->head = s->head_seen = s->body_seen = 0;
    s->enough = s->tried = false;
    s->refused = NULL;
    s->detail[0] = '\0';
    memset(&s->dialled, 0, sizeof(s->dialled));
    set_base(s);
    set_method(s->easy, sys->method);
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, sys->timeout_ms);
    curl_easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, (long)(sys->redirects > 0));
    curl_easy_setopt(s->easy, CURLOPT_MAXREDIRS, sys->redirects);
    if (curl_easy_setopt(s->easy, CURLOPT_URL, sys->url) != CURLE_OK)
        return -1;
    s->begun = mono_us();
    return curl_multi_add_handle(g->multi, s->easy) == CURLM_OK ? 0 : -1;
}

/* ---------------------------------------------------------------- what came of it */

static void judge(struct slot *s)
{
    struct result *r = s->r;

    if (!codes_has(&r->system->expected, r->code)) {
        r->state = STATE_DOWN;
        snprintf(r->err, sizeof(r->err), "HTTP %d", (int)r->code);
    }
    else {
        r->state = r->lat > r->system->max_ms ? STATE_DEGRADED : STATE_UP;
    }
}

/* One failure may be the network's: a system may ask to be believed only after more. */
static bool again(struct engine *g, struct slot *s)
{
    struct result *r = s->r;

    if (r->tries >= r->system->retries)
        return false;
    r->tries++;
    if (start(g, s, r) != 0)
        return false;
    r->code = 0;
    r->err[0] = '\0';
    return true;
}

static void finish(struct engine *g, struct slot *s, CURLcode code)
{
    struct result *r = s->r;
    struct probe_end end = {s->easy, code, r->system->url, s->detail, s->refused, &s->dialled};
    bool ok = code == CURLE_OK || (code == CURLE_WRITE_ERROR && s->enough);
    int64_t until = ok && s->head ? s->head : mono_us();
    long status = 0;

    r->t = g->p->as_of ? g->p->as_of : clock_ms();
    r->lat = (int32_t)((until - s->begun + 500) / 1000);
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (ok && status > 0) {
        r->code = (int32_t)status;
        judge(s);
    }
    else {
        r->state = STATE_DOWN;
        probe_error(&end, r->err, sizeof(r->err));
    }
    curl_multi_remove_handle(g->multi, s->easy);
    if (r->state == STATE_DOWN && again(g, s))
        return;
    s->r = NULL;
    g->running--;
    g->done(g->p, r);
}

static void no_url(struct engine *g, struct result *r)
{
    r->state = STATE_DOWN;
    r->t = g->p->as_of ? g->p->as_of : clock_ms();
    snprintf(r->err, sizeof(r->err), "Invalid URL: %s",
             r->system->wrong ? r->system->wrong : "libcurl does not take it");
    g->done(g->p, r);
}

/* ---------------------------------------------------------------- the run */

static struct slot *idle(struct engine *g)
{
    size_t i;

    for (i = 0; i < g->slots; i++)
        if (!g->slot[i].r)
            return &g->slot[i];
    return NULL;
}

/* Starts r, or ends it at once; false: all slots are taken. */
static bool begin(struct engine *g, struct result *r)
{
    struct slot *s;

    if (r->window) {
        g->done(g->p, r);
        return true;
    }
    if (r->system->wrong) {
        no_url(g, r);
        return true;
    }
    if (!(s = idle(g)))
        return false;
    if (start(g, s, r) == 0) {
        g->running++;
    }
    else {
        s->r = NULL;
        no_url(g, r);
    }
    return true;
}

static void fill(struct engine *g)
{
    while (g->next < g->p->n && begin(g, &g->p->result[g->next]))
        g->next++;
}

static int step(struct engine *g)
{
    struct CURLMsg *m;
    char *slot;
    int left;

    if (curl_multi_perform(g->multi, &left) != CURLM_OK)
        return -1;
    while ((m = curl_multi_info_read(g->multi, &left))) {
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &slot);
        finish(g, (struct slot *)slot, m->data.result);
    }
    fill(g);
    if (g->running == 0)
        return 0;
    return curl_multi_poll(g->multi, NULL, 0, 1000, NULL) == CURLM_OK ? 0 : -1;
}

static int engine_open(struct engine *g)
{
    size_t i;

    if (!(g->multi = curl_multi_init()) || !(g->slot = calloc(g->slots, sizeof(*g->slot))))
        return -1;
    for (i = 0; i < g->slots; i++)
        if (!(g->slot[i].easy = curl_easy_init()))
            return -1;
    return 0;
}

static void engine_close(struct engine *g)
{
    size_t i;

    for (i = 0; g->slot && i < g->slots; i++) {
        if (g->slot[i].r)
            curl_multi_remove_handle(g->multi, g->slot[i].easy);
        curl_easy_cleanup(g->slot[i].easy);
    }
    free(g->slot);
    curl_multi_cleanup(g->multi);
}

int probe_http(struct probe *p, void (*done)(struct probe *p, struct result *r))
{
    struct engine g = {.p = p, .done = done};
    int rv;

    g.slots = (size_t)p->parallel < p->n ? (size_t)p->parallel : p->n;
    if ((rv = engine_open(&g)) == 0)
        fill(&g);
    while (rv == 0 && g.running > 0)
        rv = step(&g);
    engine_close(&g);
    if (rv != 0)
        complain("probe: libcurl cannot be used");
    return rv;
}
