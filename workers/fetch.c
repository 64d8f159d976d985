#include "fetch_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "role.h"

#define BODY_MAX (1024 * 1024)

/* ---------------------------------------------------------------- libcurl asks */

static curl_socket_t open_socket(void *arg, curlsocktype, struct curl_sockaddr *to)
{
    struct fetch_job *job = arg;
    const char *why = NULL;
    int fd;

    if (!(job->flags & FETCH_NO_GUARD))
        why = guard_check(&job->f->guard, &to->addr);
    if (why && job->tried) /* another address of the name was good enough to try */
        return CURL_SOCKET_BAD;
    memset(&job->dialled, 0, sizeof(job->dialled));
    memcpy(&job->dialled, &to->addr,
           to->addrlen < sizeof(job->dialled) ? to->addrlen : sizeof(job->dialled));
    job->refused = why;
    if (why)
        return CURL_SOCKET_BAD;
    job->tried = true;
    fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd < 0)
        job->trouble = errno;
    return fd;
}

static void keep_head(struct fetch_job *job, const char *line, size_t n)
{
    size_t size;
    char *more;

    if (strncmp(line, "HTTP/", 5) == 0)
        job->head_len = 0; /* of several answers the last one counts */
    if (job->head_len + n + 1 > job->head_size) {
        size = (job->head_len + n + 1) * 2;
        if (!(more = realloc(job->head, size)))
            return;
        job->head = more;
        job->head_size = size;
    }
    memcpy(job->head + job->head_len, line, n);
    job->head_len += n;
    job->head[job->head_len] = '\0';
}

static size_t on_header(char *line, size_t, size_t n, void *arg)
{
    struct fetch_job *job = arg;

    if (!job->tls_seen) {
        job->tls_seen = true;
        fetch_tls_look(job);
    }
    job->head_seen += n;
    if (job->head_seen > FETCH_HEADERS_MAX) {
        job->too_much_head = true;
        return 0;
    }
    if (job->flags & FETCH_KEEP_HEADERS)
        keep_head(job, line, n);
    return n;
}

static void keep_body(struct fetch_job *job, const char *bytes, size_t n)
{
    if (n > job->keep_body - job->kept_len)
        n = job->keep_body - job->kept_len;
    if (n == 0 || (!job->kept && !(job->kept = malloc(job->keep_body + 1))))
        return;
    memcpy(job->kept + job->kept_len, bytes, n);
    job->kept_len += n;
    job->kept[job->kept_len] = '\0';
}

static size_t on_body(char *bytes, size_t, size_t n, void *arg)
{
    struct fetch_job *job = arg;
    size_t room = job->body_max - (size_t)job->res.body_seen;
    size_t take = n < room ? n : room;

    job->res.body_seen += take;
    if (job->keep_body)
        keep_body(job, bytes, take);
    if (job->data && take > 0 && !job->data(job->arg, bytes, take))
        job->enough = true;
    if (take < n)
        job->enough = true;
    return job->enough ? 0 : n; /* 0 ends the transfer; over() knows that we meant it */
}

/* ---------------------------------------------------------------- the handle */

/* What stays the same from request to request. */
static void set_base(struct fetch_job *job)
{
    CURL *e = job->easy;
    struct fetch *f = job->f;

    curl_easy_reset(e);
    curl_easy_setopt(e, CURLOPT_PRIVATE, job);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, job->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* else a timeout waits for getaddrinfo */
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, job);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT,
                     1L); /* a check is of reaching the server, too */
    curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE,
                     0L); /* a resumed session verifies nothing */
    curl_easy_setopt(e, CURLOPT_CAPATH,
                     NULL); /* else the parsed store is not kept: 50 ms each */
    curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 86400L);
    if (f->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, fetch_tls_context);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, job);
    curl_easy_setopt(e, CURLOPT_USERAGENT, f->user_agent);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, job);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    job->plain = true;
}

