/*
 * monitor_cache: one slot an account, found by its number; a second account of a slot
 * takes it over. Bodies are malloc'ed: they come and go, and a pool would only grow.
 */
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <stdlib.h>
#include <string.h>

#include "monitor_cache.h"

#define SLOTS 64
#define BODY_MAX                                                                              \
    (512 * 1024) /* larger ones are rare, and cost more to keep for each child                \
                  */
#define KEPT apr_time_from_sec(1)

typedef struct {
    apr_int64_t account;
    apr_uint64_t writes;
    apr_time_t since;
    char *json;
    apr_size_t len;
} slot;

static slot slots[SLOTS];
static apr_thread_mutex_t *lock;

static apr_status_t forget(void *)
{
    for (int i = 0; i < SLOTS; i++)
        free(slots[i].json);
    memset(slots, 0, sizeof(slots));
    return APR_SUCCESS;
}

void monitor_cache_init(apr_pool_t *p)
{
    lock = NULL;
    memset(slots, 0, sizeof(slots));
    if (apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, p) != APR_SUCCESS)
        lock = NULL; /* then nothing is kept */
    apr_pool_cleanup_register(p, NULL, forget, apr_pool_cleanup_null);
}

const char *monitor_cache_get(apr_pool_t *p, apr_int64_t account, apr_uint64_t writes,
                              apr_size_t *len)
{
    slot *s = &slots[(apr_uint64_t)account % SLOTS];
    apr_time_t now = apr_time_now();
    const char *json = NULL;

    if (!lock)
        return NULL;
    apr_thread_mutex_lock(lock);
    if (s->json && s->account == account && s->writes == writes && now >= s->since &&
        now - s->since < KEPT) {
        json = apr_pmemdup(p, s->json, s->len + 1);
        *len = s->len;
    }
    apr_thread_mutex_unlock(lock);
    return json;
}

void monitor_cache_put(apr_int64_t account, apr_uint64_t writes, apr_time_t since,
                       const char *json, apr_size_t len)
{
    slot *s = &slots[(apr_uint64_t)account % SLOTS];
    char *copy = lock && len <= BODY_MAX ? malloc(len + 1) : NULL;

    if (!copy)
        return;
    memcpy(copy, json, len);
    copy[len] = '\0';
    apr_thread_mutex_lock(lock);
    free(s->json);
    *s =
        (slot){.account = account, .writes = writes, .since = since, .json = copy, .len = len};
    apr_thread_mutex_unlock(lock);
}
