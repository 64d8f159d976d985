/* github: one request at a time, repeated where that makes sense. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "day.h"
#include "github.h"

#define ANSWER_MAX (64u << 20)
#define ATTEMPTS   4
#define LIMITS_MAX 3 /* rate limits in a row that are waited for */
#define URL_SIZE   2048

struct answer {
    buf body;
    bool too_long;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct answer *a = arg;

    if (a->body.len + size * n > ANSWER_MAX) {
        a->too_long = true;
        return 0;
    }
    buf_add(&a->body, data, size * n);
    return size * n;
}

static void wait_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

bool github_header(struct github *g, const char *name, char *out, size_t size)
{
    struct curl_header *h;

    if (curl_easy_header(g->curl, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
        strlen(h->value) >= size)
        return false;
    snprintf(out, size, "%s", h->value);
    return true;
}

/* ---------------------------------------------------------------- one exchange */

static struct curl_slist *add(struct curl_slist *list, const char *name, const char *value)
{
    char line[4400];
    struct curl_slist *more;

    snprintf(line, sizeof(line), "%s: %s", name, value);
    more = curl_slist_append(list, line);
    if (!more)
        abort();
    return more;
}

/* 0: there is an answer, g->status says which; -1: there is none, g->error says why. */
static int exchange(struct github *g, const char *method, const char *url, const char *body,
                    const char *etag, struct answer *a)
{
    struct curl_slist *headers = add(NULL, "Accept", "application/vnd.github+json");
    char why[CURL_ERROR_SIZE] = "";
    CURLcode rc;
    long status = 0;

    headers = add(headers, "X-GitHub-Api-Version", "2022-11-28");
    if (body)
        headers = add(headers, "Content-Type", "application/json");
    if (etag)
        headers = add(headers, "If-None-Match", etag);
    curl_easy_reset(g->curl);
    curl_easy_setopt(g->curl, CURLOPT_URL, url);
    curl_easy_setopt(g->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(g->curl, CURLOPT_USERAGENT, "tocsin/" PACKAGE_VERSION);
    curl_easy_setopt(g->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(g->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(g->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(g->curl, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(g->curl, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(g->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(g->curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(g->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(g->curl, CURLOPT_WRITEDATA, a);
    if (g->token) { /* by curl's own means, which no redirect takes elsewhere */
        curl_easy_setopt(g->curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(g->curl, CURLOPT_XOAUTH2_BEARER, g->token);
    }
    if (!strcmp(method, "GET")) { /* a repository that was renamed */
        curl_easy_setopt(g->curl, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(g->curl, CURLOPT_MAXREDIRS, 3L);
        curl_easy_setopt(g->curl, CURLOPT_REDIR_PROTOCOLS_STR,
                         strncmp(url, "https:", 6) ? "http,https" : "https");
    }
    if (body)
        curl_easy_setopt(g->curl, CURLOPT_POSTFIELDS, body);
    buf_clear(&a->body);
    rc = curl_easy_perform(g->curl);
    g->requests++;
    curl_easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    g->status = rc == CURLE_OK ? (int)status : 0;
    if (g->verbose)
        fprintf(stderr, "%s %s: %d\n", method, url, g->status);
    if (rc == CURLE_OK)
        return 0;
    snprintf(g->error, sizeof(g->error), "%s: %s", url,
             a->too_long ? "the answer is too long"
             : *why      ? why
                         : curl_easy_strerror(rc));
    return -1;
}

/* ---------------------------------------------------------------- what an answer means */

/* How long a rate limit lasts by the headers of the answer; -1: it is none. */
static int64_t limit_ms(struct github *g, const char *body)
{
    char text[64], date[64];
    int64_t now = time(NULL), at;

    if (g->status != 403 && g->status != 429)
        return -1;
    if (github_header(g, "retry-after", text, sizeof(text))) {
        if (isdigit((unsigned char)text[0]))
            return strtoll(text, NULL, 10) * 1000;
        at = curl_getdate(text, NULL);
        return at > now ? (at - now) * 1000 : 0;
    }
    if (github_header(g, "x-ratelimit-remaining", text, sizeof(text)) && !strcmp(text, "0") &&
        github_header(g, "x-ratelimit-reset", text, sizeof(text))) {
        if (github_header(g, "date", date, sizeof(date)) && curl_getdate(date, NULL) > 0)
            now = curl_getdate(date, NULL); /* the clock that the reset is told by */
        at = strtoll(text, NULL, 10);
        return at > now ? (at - now) * 1000 : 0;
    }
    if (g->status == 429 || strstr(body, "rate limit"))
        return 60000; /* as GitHub's documentation asks when nothing is said */
    return -1;
}

/* The "message" of an answer, in printable words. */
static void message_of(const char *body, char *out, size_t size)
{
    json_t *doc = json_loads(body, JSON_ALLOW_NUL, NULL);
    const char *m = json_string_value(json_object_get(doc, "message"));
    char *p;

    snprintf(out, size, "%s", m ? m : "");
    for (p = out; *p; p++)
        if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
            *p = '?';
    json_decref(doc);
}

static void explain(struct github *g, const char *url, const char *body)
{
    const char *hint = g->status == 401
                           ? g->token ? ": the token is not valid" : ": no token is set"
                       : g->status == 403 ? ": the token may not do this"
                       : g->status == 404 ? ": no such repository, or the token may not see it"
                       : g->status == 410 ? ": issues are switched off there"
                                          : "";
    char message[200];

    message_of(body, message, sizeof(message));
    snprintf(g->error, sizeof(g->error), "%.200s answered %d%s%s%s%s", url, g->status, hint,
             *message ? " (" : "", message, *message ? ")" : "");
}

static void explain_limit(struct github *g, const char *url, int64_t ms)
{
    char when[24];

    day_print_s((int64_t)time(NULL) + (ms + 999) / 1000, when);
    snprintf(g->error, sizeof(g->error), "%.200s: the rate limit is used up until %s%s", url,
             when, g->token ? "" : "; with a token it is higher");
}

/* Whether to ask once more, after having waited. */
static bool again(struct github *g, bool safe, int attempt, int *limits, const char *url,
                  const char *body)
{
    int64_t ms = limit_ms(g, body);

    if (ms >= 0) {
        explain_limit(g, url, ms);
        if (ms > g->max_wait_ms || ++*limits > LIMITS_MAX)
            return false;
        if (g->verbose)
            fprintf(stderr, "rate limit: waiting %lld ms\n", (long long)ms);
        wait_ms((long)ms);
        return true;
    }
    if (g->status >= 400)
        explain(g, url, body);
    if (!safe || attempt == ATTEMPTS || (g->status != 0 && g->status < 500))
        return false;
    ms = g->retry_ms << (attempt - 1);
    wait_ms((long)ms + (ms > 4 ? (long)(random() % (ms / 4)) : 0));
    return true;
}

bool github_is_ours(const struct github *g, const char *url)
{
    const char *host = strstr(g->api, "://");
    size_t n = host ? (size_t)(host - g->api) + 3 : 0;

    n += strcspn(g->api + n, "/");
    return !strncmp(url, g->api, n) && (url[n] == '/' || url[n] == '?');
}

json_t *github_ask(struct github *g, const char *method, const char *url, json_t *body,
                   const char *etag)
{
    bool safe = strcmp(method, "POST") != 0;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct answer a = {0};
    json_error_t e;
    json_t *doc = NULL;
    int attempt = 0, limits = 0, rc;

    do {
        rc = exchange(g, method, url, text, etag, &a);
        attempt++;
    } while ((rc != 0 || g->status >= 400) &&
             again(g, safe, attempt, &limits, url, buf_end(&a.body)));
    free(text);
    if (rc == 0 && g->status == 304 && etag)
        doc = json_null();
    else if (rc == 0 && g->status >= 200 && g->status < 300) {
        doc = json_loadb(a.body.data ? a.body.data : "", a.body.len, JSON_ALLOW_NUL, &e);
        if (!doc)
            snprintf(g->error, sizeof(g->error), "%.200s: the answer is no JSON: %s", url,
                     e.text);
    }
    else if (rc == 0 && g->status < 400) {
        snprintf(g->error, sizeof(g->error), "%.200s answered %d", url, g->status);
    }
    buf_free(&a.body);
    return doc;
}

json_t *github_send(struct github *g, const char *method, const char *path, json_t *body)
{
    char url[URL_SIZE];
    json_t *doc;
    int n;

    if (*path == '/')
        n = snprintf(url, sizeof(url), "%s/repos/%s/%s%s", g->api, g->owner, g->repo, path);
    else
        n = snprintf(url, sizeof(url), "%s", path);
    if (n >= URL_SIZE || !github_is_ours(g, url)) {
        snprintf(g->error, sizeof(g->error), "'%.200s' is no address of this API", path);
        json_decref(body);
        return NULL;
    }
    doc = github_ask(g, method, url, body, NULL);
    json_decref(body);
    return doc;
}

/* ---------------------------------------------------------------- who and where */

static bool is_name(const char *s)
{
    return *s && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && strlen(s) <= 100 &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               strlen(s);
}

static const char *environment(const char *a, const char *b)
{
    const char *value = getenv(a);

    if ((!value || !*value) && b)
        value = getenv(b);
    return value && *value ? value : NULL;
}

/* "owner/name" fills both; what was given apart counts. */
static void split(struct github *g, const char *both)
{
    static char owner[128];
    const char *slash = strchr(both, '/');

    if (!slash)
        return;
    snprintf(owner, sizeof(owner), "%.*s", (int)(slash - both), both);
    if (!g->owner)
        g->owner = owner;
    g->repo = slash + 1;
}

int github_open(struct github *g)
{
    static char api[1024];
    const char *both = environment("GITHUB_REPOSITORY", NULL), *p;

    if (!g->api)
        g->api = environment("GITHUB_API_URL", NULL);
    snprintf(api, sizeof(api), "%s", g->api ? g->api : GITHUB_API);
    while (*api && api[strlen(api) - 1] == '/')
        api[strlen(api) - 1] = '\0';
    g->api = api;
    if (!g->owner)
        g->owner = environment("GITHUB_OWNER", NULL);
    if (!g->repo)
        g->repo = environment("GITHUB_REPO", NULL);
    if (g->repo)
        split(g, g->repo);
    else if (both)
        split(g, both);
    g->token = environment("GITHUB_TOKEN", "GH_TOKEN");
    if (strncmp(api, "https://", 8) != 0 && strncmp(api, "http://", 7) != 0) {
        complain("the API '%s' is no http or https address", api);
        return -1;
    }
    if (!g->owner || !g->repo) {
        complain("which repository? --owner and --repo, or GITHUB_REPOSITORY=owner/name");
        return -1;
    }
    if (!is_name(g->owner) || !is_name(g->repo)) {
        complain("'%s/%s' is no name of a repository", g->owner, g->repo);
        return -1;
    }
    for (p = g->token; p && *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f) {
            complain("the token in the environment holds a character that no token has");
            return -1;
        }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g->curl = curl_easy_init();
    if (!g->curl)
        abort();
    return 0;
}

void github_close(struct github *g)
{
    curl_easy_cleanup(g->curl);
    json_decref(g->cache);
    json_decref(g->used);
    curl_global_cleanup();
}
