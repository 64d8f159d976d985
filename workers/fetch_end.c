/*
 * fetch_end: how a request ended: one reason, and a sentence for the people who watch.
 *
 * libcurl's own texts are never shown: they name functions and options, change between
 * releases, and say nothing of who did what.
 */
#include "fetch_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/x509_vfy.h>

void fetch_address(const struct sockaddr_storage *addr, char *out, size_t size)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
    char text[INET6_ADDRSTRLEN];

    out[0] = '\0';
    if (addr->ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)))
        snprintf(out, size, "%s:%d", text, ntohs(v4->sin_port));
    if (addr->ss_family == AF_INET6 && inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)))
        snprintf(out, size, "[%s]:%d", text, ntohs(v6->sin6_port));
}

void fetch_fail(struct fetch_job *job, enum reason reason, const char *fmt, ...)
{
    va_list ap;
    char *p;

    job->res.reason = reason;
    va_start(ap, fmt);
    vsnprintf(job->res.message, sizeof(job->res.message), fmt, ap);
    va_end(ap);
    for (p = job->res.message; *p; p++) /* parts of it are a stranger's bytes */
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
}

/* The host of the URL that is being fetched, for sentences. */
static void host_of(struct fetch_job *job, char *out, size_t size)
{
    const char *url = NULL;
    CURLU *u = curl_url();
    char *host = NULL;

    curl_easy_getinfo(job->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (u && url && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == 0)
        curl_url_get(u, CURLUPART_HOST, &host, 0);
    snprintf(out, size, "%s", host ? host : "?");
    curl_free(host);
    curl_url_cleanup(u);
}

static const char *peer(struct fetch_job *job)
{
    return job->res.address[0] ? job->res.address : "the server";
}

static void connect_failed(struct fetch_job *job)
{
    long err = 0;

    if (job->refused) {
        fetch_fail(job, REASON_TARGET_REFUSED, "%s is %s and may not be connected to",
                   peer(job), job->refused);
        return;
    }
    curl_easy_getinfo(job->easy, CURLINFO_OS_ERRNO, &err);
    if (job->trouble || err == EADDRNOTAVAIL)
        fetch_fail(job, REASON_INTERNAL, "no more sockets or ports here");
    else if (err == ECONNREFUSED)
        fetch_fail(job, REASON_CONNECT_REFUSED, "connection refused by %s", peer(job));
    else if (err == ETIMEDOUT)
        fetch_fail(job, REASON_CONNECT_TIMEOUT, "%s did not answer", peer(job));
    else if (err == ECONNRESET)
        fetch_fail(job, REASON_CONNECTION_LOST, "%s reset the connection", peer(job));
    else
        fetch_fail(job, REASON_UNREACHABLE, "%s cannot be reached", peer(job));
}

static void timed_out(struct fetch_job *job, const char *host)
{
    curl_off_t name = 0, conn = 0, tls = 0, first = 0;
    double s = (double)job->timeout_ms / 1000;
    long port = 0; /* of our end: there is one as soon as it is connected */
    const char *url = NULL;

    curl_easy_getinfo(job->easy, CURLINFO_NAMELOOKUP_TIME_T, &name);
    curl_easy_getinfo(job->easy, CURLINFO_CONNECT_TIME_T, &conn);
    curl_easy_getinfo(job->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    curl_easy_getinfo(job->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    curl_easy_getinfo(job->easy, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(job->easy, CURLINFO_LOCAL_PORT, &port);
    if (name == 0 && job->dialled.ss_family == 0)
        fetch_fail(job, REASON_DNS_FAILED, "\"%.150s\" was not resolved within %g s", host, s);
    else if (conn == 0 && port == 0)
        fetch_fail(job, REASON_CONNECT_TIMEOUT, "no connection to %s within %g s", peer(job),
                   s);
    else if (tls == 0 && url && strncmp(url, "https:", 6) == 0)
        fetch_fail(job, REASON_TIMEOUT, "TLS handshake with %s not done within %g s",
                   peer(job), s);
    else if (first == 0)
        fetch_fail(job, REASON_TIMEOUT, "no answer from %s within %g s", peer(job), s);
    else
        fetch_fail(job, REASON_TIMEOUT, "no complete answer from %s within %g s", peer(job),
                   s);
}

static void untrusted(struct fetch_job *job, const char *host)
{
    static const struct {
        int err;
        enum reason reason;
        const char *text;
    } known[] = {
        {X509_V_ERR_CERT_HAS_EXPIRED, REASON_TLS_EXPIRED, "has expired"},
        {X509_V_ERR_CERT_NOT_YET_VALID, REASON_TLS_NOT_YET_VALID, "is not valid yet"},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, REASON_TLS_SELF_SIGNED, "is self-signed"},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, REASON_TLS_UNKNOWN_ISSUER,
         "ends in a root that is not trusted here"},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, REASON_TLS_UNKNOWN_ISSUER,
         "has an unknown issuer"},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, REASON_TLS_UNKNOWN_ISSUER,
         "has an unknown issuer (or an intermediate is missing)"},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, REASON_TLS_UNKNOWN_ISSUER,
         "has an unknown issuer"},
        {X509_V_OK, REASON_TLS_WRONG_HOST, "is for another name"}, /* only libcurl minded */
        {X509_V_ERR_EE_KEY_TOO_SMALL, REASON_TLS_UNTRUSTED, "has too short a key"},
        {X509_V_ERR_CA_MD_TOO_WEAK, REASON_TLS_UNTRUSTED, "is signed with a weak hash"},
    };
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (known[i].err == job->untrusted) {
            fetch_fail(job, known[i].reason, "the certificate of %.150s %s", host,
                       known[i].text);
            return;
        }
    fetch_fail(job, REASON_TLS_UNTRUSTED, "the certificate of %.150s is not trusted", host);
}

