/*
 * tocsin_count: the counters of requests, in one piece of shared memory with the
 * limits and the breaker of the database.
 *
 * The memory hangs on httpd's process pool and so outlives graceful restarts: a scrape
 * after one sees counters that went on.
 */
#include <httpd.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

#define MEMORY_KEY "tocsin-memory-4" /* a new number with each new layout */

static const double bounds[TOCSIN_LATENCY_MAX - 1] = {.0005, .001, .0025, .005, .01, .025, .05,
                                                      .1,    .25,  .5,    1,    2.5, 10};
static tocsin_counters *counters;

tocsin_counters *tocsin_counters_get(void)
{
    return counters;
}

const double *tocsin_latency_bounds(void)
{
    return bounds;
}

int count_config(apr_pool_t *process, server_rec *s)
{
    apr_size_t size = sizeof(*counters) + db_memory_size() + limit_size();
    apr_status_t rv;
    apr_shm_t *shm;
    void *memory;

    apr_pool_userdata_get(&memory, MEMORY_KEY, process);
    if (!memory) {
        rv = apr_shm_create(&shm, size, NULL, process);
        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "tocsin: no shared memory");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        memory = apr_shm_baseaddr_get(shm);
        memset(memory, 0, size);
        apr_pool_userdata_set(memory, MEMORY_KEY, NULL, process);
    }
    counters = memory;
    db_memory_attach(counters + 1);
    limit_attach((char *)(counters + 1) + db_memory_size());
    return OK;
}

int count_slot(const char *route)
{
    for (int i = 0; i < TOCSIN_ROUTES_MAX; i++) {
        char *name = counters->route[i].route;

        if (!*name)
            apr_cpystrn(name, route, sizeof(counters->route[i].route));
        if (!strncmp(name, route, sizeof(counters->route[i].route) - 1))
            return i;
    }
    return -1;
}

void count_start(request_rec *r, int slot)
{
    core_request *cr = core_request_get(r);

    cr->slot = slot;
    if (!cr->counted)
        COUNT(in_flight);
    cr->counted = 1;
}

void tocsin_count_as(request_rec *r, const char *route)
{
    count_start(r, count_slot(route));
}

int count_log(request_rec *r)
{
    core_request *cr = ap_get_module_config(r->request_config, &tocsin_module);
    tocsin_route_count *c;
    apr_time_t us;
    int i;

    if (!cr || !cr->counted)
        return DECLINED;
    __atomic_fetch_sub(&counters->in_flight, 1, __ATOMIC_RELAXED);
    cr->counted = 0;
    if (cr->slot < 0)
        return DECLINED;
    c = &counters->route[cr->slot];
    us = apr_time_now() - r->request_time;
    for (i = 0; i < TOCSIN_LATENCY_MAX - 1 && us > bounds[i] * 1e6;)
        i++;
    __atomic_fetch_add(&c->latency[i], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&c->sum_us, (apr_uint64_t)(us > 0 ? us : 0), __ATOMIC_RELAXED);
    __atomic_fetch_add(&c->by_class[r->status / 100 % 6], 1, __ATOMIC_RELAXED);
    return DECLINED;
}
