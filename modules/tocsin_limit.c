/*
 * tocsin_limit: token buckets and marks in shared memory, without locks.
 *
 * A bucket is one number, the time at which it would be full again (GCRA): taking a token
 * moves it on by 1/rate, and a request is refused while it is more than `burst` tokens
 * ahead of now. Slots are found by a hash of the key in sets of four; in a full set the
 * one that matters least (nearest to full) gives way. Two writers who race for a fresh
 * slot may forget one token: limits are limits, not accounts.
 */
#include <apr_time.h>
#include <string.h>

#include "hash.h"
#include "tocsin_core.h"

#define SETS 16384
#define WAYS 4

typedef struct {
    apr_uint64_t tag;
    apr_uint64_t until; /* microseconds */
} slot;

static slot *slots;

apr_size_t limit_size(void)
{
    return sizeof(slot) * SETS * WAYS;
}

void limit_attach(void *memory)
{
    slots = memory;
}

static slot *find(apr_uint64_t tag, int make)
{
    slot *set = slots + (tag % SETS) * WAYS;
    slot *oldest = set;

    for (int i = 0; i < WAYS; i++) {
        if (__atomic_load_n(&set[i].tag, __ATOMIC_RELAXED) == tag)
            return &set[i];
        if (set[i].until < oldest->until)
            oldest = &set[i];
    }
    if (!make)
        return NULL;
    __atomic_store_n(&oldest->until, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&oldest->tag, tag, __ATOMIC_RELAXED);
    return oldest;
}

static apr_uint64_t tag_of(const char *key)
{
    apr_uint64_t tag = hash64(key, strlen(key), 0);

    return tag ? tag : 1; /* 0 is a free slot */
}

int tocsin_limit(request_rec *r, const char *key, double per_second, int burst, int *retry_s)
{
    apr_uint64_t now = (apr_uint64_t)r->request_time, full, next;
    apr_uint64_t period = (apr_uint64_t)(1e6 / per_second);
    apr_uint64_t room = period * (apr_uint64_t)(burst - 1);
    slot *s;

    if (!slots)
        return 1;
    s = find(tag_of(key), 1);
    full = __atomic_load_n(&s->until, __ATOMIC_RELAXED);
    do {
        if (full > now + room) {
            if (retry_s)
                *retry_s = (int)((full - now - room + 999999) / 1000000);
            COUNT(limited);
            return 0;
        }
        next = (full > now ? full : now) + period;
    } while (!__atomic_compare_exchange_n(&s->until, &full, next, 0, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return 1;
}

void tocsin_limit_refund(const char *key, double per_second, int)
{
    slot *s = slots ? find(tag_of(key), 0) : NULL;
    apr_uint64_t period = (apr_uint64_t)(1e6 / per_second), full;

    full = s ? __atomic_load_n(&s->until, __ATOMIC_RELAXED) : 0;
    while (full > period && /* a fresh slot has nothing to give back: below 0 is for ever */
           !__atomic_compare_exchange_n(&s->until, &full, full - period, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
        continue;
}

void tocsin_mark(const char *key, int seconds)
{
    apr_uint64_t until = (apr_uint64_t)(apr_time_now() + apr_time_from_sec(seconds));

    if (slots)
        __atomic_store_n(&find(tag_of(key), 1)->until, until, __ATOMIC_RELAXED);
}

int tocsin_marked(const char *key)
{
    slot *s = slots ? find(tag_of(key), 0) : NULL;

    return s && __atomic_load_n(&s->until, __ATOMIC_RELAXED) > (apr_uint64_t)apr_time_now();
}
