/*
 * fetch_impl: what the files of fetch share among themselves.
 *
 *   fetch.c           handles, requests, callbacks of libcurl for one request
 *   fetch_end.c       how a request ended: the reason and the sentence
 *   fetch_redirect.c  where a redirect leads, and what may go along
 *   fetch_mail.c      the same for a mail
 *   fetch_tls.c       what is read from a certificate
 */
#ifndef TOCSIND_FETCH_IMPL_H
#define TOCSIND_FETCH_IMPL_H

#include <netinet/in.h>

#include "curl_loop.h"
#include "fetch.h"

struct fetch {
    struct curl_loop loop;
    struct guard guard;
    char *user_agent;
    char *ca_file; /* NULL: libcurl's default */
    int most;
    struct fetch_job *jobs; /* most of them */
    struct fetch_job *idle;
};

struct fetch_job {
    struct fetch *f;
    struct fetch_job *next; /* in idle */
    CURL *easy;             /* made at the first use, kept */
    bool busy;
    bool plain; /* the handle has the options of an HTTP request */

    /* what was asked */
    const struct curl_slist *headers;
    struct curl_slist *own_headers; /* of them what may go to another origin */
    char method[12];
    char *body;
    size_t body_len, body_sent;
    long timeout_ms;
    int redirects;
    unsigned flags;
    size_t body_max, keep_body;
    bool (*data)(void *arg, const char *bytes, size_t n);
    void (*done)(void *arg, const struct fetch_result *res);
    void *arg;

    /* what happens */
    struct sockaddr_storage dialled; /* ss_family 0: nothing yet */
    const char *refused;             /* why the guard said no */
    int trouble;                     /* errno of a socket that we could not make */
    int untrusted;                   /* X509_V_ERR_… of the chain, 0: it holds */
    bool tried;                      /* an address was dialled that the guard let pass */
    bool too_much_head, tls_seen, enough;
    int64_t started_us;
    size_t head_seen;
    uint64_t been[FETCH_REDIRECT_MAX + 1]; /* hashes of the URLs on the way */
    char *kept, *head;
    size_t kept_len, head_len, head_size;
    char error[CURL_ERROR_SIZE];
    struct fetch_result res;
};

/* fetch_end.c: fill reason and message of job->res. */
void fetch_explain(struct fetch_job *job, CURLcode rc);
void fetch_fail(struct fetch_job *job, enum reason reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "192.0.2.1:443", "[2001:db8::1]:443" or "". */
void fetch_address(const struct sockaddr_storage *addr, char *out, size_t size);

/* fetch_redirect.c: is the answer one to follow? 0: no, it is the end (a failure is
 * explained); 1: the handle is set for the next request. */
int fetch_redirect(struct fetch_job *job);

/* fetch_tls.c */
CURLcode fetch_tls_context(CURL *easy, void *ctx, void *job);
void fetch_tls_look(struct fetch_job *job);

/* fetch_mail.c: set the handle for the mail of q. -1: it cannot be. */
int fetch_set_mail(struct fetch_job *job, const struct fetch_request *q);

/* fetch.c: set the handle for method, body and headers of the job. */
void fetch_set_method(struct fetch_job *job);

#endif
