#include "call.h"

#include <unistd.h>

static void state_get(struct call *c)
{
    call_reply(c, 200, json_pack("{s:{s:s}}", "agent", "conf_rev", c->agent->conf->rev));
}

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/state", state_get, 0},
    {0, NULL, NULL, 0},
};

const struct part state_part = {.routes = routes};
