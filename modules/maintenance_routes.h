/*
 * maintenance_routes: the routes of maintenance windows, for mod_tocsin_monitor.
 */
#ifndef TOCSIN_MAINTENANCE_ROUTES_H
#define TOCSIN_MAINTENANCE_ROUTES_H

#include "mod_tocsin.h"

/* What they need of mod_tocsin; filled by the time that a request comes. */
struct maintenance_calls {
    APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
    APR_OPTIONAL_FN_TYPE(tocsin_public_url) * public_url;
};

const tocsin_route *maintenance_routes(const struct maintenance_calls *given);

#endif
