/* github_list: lists of many pages, and what is kept of them from run to run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "github.h"

#define CACHE_NAME    "/.github-cache.json"
#define CACHE_VERSION 1
#define CACHE_MAX     (256u << 20)
#define URL_SIZE      2048

/* ---------------------------------------------------------------- entries */

static void keep(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);

    if (value && !json_is_null(value))
        json_object_set(to, name, value);
}

/* What is used of an issue or a comment: a tenth of what comes. */
static json_t *cut(const json_t *entry)
{
    static const char *const fields[] = {"number",    "title",      "body",
                                         "state",     "created_at", "updated_at",
                                         "closed_at", "html_url",   "comments"};
    json_t *out = json_object(), *labels = json_object_get(entry, "labels"), *names, *one;
    const char *login =
        json_string_value(json_object_get(json_object_get(entry, "user"), "login"));
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        keep(out, entry, fields[i]);
    if (login)
        json_object_set_new(out, "author", json_string(login));
    if (json_object_get(entry, "pull_request"))
        json_object_set_new(out, "pull_request", json_true());
    names = json_array();
    json_array_foreach(labels, i, one)
    {
        json_t *name = json_is_string(one) ? one : json_object_get(one, "name");

        if (json_is_string(name))
            json_array_append(names, name);
    }
    json_object_set_new(out, "labels", names);
    return out;
}

/* The target of rel="next" in a Link header; false when this is the last page. */
static bool next_of(const char *link, char *out, size_t size)
{
    const char *p = link, *end, *rel;

    while ((p = strchr(p, '<')) && (end = strchr(p, '>'))) {
        size_t len = (size_t)(end - p) - 1;
        const char *stop = strchr(end, '<');

        rel = strstr(end, "rel=\"next\"");
        if (rel && (!stop || rel < stop) && len < size) {
            memcpy(out, p + 1, len);
            out[len] = '\0';
            return true;
        }
        p = end;
    }
    return false;
}

/* ---------------------------------------------------------------- pages */

/* The page as {etag, next, version, items}, borrowed from g->used; NULL: see error. */
static json_t *page(struct github *g, const char *url, const char *version)
{
    json_t *old = json_object_get(g->cache, url), *page, *items, *doc, *one;
    const char *etag = json_string_value(json_object_get(old, "etag"));
    const char *had = json_string_value(json_object_get(old, "version"));
    char text[4096], next[URL_SIZE];
    size_t i;

    if (version && had && !strcmp(version, had)) {
        json_object_set(g->used, url, old);
        return old;
    }
    doc = github_ask(g, "GET", url, NULL,
                     json_is_array(json_object_get(old, "items")) ? etag : NULL);
    if (!doc)
        return NULL;
    if (json_is_null(doc)) {
        g->unchanged++;
        page = json_incref(old);
    }
    else if (!json_is_array(doc)) {
        snprintf(g->error, sizeof(g->error), "%.200s: the answer is no list", url);
        json_decref(doc);
        return NULL;
    }
    else {
        items = json_array();
        json_array_foreach(doc, i, one) json_array_append_new(items, cut(one));
        page = json_object();
        json_object_set_new(page, "items", items);
        if (github_header(g, "etag", text, sizeof(text)))
            json_object_set_new(page, "etag", json_string(text));
        if (github_header(g, "link", text, sizeof(text)) && next_of(text, next, sizeof(next)))
            json_object_set_new(page, "next", json_string(next));
    }
    if (version)
        json_object_set_new(page, "version", json_string(version));
    json_object_set_new(g->used, url, page);
    json_decref(doc);
    return page;
}

/* Whether the last entry of a page was updated before the time. */
static bool reaches(const json_t *items, const char *until)
{
    const json_t *last = json_array_get(items, json_array_size(items) - 1);
    const char *at = json_string_value(json_object_get(last, "updated_at"));

    return until && at && strcmp(at, until) < 0;
}

json_t *github_list(struct github *g, const char *path, const char *version, const char *until)
{
    char url[URL_SIZE];
    json_t *all = json_array(), *seen = json_object(), *got;
    const char *next;
    int n;

    snprintf(url, sizeof(url), "%s/repos/%s/%s%s", g->api, g->owner, g->repo, path);
    if (!g->used)
        g->used = json_object();
    for (n = 1;; n++) {
        got = page(g, url, version);
        if (!got)
            break;
        json_object_set_new(seen, url, json_true());
        json_array_extend(all, json_object_get(got, "items"));
        next = json_string_value(json_object_get(got, "next"));
        if (!next || reaches(json_object_get(got, "items"), until)) {
            json_decref(seen);
            return all;
        }
        if (!github_is_ours(g, next) || strlen(next) >= sizeof(url)) {
            snprintf(g->error, sizeof(g->error),
                     "the next page is said to be elsewhere: '%.200s'", next);
            break;
        }
        if (n == GITHUB_PAGES_MAX || json_object_get(seen, next)) {
            snprintf(g->error, sizeof(g->error), "'%.200s' has no end", path);
            break;
        }
        snprintf(url, sizeof(url), "%s", next);
    }
    json_decref(seen);
    json_decref(all);
    return NULL;
}

/* ---------------------------------------------------------------- from run to run */

void github_cache_open(struct github *g, const char *dir)
{
    char path[4096];
    json_t *doc;
    size_t len;
    char *text;

    g->used = json_object();
    snprintf(path, sizeof(path), "%s%s", dir, CACHE_NAME);
    text = file_read(path, CACHE_MAX, &len);
    if (!text) {
        if (g->verbose && errno != ENOENT)
            complain("%s: %s", path, strerror(errno));
        return;
    }
    doc = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    free(text);
    if (json_integer_value(json_object_get(doc, "version")) == CACHE_VERSION &&
        json_is_object(json_object_get(doc, "pages")))
        g->cache = json_incref(json_object_get(doc, "pages"));
    else if (g->verbose)
        complain("%s is of no use and will be written anew", path);
    json_decref(doc);
}

void github_cache_save(struct github *g, const char *dir, bool all)
{
    char path[4096], error[512];
    json_t *doc;
    char *text;

    if (!all && g->cache) /* what an unfinished run has not come to is still good */
        json_object_update_missing(g->used, g->cache);
    doc = json_pack("{s:i, s:O}", "version", CACHE_VERSION, "pages", g->used);
    text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(path, sizeof(path), "%s%s", dir, CACHE_NAME);
    if (text && file_replace_if_changed(path, text, strlen(text), error, sizeof(error)) < 0 &&
        g->verbose)
        complain("%s", error);
    free(text);
    json_decref(doc);
}