/* What libcurl calls a receive error may be a chunk that is none. */
static void receive_failed(struct fetch_job *job)
{
    long err = 0;

    curl_easy_getinfo(job->easy, CURLINFO_OS_ERRNO, &err);
    if (strstr(job->error, "chunk") || strstr(job->error, "header"))
        fetch_fail(job, REASON_BAD_RESPONSE, "%s did not answer in valid HTTP", peer(job));
    else if (err == ECONNRESET)
        fetch_fail(job, REASON_CONNECTION_LOST, "%s reset the connection", peer(job));
    else
        fetch_fail(job, REASON_CONNECTION_LOST, "%s closed the connection too early",
                   peer(job));
}

/* The newest line of the replies that is a refusal; good ones (221 bye) may come after it. */
static void mail_refused(struct fetch_job *job)
{
    const char *end = job->head + job->head_len, *p = job->head, *said = NULL;
    size_t n = 0;

    while (p && p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));

        if (*p == '4' || *p == '5') {
            said = p;
            n = (size_t)((stop ? stop : end) - p);
        }
        p = stop ? stop + 1 : end;
    }
    while (n > 0 && (said[n - 1] == '\r' || said[n - 1] == '\n'))
        n--;
    if (n > 0)
        fetch_fail(job, REASON_SMTP_REFUSED, "the mail server said: %.*s",
                   (int)(n < 200 ? n : 200), said);
    else
        fetch_fail(job, REASON_SMTP_REFUSED, "the mail server refused the message");
}

static void tls_failed(struct fetch_job *job)
{
    fetch_fail(job, REASON_TLS_FAILED, "no TLS connection with %s could be agreed", peer(job));
}

void fetch_explain(struct fetch_job *job, CURLcode rc)
{
    char host[256];
    long code = 0;

    if (job->too_much_head) {
        fetch_fail(job, REASON_BAD_RESPONSE, "more than %d KiB of headers",
                   FETCH_HEADERS_MAX / 1024);
        return;
    }
    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &code);
    if (!job->plain && code >= 400) { /* whatever libcurl makes of a mail server's no */
        mail_refused(job);
        return;
    }
    host_of(job, host, sizeof(host));
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
        fetch_fail(job, REASON_DNS_FAILED, "the name \"%.150s\" could not be resolved", host);
        break;
    case CURLE_COULDNT_CONNECT:
        connect_failed(job);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        timed_out(job, host);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        untrusted(job, host);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        tls_failed(job);
        break;
    case CURLE_USE_SSL_FAILED:
        fetch_fail(job, REASON_TLS_FAILED, "%s does not offer TLS", peer(job));
        break;
    case CURLE_SSL_CACERT_BADFILE:
        fetch_fail(job, REASON_INTERNAL,
                   "no trusted certificates here: install ca-certificates");
        break;
    case CURLE_GOT_NOTHING:
        fetch_fail(job, REASON_CONNECTION_LOST, "%s closed the connection without an answer",
                   peer(job));
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        receive_failed(job);
        break;
    case CURLE_PARTIAL_FILE:
        fetch_fail(job, REASON_CONNECTION_LOST, "%s closed the connection before the end",
                   peer(job));
        break;
    case CURLE_LOGIN_DENIED:
    case CURLE_UPLOAD_FAILED:
    case CURLE_QUOTE_ERROR:
        mail_refused(job);
        break;
    case CURLE_URL_MALFORMAT:
        fetch_fail(job, REASON_BAD_URL, "the URL is not valid");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* also what is said for HTTP/0.9 */
        if (job->dialled.ss_family == 0) {
            fetch_fail(job, REASON_BAD_URL, "only http and https can be fetched");
            break;
        }
        /* fall through */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: /* said for one header line of more than 100 KiB */
        if (job->dialled.ss_family != 0) {
            fetch_fail(job, REASON_BAD_RESPONSE, "%s did not answer in valid HTTP", peer(job));
            break;
        }
        /* fall through */
    default:
        fetch_fail(job, REASON_INTERNAL, "the check itself failed (%d)", rc);
    }
}
