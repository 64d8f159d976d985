/* The verbs of logs. */
#include "log_page.h"
#include "log_stream.h"

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/apps/{app}/logs", log_page_get, 0},
    {EVHTTP_REQ_GET, "/v1/apps/{app}/logs/stream", log_stream_get, ROUTE_STREAM},
    {0, NULL, NULL, 0},
};

static void stop(struct agent *)
{
    log_page_stop();
    log_stream_stop();
    tap_close_all(); /* no child is left behind */
}

const struct part log_part = {.routes = routes, .stop = stop};
