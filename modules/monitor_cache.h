/*
 * monitor_cache: the list of all monitors in columns, kept for a second.
 *
 * It is what dashboards, scripts and walls ask for again and again, and the dearest read
 * there is. A kept list is one that SQL has written within the last second for the same
 * account, and since then nobody has written anything through this httpd: whoever changes
 * a monitor and asks for the list sees the change. What checks find out may come a second
 * late here; it is told by the event stream, and `rev` in the list says where to go on.
 */
#ifndef TOCSIN_MONITOR_CACHE_H
#define TOCSIN_MONITOR_CACHE_H

#include <httpd.h>

/* Once in each child. */
void monitor_cache_init(apr_pool_t *p);
/* A copy in `p`, or NULL. `writes`: the count of writes now. */
const char *monitor_cache_get(apr_pool_t *p, apr_int64_t account, apr_uint64_t writes,
                              apr_size_t *len);
/* Keep what SQL wrote; `writes` and `since` were taken before it was asked. */
void monitor_cache_put(apr_int64_t account, apr_uint64_t writes, apr_time_t since,
                       const char *json, apr_size_t len);

#endif
