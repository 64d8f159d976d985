/*
 * github: requests to GitHub's REST API, with the patience and the thrift it asks for.
 *
 * Lists are read to their last page. With a cache file each page is asked for by its ETag and
 * costs no rate limit while it is the same. A rate limit that is over soon is waited for,
 * a later one is an error that says when. Whatever fails, the caller has all or nothing.
 */
#ifndef TOCSIN_CLI_GITHUB_H
#define TOCSIN_CLI_GITHUB_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

#define GITHUB_API       "https://api.github.com"
#define GITHUB_PAGES_MAX 500 /* of one list: 50 000 entries */

struct github {
    const char *api, *owner, *repo;
    const char *token; /* NULL: nobody */
    long max_wait_ms;  /* longer a rate limit is not waited for */
    long retry_ms;     /* before the first repetition, doubled each time */
    bool verbose;
    CURL *curl;
    json_t *cache; /* pages by URL; NULL: none */
    json_t *used;  /* those of this run */
    int requests, unchanged;
    int status; /* of the last answer, 0: none */
    char error[512];
};

/* The flags that every command of GitHub's has; put them into its table. */
#define GITHUB_FLAGS(g)                                                                       \
    {"owner", FLAG_TEXT, &(g).owner, "NAME", "of the repository ($GITHUB_OWNER)"},            \
        {"repo", FLAG_TEXT, &(g).repo, "NAME",                                                \
         "the repository, or OWNER/NAME ($GITHUB_REPO, $GITHUB_REPOSITORY)"},                 \
        {"api", FLAG_TEXT, &(g).api, "URL", "of the API ($GITHUB_API_URL, " GITHUB_API ")"},  \
        {"max-wait", FLAG_MS, &(g).max_wait_ms, "MS",                                         \
         "longest wait for a rate limit to end (60s)"},                                       \
        {"retry-delay", FLAG_MS, &(g).retry_ms, "MS",                                         \
         "before a failed request is repeated, then doubled (1s)"},                           \
    {                                                                                         \
        "verbose", FLAG_SWITCH, &(g).verbose, NULL, "say each request"                        \
    }

/* Before the flags are read: what they leave alone. */
#define GITHUB_START                                                                          \
    {                                                                                         \
        .max_wait_ms = 60000, .retry_ms = 1000                                                \
    }

/* After the flags: takes the rest from the environment. -1: said on stderr. */
int github_open(struct github *g);
void github_close(struct github *g);

/*
 * One answer, decoded: for free by json_decref(). `path` begins with '/' below the
 * repository, or is a whole URL of the same API. A GET and a PATCH are repeated when the
 * server fails, a POST is not. Takes `body`. NULL: see error.
 */
json_t *github_send(struct github *g, const char *method, const char *path, json_t *body);

/*
 * Every entry of a list, cut to the fields that are used here. With a `version`, what the
 * cache has of that version is taken without asking; with `until` (a time as GitHub writes
 * it) the list comes latest update first and ends with the page that goes back so far.
 * NULL: see error.
 */
json_t *github_list(struct github *g, const char *path, const char *version,
                    const char *until);

/* Whether the URL lies at the API: a token goes nowhere else. */
bool github_is_ours(const struct github *g, const char *url);

/* The last answer's header, cut into `out`; false when it has none. */
bool github_header(struct github *g, const char *name, char *out, size_t size);

/* One request with an ETag or NULL; *status is 304 when nothing changed, then the answer is
 * null. For github_list(). */
json_t *github_ask(struct github *g, const char *method, const char *url, json_t *body,
                   const char *etag);

/* The cache: DIR/.github-cache.json. What cannot be read or written is said with --verbose
 * and is no failure. `all`: forget what this run did not use. */
void github_cache_open(struct github *g, const char *dir);
void github_cache_save(struct github *g, const char *dir, bool all);

#endif
