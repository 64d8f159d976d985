/*
 * metrics: the parts of mod_tocsin_metrics.
 */
#ifndef TOCSIN_METRICS_H
#define TOCSIN_METRICS_H

#include "mod_tocsin.h"

#include <libpq-fe.h>

#include "buf.h"

/* ---------------------------------------------------------------- metrics_monitors.c */

/* Rows of api.metrics_monitors() as samples. */
void metrics_monitors(buf *b, const PGresult *rows);

/* ---------------------------------------------------------------- metrics_instance.c */

/* Rows of api.metrics_instance(), which bring their own names and help. */
void metrics_rows(buf *b, const PGresult *rows);
/* What httpd's processes count together. */
void metrics_counters(buf *b, const tocsin_counters *counters, const double *bounds);
void metrics_build(buf *b);
/* "# HELP" and "# TYPE" of a family. */
void metrics_family(buf *b, const char *name, const char *kind, const char *help);

/* ---------------------------------------------------------------- metrics_cache.c
 * Texts of the last second, by who may see them.                                      */

void metrics_cache_init(apr_pool_t *p);
/* The text for this key, if it is fresh; it lives as long as the request. */
int metrics_cache_get(request_rec *r, apr_int64_t key, const char **text, size_t *len);
/* Keep a text, whose memory is taken over; it lives as long as the request, too. */
void metrics_cache_put(request_rec *r, apr_int64_t key, buf *b);

/* ---------------------------------------------------------------- metrics_health.c */

extern const tocsin_route health_routes[];

#endif
