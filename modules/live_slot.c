/*
 * live_slot: how many streams each child holds, where the parent can see it.
 *
 * A child that is killed cannot count its streams out; the parent does it when it learns
 * of the end, so that the number of open streams stays right.
 */
#include "live.h"

#include <ap_mpm.h>
#include <apr_shm.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    pid_t pid; /* 0: free */
    int streams;
} slot;

static slot *slots;
static int nslots;
static slot *own; /* in a child */

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

void live_slot_take(void)
{
    pid_t pid = getpid();

    for (int i = 0; i < nslots && !own; i++) {
        pid_t nobody = 0;

        if (__atomic_compare_exchange_n(&slots[i].pid, &nobody, pid, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            own = &slots[i];
    }
    if (own)
        __atomic_store_n(&own->streams, 0, __ATOMIC_RELEASE);
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

            __atomic_store_n(&slots[i].pid, 0, __ATOMIC_RELEASE);
            return left;
        }
    }
    return 0;
}
