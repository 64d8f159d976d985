/*
 * metrics_cache: what was written a moment ago serves all who may see the same.
 *
 * A text is counted, not copied: it may be seven megabytes and on its way to a slow
 * reader when a newer one takes its place.
 */
#include "metrics.h"

#include <stdlib.h>
#include <apr_thread_mutex.h>

#define PLACES 8
#define FRESH  apr_time_from_sec(1)

typedef struct {
    int refs; /* atomic */
    size_t len;
    char *data;
} kept;

static struct {
    apr_int64_t key;
    apr_time_t at;
    kept *text;
} place[PLACES];
static apr_thread_mutex_t *lock;

static apr_status_t release(void *data)
{
    kept *k = data;

    if (__atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        free(k->data);
        free(k);
    }
    return APR_SUCCESS;
}

static void hold(kept *k, request_rec *r)
{
    __atomic_add_fetch(&k->refs, 1, __ATOMIC_ACQ_REL);
    apr_pool_cleanup_register(r->pool, k, release, apr_pool_cleanup_null);
}

static apr_status_t empty(void *)
{
    for (int i = 0; i < PLACES; i++) {
        if (place[i].text)
            release(place[i].text);
        place[i].text = NULL;
    }
    return APR_SUCCESS;
}

void metrics_cache_init(apr_pool_t *p)
{
    memset(place, 0, sizeof(place));
    if (apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, p) != APR_SUCCESS)
        abort();
    apr_pool_cleanup_register(p, NULL, empty, apr_pool_cleanup_null);
}

int metrics_cache_get(request_rec *r, apr_int64_t key, const char **text, size_t *len)
{
    apr_time_t now = apr_time_now();
    kept *found = NULL;

    apr_thread_mutex_lock(lock);
    for (int i = 0; i < PLACES && !found; i++) {
        if (place[i].text && place[i].key == key && now - place[i].at < FRESH)
            found = place[i].text;
    }
    if (found)
        hold(found, r);
    apr_thread_mutex_unlock(lock);
    if (!found)
        return 0;
    *text = found->data;
    *len = found->len;
    return 1;
}

void metrics_cache_put(request_rec *r, apr_int64_t key, buf *b)
{
    kept *k = malloc(sizeof(*k));
    int oldest = 0;

    if (!k)
        abort();
    *k = (kept){.refs = 1, .len = b->len, .data = b->data};
    *b = (buf){0};
    hold(k, r);
    apr_thread_mutex_lock(lock);
    for (int i = 0; i < PLACES; i++) {
        if (place[i].text && place[i].key == key) {
            oldest = i;
            break;
        }
        if (place[i].at < place[oldest].at)
            oldest = i;
    }
    if (place[oldest].text)
        release(place[oldest].text);
    place[oldest].key = key;
    place[oldest].at = apr_time_now();
    place[oldest].text = k;
    apr_thread_mutex_unlock(lock);
}
