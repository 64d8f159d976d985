/*
 * fetch_redirect: where a redirect leads, and what may go along.
 *
 * Followed here and not by libcurl, because three things are ours to decide: what a
 * circle is, what time is left, and that a header with a secret is never shown to
 * another origin than the one the user gave it for.
 */
#include "fetch_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "role.h"

static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

/* The part of a URL after which comes what the server sees: scheme, name and port. */
static bool same_origin(const char *a, const char *b)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *ua = curl_url(), *ub = curl_url();
    char *va, *vb;
    bool same = ua && ub && !curl_url_set(ua, CURLUPART_URL, a, 0) &&
                !curl_url_set(ub, CURLUPART_URL, b, 0);
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(*parts) && same; i++) {
        va = vb = NULL;
        same = !curl_url_get(ua, parts[i], &va, CURLU_DEFAULT_PORT) &&
               !curl_url_get(ub, parts[i], &vb, CURLU_DEFAULT_PORT) && strcasecmp(va, vb) == 0;
        curl_free(va);
        curl_free(vb);
    }
    curl_url_cleanup(ua);
    curl_url_cleanup(ub);
    return same;
}

/* Is this header line bound to the origin it was given for? */
static bool bound(const char *line)
{
    static const char *const whole[] = {"authorization", "cookie", "proxy-authorization",
                                        "host"};
    static const char *const within[] = {"token", "secret", "key", "auth", "passw"};
    size_t n = strcspn(line, ":;"), i;
    char name[64];

    if (n >= sizeof(name))
        return true;
    for (i = 0; i < n; i++)
        name[i] = tolower((unsigned char)line[i]);
    name[n] = '\0';
    for (i = 0; i < sizeof(whole) / sizeof(*whole); i++)
        if (strcmp(name, whole[i]) == 0)
            return true;
    for (i = 0; i < sizeof(within) / sizeof(*within); i++)
        if (strstr(name, within[i]))
            return true;
    return false;
}

static int leave_origin(struct fetch_job *job)
{
    struct curl_slist *kept = NULL, *more;
    const struct curl_slist *h;

    for (h = job->headers; h; h = h->next) {
        if (bound(h->data))
            continue;
        if (!(more = curl_slist_append(kept, h->data))) {
            curl_slist_free_all(kept);
            return -1;
        }
        kept = more;
    }
    curl_slist_free_all(job->own_headers);
    job->headers = job->own_headers = kept;
    return 0;
}

static bool is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* 301 and 302 turn a POST into a GET as every browser does, 303 turns all but HEAD. */
static void next_method(struct fetch_job *job, int code)
{
    bool post = strcmp(job->method, "POST") == 0, head = strcmp(job->method, "HEAD") == 0;

    if (!(code == 303 && !head) && !(code <= 302 && post))
        return;
    strcpy(job->method, "GET");
    free(job->body);
    job->body = NULL;
    job->body_len = 0;
}

static int refuse(struct fetch_job *job, const char *url)
{
    int i;

    if (!is_http(url)) {
        fetch_fail(job, REASON_REDIRECT_SCHEME,
                   "redirected to \"%.120s\", which is not followed", url);
        return -1;
    }
    if (strlen(url) > FETCH_URL_MAX) {
        fetch_fail(job, REASON_BAD_RESPONSE, "redirected to a URL of more than %d bytes",
                   FETCH_URL_MAX);
        return -1;
    }
    for (i = 0; i <= job->res.redirects && i <= FETCH_REDIRECT_MAX; i++)
        if (job->been[i] == hash(url)) {
            fetch_fail(job, REASON_REDIRECT_LOOP, "redirected in a circle to \"%.150s\"", url);
            return -1;
        }
    if (job->res.redirects >= job->redirects) {
        fetch_fail(job, REASON_REDIRECT_LIMIT,
                   "more than %d redirects, the next to \"%.150s\"", job->redirects, url);
        return -1;
    }
    return 0;
}

int fetch_redirect(struct fetch_job *job)
{
    const char *from = NULL, *url = NULL;
    int code = job->res.code;
    long left;

    if (job->redirects == 0 ||
        (code != 301 && code != 302 && code != 303 && code != 307 && code != 308))
        return 0;
    curl_easy_getinfo(job->easy, CURLINFO_REDIRECT_URL, &url);
    if (!url)
        return 0;
    curl_easy_getinfo(job->easy, CURLINFO_EFFECTIVE_URL, &from);
    job->been[job->res.redirects] = hash(from);
    if (refuse(job, url) != 0)
        return 0;
    left = job->timeout_ms - (long)((mono_us() - job->started_us) / 1000);
    if (left <= 0) {
        fetch_fail(job, REASON_TIMEOUT, "no complete answer within %ld s, after %d redirects",
                   job->timeout_ms / 1000, job->res.redirects);
        return 0;
    }
    if (!same_origin(from, url) && leave_origin(job) != 0) {
        fetch_fail(job, REASON_INTERNAL, "out of memory");
        return 0;
    }
    job->res.redirects++;
    next_method(job, code);
    curl_easy_setopt(job->easy, CURLOPT_TIMEOUT_MS, left);
    curl_easy_setopt(job->easy, CURLOPT_URL,
                     url); /* libcurl copies it before it frees its own */
    fetch_set_method(job);
    return 1;
}