void fetch_set_method(struct fetch_job *job)
{
    CURL *e = job->easy;
    const char *m = job->method, *custom = NULL;
    bool body = job->body_len > 0 || strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 ||
                strcmp(m, "PATCH") == 0;

    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (strcmp(m, "HEAD") == 0) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    }
    else if (body) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body_len);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, job->body ? job->body : "");
        custom = strcmp(m, "POST") == 0 ? NULL : m;
    }
    else if (strcmp(m, "GET") != 0) {
        custom = m;
    }
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, custom);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, job->headers);
}

/* ---------------------------------------------------------------- a request */

static void forget(struct fetch_job *job)
{
    struct fetch *f = job->f;

    free(job->body);
    free(job->kept);
    free(job->head);
    curl_slist_free_all(job->own_headers);
    job->body = job->kept = job->head = NULL;
    job->own_headers = NULL;
    job->head_size = 0;
    job->busy = false;
    job->next = f->idle;
    f->idle = job;
}

static void begin(struct fetch_job *job, const struct fetch_request *q)
{
    job->headers = q->headers;
    job->timeout_ms = q->timeout_ms;
    job->redirects = q->redirects < FETCH_REDIRECT_MAX ? q->redirects : FETCH_REDIRECT_MAX;
    job->flags = q->flags;
    job->body_max = q->body_max ? q->body_max : BODY_MAX;
    job->keep_body = q->keep_body < FETCH_KEEP_MAX ? q->keep_body : FETCH_KEEP_MAX;
    job->data = q->data;
    job->done = q->done;
    job->arg = q->arg;
    job->dialled.ss_family = 0;
    job->refused = NULL;
    job->untrusted = job->trouble = 0;
    job->tried = job->too_much_head = job->tls_seen = job->enough = false;
    job->head_seen = job->head_len = job->kept_len = 0;
    job->body_len = job->body_sent = 0;
    job->error[0] = '\0';
    job->started_us = mono_us();
    memset(&job->res, 0, sizeof(job->res));
    job->res.retry_after_s = -1;
    strncpy(job->method, q->method ? q->method : "GET", sizeof(job->method) - 1);
}

static int set_request(struct fetch_job *job, const struct fetch_request *q)
{
    CURL *e = job->easy;
    bool verify = !(q->flags & FETCH_NO_VERIFY);

    if (q->body_len > 0) {
        if (!(job->body = malloc(q->body_len)))
            return -1;
        memcpy(job->body, q->body, q->body_len);
        job->body_len = q->body_len;
    }
    if (!job->plain)
        set_base(job);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, q->timeout_ms);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, (long)verify);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    if (curl_easy_setopt(e, CURLOPT_URL, q->url) != CURLE_OK)
        return -1;
    if (q->mail)
        return fetch_set_mail(job, q);
    fetch_set_method(job);
    return 0;
}

struct fetch_job *fetch_start(struct fetch *f, const struct fetch_request *q)
{
    struct fetch_job *job = f->idle;

    if (!job)
        return NULL;
    if (!job->easy && !(job->easy = curl_easy_init()))
        return NULL;
    f->idle = job->next;
    job->busy = true;
    begin(job, q);
    if (set_request(job, q) != 0 ||
        curl_multi_add_handle(f->loop.multi, job->easy) != CURLM_OK) {
        forget(job);
        return NULL;
    }
    return job;
}

void fetch_cancel(struct fetch_job *job)
{
    if (!job->busy)
        return;
    curl_multi_remove_handle(job->f->loop.multi, job->easy);
    forget(job);
}

/* Add the times of this round trip; one that failed spent the rest of its time in the phase
 * that it never got through. */
