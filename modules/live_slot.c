/*
 * live_slot: how many streams each child holds, where the parent can see it.
 *
 * A child that is killed cannot count its streams out; the parent does it when it learns
 * of the end, so that the number of open streams stays right.
 */
#include "live.h"

#include <ap_mpm.h>
#include <apr_shm.h>
#include <apr_thread_mutex.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNTS 256 /* with log streams, a child */

typedef struct {
    pid_t pid; /* 0: free */
    int streams;
    struct {
        apr_int64_t account;
        int feeds; /* 0: the place is free */
    } of[ACCOUNTS];
} slot;

static slot *slots;
static int nslots;
static slot *own; /* in a child */
static apr_thread_mutex_t *lock;

int live_slots_make(apr_pool_t *p)
{
    apr_shm_t *shm;

    own = NULL;
    nslots = 0;
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &nslots);
    if (nslots < 1 || apr_shm_create(&shm, nslots * sizeof(slot), NULL, p) != APR_SUCCESS) {
        nslots = 0;
        return 0;
    }
    slots = apr_shm_baseaddr_get(shm);
    memset(slots, 0, nslots * sizeof(slot));
    return 1;
}

void live_slot_take(apr_pool_t *p)
{
    pid_t pid = getpid();

    apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, p);

    for (int i = 0; i < nslots && !own; i++) {
        pid_t nobody = 0;

        if (__atomic_compare_exchange_n(&slots[i].pid, &nobody, pid, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            own = &slots[i];
    }
    if (own)
        __atomic_store_n(&own->streams, 0, __ATOMIC_RELEASE);
}

/* Only its own child writes to a slot, so that others may read it as it is. */
static int feeds_of(apr_int64_t account)
{
    int sum = 0;

    for (int i = 0; i < nslots; i++)
        for (int k = 0; __atomic_load_n(&slots[i].pid, __ATOMIC_RELAXED) && k < ACCOUNTS; k++)
            if (__atomic_load_n(&slots[i].of[k].account, __ATOMIC_RELAXED) == account)
                sum += __atomic_load_n(&slots[i].of[k].feeds, __ATOMIC_RELAXED);
    return sum;
}

static int place_of(apr_int64_t account)
{
    int place = -1;

    for (int k = 0; k < ACCOUNTS; k++) {
        if (own->of[k].account == account && own->of[k].feeds)
            return k;
        if (!own->of[k].feeds && place < 0)
            place = k;
    }
    return place;
}

int live_slot_feed(apr_int64_t account, int most)
{
    int k;

    if (!own)
        return 1;
    apr_thread_mutex_lock(lock);
    k = feeds_of(account) < most ? place_of(account) : -1;
    if (k >= 0) {
        __atomic_store_n(&own->of[k].account, account, __ATOMIC_RELAXED);
        __atomic_fetch_add(&own->of[k].feeds, 1, __ATOMIC_RELAXED);
    }
    apr_thread_mutex_unlock(lock);
    return k >= 0;
}

void live_slot_feed_gone(apr_int64_t account)
{
    int k;

    if (!own)
        return;
    apr_thread_mutex_lock(lock);
    k = place_of(account);
    if (k >= 0 && own->of[k].feeds)
        __atomic_fetch_sub(&own->of[k].feeds, 1, __ATOMIC_RELAXED);
    apr_thread_mutex_unlock(lock);
}

void live_slot_count(int n)
{
    if (own)
        __atomic_fetch_add(&own->streams, n, __ATOMIC_RELAXED);
}

int live_slot_bury(pid_t pid)
{
    for (int i = 0; i < nslots; i++) {
        if (slots[i].pid == pid) {
            int left = __atomic_exchange_n(&slots[i].streams, 0, __ATOMIC_ACQ_REL);

            memset(slots[i].of, 0, sizeof(slots[i].of));
            __atomic_store_n(&slots[i].pid, 0, __ATOMIC_RELEASE);
            return left;
        }
    }
    return 0;
}
