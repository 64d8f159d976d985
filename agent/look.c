#include "look.h"
#include "docker.h"
#include "log.h"
#include "pass.h"
#include "systemd.h"

#include <stdlib.h>
#include <string.h>

struct look {
    struct agent *agent;
    const struct app *only;
    int first, end; /* of conf->app */
    int pending;
    void (*fn)(void *, json_t *);
    void *arg;
    struct event *over; /* for when nothing was pending: never answer from within */
    const char *units[APPS_MAX];
    struct facts *of_units[APPS_MAX];
    struct facts facts[];
};

static void finish(struct look *l)
{
    struct agent *agent = l->agent;
    json_t *objects = json_array();

    for (int i = l->first; i < l->end; i++) {
        const struct app *app = agent->conf->app[i];
        const struct facts *f = &l->facts[i - l->first];
        const struct health *health = health_last(agent->pass->health[i]);

        json_array_append_new(
            objects, app_json(agent, agent->pass->memo, app, f, health ? health : &f->health));
    }
    event_free(l->over);
    l->fn(l->arg, objects);
    free(l);
}

static void on_over(evutil_socket_t, short, void *arg)
{
    finish(arg);
}

static void one_done(void *arg)
{
    struct look *l = arg;

    if (--l->pending == 0)
        finish(l);
}

static void units_done(void *arg, const char *error)
{
    if (error)
        log_warning("%s", error);
    one_done(arg);
}

static void ask_units(struct look *l)
{
    int n = 0;

    for (int i = l->first; i < l->end; i++)
        if (l->agent->conf->app[i]->unit) {
            l->units[n] = l->agent->conf->app[i]->unit;
            l->of_units[n++] = &l->facts[i - l->first];
        }
    if (n > 0 && systemd_ask(l->agent, l->units, l->of_units, n, units_done, l))
        l->pending++;
    else if (n > 0)
        log_warning("cannot run '%s'", l->agent->conf->systemctl);
}

static void ask_container(struct look *l, int i)
{
    const struct app *app = l->agent->conf->app[i];

    if (docker_ask(l->agent, app->container, &l->facts[i - l->first], one_done, l) == 0)
        l->pending++;
}

int look_start(struct agent *agent, const struct app *only, void (*fn)(void *, json_t *),
               void *arg)
{
    int first = only ? only->index : 0, end = only ? first + 1 : agent->conf->napps;
    struct look *l = calloc(1, sizeof(*l) + (size_t)(end - first) * sizeof(l->facts[0]));

    if (!l || !(l->over = event_new(agent->base, -1, 0, on_over, l))) {
        free(l);
        return -1;
    }
    l->agent = agent;
    l->only = only;
    l->first = first;
    l->end = end;
    l->fn = fn;
    l->arg = arg;
    for (int i = 0; i < end - first; i++)
        facts_clear(&l->facts[i]);
    ask_units(l);
    for (int i = first; i < end; i++) {
        if (agent->conf->app[i]->container)
            ask_container(l, i);
        if (!only && agent->pass->health[i] && health_ask(agent->pass->health[i], one_done, l))
            l->pending++;
    }
    if (l->pending == 0)
        event_active(l->over, EV_TIMEOUT, 0);
    return 0;
}
