/*
 * fetch: HTTP(S) requests and mails by libcurl on the role's libevent loop.
 *
 * One fetch a process; it keeps a pool of easy handles and one parsed store of trusted
 * certificates. Each address is shown to the guard when it is dialled, on the first
 * connection and on each redirect; http and https only, never through a proxy of the
 * environment. A request ends once, through its done callback, for one named reason.
 *
 *     struct fetch_request q = {.url = url, .timeout_ms = 10000, .done = done, .arg = m};
 *     struct fetch_job *job = fetch_start(f, &q);
 */
#ifndef TOCSIND_FETCH_H
#define TOCSIND_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <curl/curl.h>
#include <event2/event.h>

#include "guard.h"
#include "reason.h"

#define FETCH_HEADERS_MAX  (256 * 1024) /* bytes of one answer's header lines, 1xx included */
#define FETCH_KEEP_MAX     (64 * 1024)  /* most that keep_body may ask for */
#define FETCH_URL_MAX      8192         /* of a redirect's target */
#define FETCH_MESSAGE_MAX  300
#define FETCH_REDIRECT_MAX 20

struct fetch;
struct fetch_job;

struct fetch_conf {
    struct event_base *base;
    const struct guard *guard; /* copied */
    int most;                  /* requests at once; their handles are kept and used again */
    const char *user_agent;    /* copied */
};

/* curl_global_init() is done here. NULL: out of memory or a libcurl without what we need. */
struct fetch *fetch_new(const struct fetch_conf *conf);

/* Requests that still run are dropped; their done is not called. */
void fetch_free(struct fetch *f);

enum {
    FETCH_NO_VERIFY = 1,    /* take any certificate */
    FETCH_NO_GUARD = 2,     /* an address of the administrator's own choice */
    FETCH_KEEP_HEADERS = 4, /* result.headers is wanted */
    FETCH_KEEP_TLS = 8,     /* result.tls_subject and tls_issuer are wanted */
};

enum fetch_starttls { STARTTLS_REQUIRED, STARTTLS_IF_OFFERED, STARTTLS_OFF };

/* With url "smtp://host:port" or "smtps://…"; the request's body is the message. */
struct fetch_mail {
    const char *from;
    const struct curl_slist *to; /* kept by the caller until done */
    const char *user, *password; /* NULL: none */
    const char *ca_file;         /* NULL: the system's */
    enum fetch_starttls starttls;
};

struct fetch_result {
    enum reason reason;              /* REASON_OK: a complete answer came, whatever its code */
    char message[FETCH_MESSAGE_MAX]; /* "connection refused by 192.0.2.1:443"; "" when ok */
    int code;      /* HTTP status, or the last reply of the mail server; 0: none */
    int redirects; /* how many were followed */
    int64_t total_us, dns_us, connect_us, tls_us, ttfb_us; /* summed over redirects */
    char address[72]; /* "192.0.2.1:443" dialled last, "" when none was */
    int64_t
        tls_not_after; /* unix time: the first certificate on the way to end; 0: none seen */
    char tls_subject[256], tls_issuer[256];
    const char *url;       /* where it ended after redirects */
    int64_t retry_after_s; /* -1: not said */
    const char *body;      /* the first keep_body bytes, NUL-terminated; never NULL */
    size_t body_len;
    int64_t body_seen;   /* bytes of body that came */
    bool cut;            /* body_max was reached, or data() had enough: not read to its end */
    const char *headers; /* the last answer's header lines, "\r\n" ended; never NULL */
    size_t headers_len;
};

struct fetch_request {
    const char *url;
    const char *method;               /* NULL: GET */
    const struct curl_slist *headers; /* "Name: value"; kept by the caller until done */
    const char *body;                 /* copied */
    size_t body_len;
    long timeout_ms; /* for all of it, redirects included */
    int redirects;   /* follow so many; 0: the 3xx is the answer */
    unsigned flags;
    size_t body_max;               /* read so many bytes of body, then it is done; 0: 1 MiB */
    size_t keep_body;              /* and keep so many for the result */
    const struct fetch_mail *mail; /* NULL: HTTP; copied but for `to` */
    /* The body as it comes; returns false when it has seen enough. May be NULL. A new
     * answer (after a redirect) begins with n = 0. */
    bool (*data)(void *arg, const char *bytes, size_t n);
    /* Called from the loop, never from fetch_start(); may start the next one. */
    void (*done)(void *arg, const struct fetch_result *res);
    void *arg;
};

/* NULL: as many as allowed run already. Strings are copied but where said otherwise. */
struct fetch_job *fetch_start(struct fetch *f, const struct fetch_request *q);

/* Drop a request; its done is not called. Not from its own callbacks. */
void fetch_cancel(struct fetch_job *job);

#endif
