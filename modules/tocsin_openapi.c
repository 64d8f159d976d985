/*
 * tocsin_openapi: the API's description, made from the route tables.
 */
#include "tocsin_core.h"

const tocsin_route openapi_routes[] = {{0}};

void openapi_config(void)
{
}

void openapi_child_init(apr_pool_t *)
{
}