static void add_times(struct fetch_job *job)
{
    struct fetch_result *res = &job->res;
    curl_off_t name = 0, conn = 0, tls = 0, first = 0, total = 0;
    const char *url = NULL;
    long port = 0;

    curl_easy_getinfo(job->easy, CURLINFO_NAMELOOKUP_TIME_T, &name);
    curl_easy_getinfo(job->easy, CURLINFO_CONNECT_TIME_T, &conn);
    curl_easy_getinfo(job->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    curl_easy_getinfo(job->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    curl_easy_getinfo(job->easy, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(job->easy, CURLINFO_EFFECTIVE_URL, &url);
    res->total_us += total;
    if (job->dialled.ss_family == 0) {
        res->dns_us += total;
        return;
    }
    res->dns_us += name;
    if (conn == 0 && curl_easy_getinfo(job->easy, CURLINFO_LOCAL_PORT, &port) == CURLE_OK &&
        port)
        conn = name + 1; /* connected, but the handshake never ended: when is not said */
    res->connect_us += (conn ? conn : total) - name;
    if (conn && url && strncasecmp(url, "https:", 6) == 0) {
        res->tls_us += (tls ? tls : total) - conn;
        conn = tls;
    }
    if (conn)
        res->ttfb_us += (first ? first : total) - conn;
}

static void finish(struct fetch_job *job)
{
    struct fetch_result *res = &job->res;
    curl_off_t after = 0;

    curl_easy_getinfo(job->easy, CURLINFO_EFFECTIVE_URL, &res->url);
    if (curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
        res->retry_after_s = after;
    res->body = job->kept ? job->kept : "";
    res->body_len = job->kept_len;
    res->headers = job->head ? job->head : "";
    res->headers_len = job->head_len;
    if (job->done)
        job->done(job->arg, res);
    forget(job);
}

static void over(CURL *easy, CURLcode rc)
{
    struct fetch_job *job = NULL;
    struct fetch *f;
    long code = 0;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&job);
    f = job->f;

    curl_multi_remove_handle(f->loop.multi, job->easy);
    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &code);
    job->res.code = (int)code;
    fetch_address(&job->dialled, job->res.address, sizeof(job->res.address));
    add_times(job);
    if (job->enough) {
        job->res.cut = true;
        rc = CURLE_OK;
    }
    if (rc != CURLE_OK)
        fetch_explain(job, rc);
    else if (job->plain && fetch_redirect(job)) {
        job->tried = job->tls_seen = job->enough = job->res.cut = false;
        job->dialled.ss_family = 0;
        job->refused = NULL;
        job->untrusted = 0;
        job->res.body_seen = 0;
        job->kept_len = 0;
        if (job->data)
            job->data(job->arg, "", 0);
        if (curl_multi_add_handle(f->loop.multi, job->easy) == CURLM_OK)
            return;
        fetch_fail(job, REASON_INTERNAL, "out of memory");
    }
    finish(job);
}

/* ---------------------------------------------------------------- all of it */

struct fetch *fetch_new(const struct fetch_conf *conf)
{
    const char *ca_file = getenv("SSL_CERT_FILE"); /* as for OpenSSL's own programs */
    struct fetch *f = calloc(1, sizeof(*f));
    int i;

    if (!f)
        return NULL;
    f->loop.base = conf->base;
    f->loop.over = over;
    f->guard = *conf->guard;
    f->most = conf->most;
    f->user_agent = strdup(conf->user_agent);
    f->ca_file = ca_file && *ca_file ? strdup(ca_file) : NULL;
    f->jobs = calloc(conf->most, sizeof(*f->jobs));
    if (!f->user_agent || !f->jobs || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK ||
        curl_loop_start(&f->loop) != 0) {
        fetch_free(f);
        return NULL;
    }
    for (i = conf->most - 1; i >= 0; i--) {
        f->jobs[i].f = f;
        f->jobs[i].next = f->idle;
        f->idle = &f->jobs[i];
    }
    return f;
}

void fetch_free(struct fetch *f)
{
    int i;

    if (!f)
        return;
    for (i = 0; f->jobs && i < f->most; i++) {
        if (f->jobs[i].busy)
            fetch_cancel(&f->jobs[i]);
        curl_easy_cleanup(f->jobs[i].easy);
    }
    curl_loop_stop(&f->loop);
    free(f->jobs);
    free(f->ca_file);
    free(f->user_agent);
    free(f);
}
