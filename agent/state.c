/* GET /v1/state: the agent, the host and all apps, in one pass. */
#include "log.h"
#include "pass.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static json_t *agent_json(const struct agent *a)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return json_pack("{s:s,s:I,s:s,s:s,s:o,s:f}", "version", agent_version, "started_at",
                     (json_int_t)a->started_at, "boot_id", a->boot_id, "conf_rev",
                     a->conf->rev, "cert_not_after",
                     number_or_null(a->cert_not_after ? a->cert_not_after : -1), "now",
                     (double)now.tv_sec + (double)(now.tv_usec / 1000) / 1000.0);
}

/* Everyone who asked while it was under way gets the same. */
static void looked(void *arg, json_t *objects)
{
    struct agent *agent = arg;
    struct pass *p = agent->pass;
    json_t *all = json_pack("{s:o,s:o,s:o}", "agent", agent_json(agent), "host",
                            host_describe(p->host), "apps", objects);
    int n = p->nwaiters;

    p->nwaiters = 0;
    for (int i = 0; i < n; i++)
        if (all)
            call_reply(p->waiter[i], 200, json_incref(all));
        else
            call_error(p->waiter[i], 500, "the state cannot be put into words");
    json_decref(all);
}

static void state_get(struct call *c)
{
    struct pass *p = c->agent->pass;

    if (p->nwaiters == PASS_WAITERS) {
        call_error(c, 503, "too many ask for the state at once");
        return;
    }
    p->waiter[p->nwaiters++] = c;
    if (p->nwaiters == 1 && look_start(c->agent, NULL, looked, c->agent)) {
        p->nwaiters = 0;
        call_error(c, 503, "out of memory");
    }
}

static int start(struct agent *agent)
{
    struct pass *p = agent->pass = calloc(1, sizeof(*p));

    if (!p || !(p->host = host_new(agent)) || !(p->memo = memo_new(agent->conf->napps))) {
        log_error("out of memory");
        return -1;
    }
    for (int i = 0; i < agent->conf->napps; i++)
        p->health[i] = health_new(agent, agent->conf->app[i]);
    return 0;
}

static void stop(struct agent *agent)
{
    for (int i = 0; i < agent->conf->napps; i++)
        health_free(agent->pass->health[i]);
    host_free(agent->pass->host);
    memo_free(agent->pass->memo);
    free(agent->pass);
    agent->pass = NULL;
}

static const struct route routes[] = {
    {EVHTTP_REQ_GET, "/v1/state", state_get, 0},
    {0, NULL, NULL, 0},
};

const struct part state_part = {.routes = routes, .start = start, .stop = stop};
