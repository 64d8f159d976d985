/*
 * probe_error: how a check failed, in the words that readers of these files know from
 * Node.js: "Timeout", "connect ECONNREFUSED 192.0.2.1:443", "getaddrinfo ENOTFOUND host".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "utf8.h"

/* X509_V_ERR_…: what OpenSSL says of the certificate */
static const struct {
    long number;
    const char *words;
} certificate[] = {
    {9, "certificate is not yet valid"},
    {10, "certificate has expired"},
    {18, "self-signed certificate"},
    {19, "self-signed certificate in certificate chain"},
    {20, "unable to get local issuer certificate"},
    {21, "unable to verify the first certificate"},
    {1, "Hostname/IP does not match certificate's altnames"}, /* libcurl's own, first, check */
    {62, "Hostname/IP does not match certificate's altnames"},
    {64, "Hostname/IP does not match certificate's altnames"},
};

static const struct {
    int number;
    const char *name;
} errors[] = {
    {ECONNREFUSED, "ECONNREFUSED"},
    {ECONNRESET, "ECONNRESET"},
    {EHOSTUNREACH, "EHOSTUNREACH"},
    {ENETUNREACH, "ENETUNREACH"},
    {ETIMEDOUT, "ETIMEDOUT"},
    {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
    {EACCES, "EACCES"},
    {EPIPE, "EPIPE"},
    {EMFILE, "EMFILE"},
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char *error_name(const struct probe_end *end, const char *unset)
{
    long number = 0;
    size_t i;

    curl_easy_getinfo(end->easy, CURLINFO_OS_ERRNO, &number);
    for (i = 0; i < COUNT(errors); i++)
        if (errors[i].number == number)
            return errors[i].name;
    return unset;
}

static void address(const struct sockaddr_storage *a, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "?";
    int port = 0;

    if (a->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof(text));
        port = ntohs(((const struct sockaddr_in *)a)->sin_port);
    }
    else if (a->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, sizeof(text));
        port = ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
    }
    snprintf(out, size, "%s:%d", text, port);
}

/* Of the URL that was fetched last: a redirect may have led elsewhere. */
static void host(const struct probe_end *end, char *out, size_t size)
{
    const char *url = NULL;
    CURLU *u = curl_url();
    char *name = NULL;

    curl_easy_getinfo(end->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (u && curl_url_set(u, CURLUPART_URL, url ? url : end->url, 0) == CURLUE_OK)
        curl_url_get(u, CURLUPART_HOST, &name, 0);
    snprintf(out, size, "%s", name ? name : "?");
    curl_free(name);
    curl_url_cleanup(u);
}

static const char *distrust(const struct probe_end *end)
{
    long number = 0;
    size_t i;

    curl_easy_getinfo(end->easy, CURLINFO_SSL_VERIFYRESULT, &number);
    for (i = 0; i < COUNT(certificate); i++)
        if (certificate[i].number == number)
            return certificate[i].words;
    return number ? "unable to verify the certificate"
                  : "Hostname/IP does not match certificate's altnames";
}

static void connect_failed(const struct probe_end *end, char *out, size_t size)
{
    char to[INET6_ADDRSTRLEN + 8];

    address(end->dialled, to, sizeof(to));
    if (end->refused)
        snprintf(out, size, "%s is %s: allow it with --allow-target", to, end->refused);
    else
        snprintf(out, size, "connect %s %s", error_name(end, "failed"), to);
}

void probe_error(const struct probe_end *end, char *out, size_t size)
{
    char name[256], words[PROBE_ERROR_MAX];

    switch (end->code) {
    case CURLE_OPERATION_TIMEDOUT:
        snprintf(words, sizeof(words), "Timeout");
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        host(end, name, sizeof(name));
        snprintf(words, sizeof(words), "getaddrinfo ENOTFOUND %s", name);
        break;
    case CURLE_COULDNT_CONNECT:
        connect_failed(end, words, sizeof(words));
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        snprintf(words, sizeof(words), "%s", distrust(end));
        break;
    case CURLE_GOT_NOTHING:
        snprintf(words, sizeof(words), "socket hang up");
        break;
    case CURLE_RECV_ERROR:
        snprintf(words, sizeof(words), "read %s", error_name(end, "ECONNRESET"));
        break;
    case CURLE_SEND_ERROR:
        snprintf(words, sizeof(words), "write %s", error_name(end, "EPIPE"));
        break;
    case CURLE_PARTIAL_FILE:
        snprintf(words, sizeof(words), "aborted");
        break;
    case CURLE_WRITE_ERROR:
        snprintf(words, sizeof(words), "Parse Error: Header overflow");
        break;
    case CURLE_URL_MALFORMAT:
        snprintf(words, sizeof(words), "Invalid URL");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
        snprintf(words, sizeof(words), "%s",
                 strstr(end->detail, "HTTP/0.9") ? "Parse Error: no HTTP"
                                                 : "a redirect to no http or https");
        break;
    case CURLE_TOO_MANY_REDIRECTS:
        snprintf(words, sizeof(words), "too many redirects");
        break;
    case CURLE_WEIRD_SERVER_REPLY:
        snprintf(words, sizeof(words), "Parse Error: no HTTP");
        break;
    default:
        snprintf(words, sizeof(words), "%s",
                 *end->detail ? end->detail : curl_easy_strerror(end->code));
    }
    utf8_clean(out, size, words, strlen(words)); /* parts of it are a stranger's */
    for (; *out; out++)
        if (*out == '\n' || *out == '\t')
            *out = ' ';
}
