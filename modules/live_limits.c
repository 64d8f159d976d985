/*
 * live_limits: what the rest of the configuration means for event streams.
 *
 * The event MPM counts a suspended connection as one that is being served: a child with
 * ThreadsPerChild + idle threads × AsyncRequestWorkerFactor of them accepts nobody else.
 * It tells nobody the factor, so it is looked up in the configuration's tree.
 */
#include "live.h"

#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <strings.h>

APLOG_USE_MODULE(tocsin_live);

#define FACTOR_DEFAULT 2 /* AsyncRequestWorkerFactor when it is not said */
#define SMALL          100

static const char *find(const ap_directive_t *d, const char *name)
{
    const char *found = NULL;

    for (; d; d = d->next) {
        const char *inside = NULL;

        if (strcasecmp(d->directive, name) == 0)
            found = d->args; /* the last one holds */
        if (d->first_child)
            inside = find(d->first_child, name);
        if (inside)
            found = inside;
    }
    return found;
}

const char *live_directive(apr_pool_t *p, const char *name)
{
    const char *args = find(ap_conftree, name);

    return args ? ap_getword_conf(p, &args) : NULL;
}

int live_limit(server_rec *s, apr_pool_t *p, int wanted)
{
    const char *text = live_directive(p, "AsyncRequestWorkerFactor");
    double factor = text ? atof(text) : FACTOR_DEFAULT;
    int threads = 1, async = 0, room;

    ap_mpm_query(AP_MPMQ_IS_ASYNC, &async);
    if (!async) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     "event streams are polled: only mpm_event can hold them open");
        return wanted ? wanted : 1;
    }
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    /* Half the threads may be busy, and a quarter of what is then left is for others. */
    room = (int)((threads + threads / 2 * factor) * 3 / 4);
    if (wanted > room)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "TocsinLiveMax %d is more than ThreadsPerChild %d with "
                     "AsyncRequestWorkerFactor %g can bear: beyond about %d streams a child "
                     "may stop answering; raise AsyncRequestWorkerFactor",
                     wanted, threads, factor, room);
    else if (!wanted && room < SMALL)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "AsyncRequestWorkerFactor %g leaves room for only %d event streams a "
                     "child; 200 is a good value",
                     factor, room);
    return wanted ? wanted : room;
}
