/* An app's object in the answers, of what was asked, what was read and what is known from
 * the look before. */
#include "clock.h"
#include "facts.h"
#include "git_head.h"
#include "host.h"
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_US  500000 /* sooner than that, the rate is that of before */
#define SAME_TIME 2      /* s; clocks that were set meanwhile */

/* what one app was at the look before */
struct last {
    char key[88]; /* who ran, and where its figure came from; another: no rate */
    int64_t cpu_ns, at_us;
    double cpu;
    int64_t since_us;
    long since;
};

struct memo {
    struct last of[APPS_MAX];
};

struct memo *memo_new(int)
{
    return calloc(1, sizeof(struct memo));
}

void memo_free(struct memo *m)
{
    free(m);
}

static json_t *text_or_null(const char *s)
{
    json_t *o = s && *s ? json_string(s) : NULL;

    return o ? o : json_null();
}

/* The share of one core since the look before; -1: not known. */
static double cpu_share(struct last *last, const char *invocation, char source, int64_t cpu_ns)
{
    int64_t now = clock_us();
    char key[sizeof(last->key)];

    snprintf(key, sizeof(key), "%.80s/%c", invocation, source);
    if (!strcmp(key, last->key) && now - last->at_us < AGAIN_US)
        return last->cpu;
    last->cpu = -1;
    if (!strcmp(key, last->key) && last->cpu_ns >= 0 && cpu_ns >= last->cpu_ns)
        last->cpu = (double)(cpu_ns - last->cpu_ns) / 1000.0 / (double)(now - last->at_us);
    snprintf(last->key, sizeof(last->key), "%s", key);
    last->cpu_ns = cpu_ns;
    last->at_us = now;
    return last->cpu;
}

/* systemd's moment is on the clock that only goes forward; the same moment is the same
 * second each time it is told. */
static long since(struct last *last, const struct facts *f)
{
    long at;

    if (!f->since_us)
        return f->since;
    at = (long)(time(NULL) - (clock_us() - f->since_us) / 1000000);
    if (last->since_us != f->since_us || labs(at - last->since) > SAME_TIME) {
        last->since_us = f->since_us;
        last->since = at;
    }
    return last->since;
}

static json_t *exit_json(const struct facts *f)
{
    if (f->exit_code < 0 && f->exit_signal < 0)
        return json_null();
    return json_pack("{s:o,s:o}", "code", number_or_null(f->exit_code), "signal",
                     number_or_null(f->exit_signal));
}

static json_t *health_json(const struct health *h)
{
    if (!h->known)
        return json_null();
    return json_pack("{s:b,s:o,s:s,s:o}", "ok", h->ok, "ms", number_or_null(h->ms), "message",
                     h->message, "at", number_or_null(h->at ? (int64_t)h->at : -1));
}

static void add_usage(json_t *o, struct last *last, const struct conf *conf,
                      const struct facts *f)
{
    struct cgroup_usage u;

    cgroup_read(conf, &f->cgroup, &u);
    if (u.cpu_ns < 0 && f->cpu_ns >= 0) {
        u.cpu_ns = f->cpu_ns;
        u.source = 'd';
    }
    json_object_set_new(
        o, "cpu",
        u.cpu_ns < 0 ? json_null()
                     : real_or_null(cpu_share(last, f->invocation, u.source, u.cpu_ns), 4));
    json_object_set_new(o, "memory", number_or_null(u.memory >= 0 ? u.memory : f->memory));
    json_object_set_new(o, "memory_max",
                        number_or_null(f->memory_max >= 0 ? f->memory_max : u.memory_max));
    json_object_set_new(o, "fds", number_or_null(u.fds));
    json_object_set_new(o, "tasks", number_or_null(u.tasks >= 0 ? u.tasks : f->tasks));
}

static void add_listed(json_t *o, const struct app *app)
{
    json_t *env = json_array(), *ports = json_array();
    char commit[GIT_HEAD_ID] = "", branch[GIT_HEAD_NAME] = "";

    if (app->dir)
        git_head(app->dir, commit, branch);
    for (int i = 0; i < app->env.n; i++)
        json_array_append_new(env, json_string(app->env.item[i].name));
    for (int i = 0; i < app->nports; i++)
        json_array_append_new(ports, json_integer(app->port[i]));
    json_object_set_new(o, "commit", text_or_null(commit));
    json_object_set_new(o, "branch", text_or_null(branch));
    json_object_set_new(o, "env", env);
    json_object_set_new(o, "deploy", json_boolean(app->deploy));
    json_object_set_new(o, "running_deploy", json_null());
    json_object_set_new(o, "last_deploy", json_null());
    json_object_set_new(o, "ports", ports);
}

json_t *app_json(struct agent *agent, struct memo *m, const struct app *app,
                 const struct facts *f, const struct health *health)
{
    struct last *last = &m->of[app->index];
    long at = since(last, f);
    json_t *o = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "id", app->id, "name", app->name,
        "type", app->unit ? "systemd" : "docker", app->unit ? "unit" : "container",
        app->unit ? app->unit : app->container, "state", f->state, "sub", text_or_null(f->sub),
        "since", number_or_null(at ? at : -1), "restarts", number_or_null(f->restarts),
        "invocation", text_or_null(f->invocation), "exit", exit_json(f), "health",
        health_json(health));

    if (!o)
        return json_pack("{s:s,s:s}", "id", app->id, "state", "unknown");
    add_usage(o, last, agent->conf, f);
    json_object_set_new(o, "pid", number_or_null(f->pid));
    add_listed(o, app);
    for (const struct part *const *p = parts; *p; p++)
        if ((*p)->describe)
            (*p)->describe(agent, app, o);
    return o;
}
