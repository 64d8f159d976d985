/*
 * deploy_app: the app is restarted, and watched until it is known to be well.
 *
 * systemd and Docker are asked as root; a health command is run as the deploy user, for it
 * may belong to him.
 */
#define _GNU_SOURCE
#include "clock.h"
#include "deploy.h"
#include "docker.h"
#include "fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMCTL_S 100
#define DOCKER_MS   100000
#define OUT_MAX     65536
#define LOOK_MS     250  /* between two looks */
#define SLOW_MS     1000 /* after the first seconds */
#define QUICK_FOR   5000

static const char *const plain_env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                        NULL};

__attribute__((format(printf, 2, 3))) static enum deploy_ended wrong(struct deploy *d,
                                                                     const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(d->how, sizeof(d->how), format, ap);
    va_end(ap);
    return DEPLOY_FAILED;
}

/* ---- systemd */

static enum deploy_ended systemctl(struct deploy *d, const char *const *args, buf *out)
{
    const char *argv[10] = {d->conf->systemctl};
    struct deploy_child child = {.argv = argv,
                                 .env = plain_env,
                                 .dir = "/",
                                 .timeout_s = SYSTEMCTL_S,
                                 .cancel = !d->back,
                                 .quiet = out != NULL,
                                 .out = out,
                                 .most = OUT_MAX};

    for (int i = 0; i < 8 && args[i]; i++)
        argv[i + 1] = args[i];
    return deploy_child_run(&child, d->how, sizeof(d->how));
}

static enum deploy_ended restart_unit(struct deploy *d)
{
    /* after quick restarts systemd refuses even ours until this */
    const char *reset[] = {"reset-failed", "--", d->app->unit, NULL};
    const char *restart[] = {"restart", "--", d->app->unit, NULL};
    buf none = {0};

    systemctl(d, reset, &none);
    buf_free(&none);
    return systemctl(d, restart, NULL);
}

struct look {
    bool running, starting;
    char state[64], run[128]; /* run: another when it was started anew */
};

static void property(const char *text, const char *name, char *out, size_t size)
{
    const char *at = text;
    size_t n = strlen(name);

    *out = '\0';
    for (; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (!strncmp(at, name, n) && at[n] == '=')
            snprintf(out, size, "%.*s", (int)strcspn(at + n + 1, "\n"), at + n + 1);
}

static void look_at_unit(struct deploy *d, struct look *look)
{
    const char *show[] = {"show", "-p",         "ActiveState,SubState,InvocationID",
                          "--",   d->app->unit, NULL};
    char active[32], sub[28];
    buf out = {0};

    if (systemctl(d, show, &out) == DEPLOY_OK) {
        const char *text = buf_end(&out);

        property(text, "ActiveState", active, sizeof(active));
        property(text, "SubState", sub, sizeof(sub));
        property(text, "InvocationID", look->run, sizeof(look->run));
        look->running = !strcmp(active, "active") || !strcmp(active, "reloading");
        look->starting = !strcmp(active, "activating");
        snprintf(look->state, sizeof(look->state), "%s (%s)", active, sub);
    }
    buf_free(&out);
}

/* ---- HTTP to this machine: an answer is waited for here */

struct answer {
    int status;
    char error[120];
    struct facts facts;
    bool json;
};

static void on_answer(void *arg, const struct fetch_end *end)
{
    struct answer *a = arg;

    a->status = end->error ? 0 : end->status;
    snprintf(a->error, sizeof(a->error), "%s", end->error ? end->error : "");
    if (a->json && a->status == 200 && docker_parse(end->body, end->len, &a->facts))
        a->status = 0;
}

static void ask_docker(struct deploy *d, const char *method, const char *call,
                       struct answer *a)
{
    struct agent agent = {.base = event_base_new(), .conf = d->conf};
    struct fetch_spec spec = {
        .deadline_ms = DOCKER_MS, .most = OUT_MAX * 4, .end = on_answer, .arg = a};

    if (!agent.base)
        return;
    if (docker_fetch(&agent, method, d->app->container, call, NULL, &spec))
        event_base_dispatch(agent.base);
    event_base_free(agent.base);
}

static enum deploy_ended restart_container(struct deploy *d)
{
    struct answer a = {.status = 0};

    ask_docker(d, "POST", "restart", &a);
    if (a.status == 204)
        return DEPLOY_OK;
    return wrong(d, "Docker did not restart it: %s%.0d", *a.error ? a.error : "HTTP ",
                 a.status);
}

static void look_at_container(struct deploy *d, struct look *look)
{
    struct answer a = {.json = true};

    facts_clear(&a.facts);
    ask_docker(d, "GET", "json", &a);
    if (a.status != 200) {
        snprintf(look->state, sizeof(look->state), "%s",
                 a.status == 404 ? "missing" : "unknown");
        return;
    }
    look->running = !strcmp(a.facts.state, "running");
    look->starting = !strcmp(a.facts.state, "restarting");
    snprintf(look->state, sizeof(look->state), "%s", a.facts.state);
    if (look->running && a.facts.health.known && !a.facts.health.ok) {
        look->running = false; /* by Docker's own check, which may take its time */
        look->starting = true;
        strcpy(look->state, "unhealthy, as Docker says,");
    }
    snprintf(look->run, sizeof(look->run), "%s.%ld.%lld", a.facts.invocation, a.facts.since,
             (long long)a.facts.restarts);
}

/* ---- is it well? */

static bool asked_by_http(struct deploy *d, char *message, size_t size)
{
    const char *from = d->app->health + strlen("http://");
    size_t n = strcspn(from, "/?#");
    char host[ADDR_TEXT], path[1024];
    struct agent agent = {.base = event_base_new(), .conf = d->conf};
    struct answer a = {.status = 0};
    struct addr to;
    struct fetch_spec spec = {.to = &to,
                              .method = "GET",
                              .path = path,
                              .host = host,
                              .deadline_ms = (int)d->app->health_timeout * 1000,
                              .end = on_answer,
                              .arg = &a};

    snprintf(host, sizeof(host), "%.*s", (int)n, from);
    snprintf(path, sizeof(path), "%s%s", from[n] == '/' ? "" : "/", from + n);
    path[strcspn(path, "#")] = '\0';
    if (agent.base && addr_parse(&to, host, 80) == 0 && fetch_start(&agent, &spec))
        event_base_dispatch(agent.base);
    if (agent.base)
        event_base_free(agent.base);
    snprintf(message, size, *a.error ? "%s%.0d" : "%sHTTP %d", a.error, a.status);
    return a.status >= 200 && a.status < 400;
}

static bool asked_by_command(struct deploy *d, char *message, size_t size)
{
    buf out = {0};
    struct deploy_child child = {.argv = (const char *const *)d->app->health_argv,
                                 .env = d->env,
                                 .dir = "/", /* as the agent asks it */
                                 .user = &d->user,
                                 .timeout_s = d->app->health_timeout,
                                 .cancel = !d->back,
                                 .out = &out,
                                 .most = OUT_MAX};
    bool ok = deploy_child_run(&child, message, size) == DEPLOY_OK;

    if (out.len)
        snprintf(message, size, "%.*s", (int)strcspn(buf_end(&out), "\n"), buf_end(&out));
    buf_free(&out);
    return ok;
}

static bool is_well(struct deploy *d, char *message, size_t size)
{
    return d->app->health ? asked_by_http(d, message, size)
                          : asked_by_command(d, message, size);
}

/* ---- what the steps are */

enum deploy_ended deploy_app_restart(struct deploy *d)
{
    return d->app->unit ? restart_unit(d) : restart_container(d);
}

/*
 * With a health check: until it says for the first time that the app is well. Without: the
 * app must stay what was started, for as long.
 */
enum deploy_ended deploy_app_health(struct deploy *d)
{
    int64_t began = clock_ms(), end = began + d->app->deploy_health * 1000;
    bool check = d->app->health || d->app->health_argv;
    char first[128] = "", message[200] = "";

    for (;;) {
        struct look look = {.state = "unknown"};
        int64_t now;

        if (d->app->unit)
            look_at_unit(d, &look);
        else
            look_at_container(d, &look);
        if (!d->back && deploy_cancelled())
            return DEPLOY_CANCELLED;
        if (!look.running && !look.starting)
            return wrong(d, "it does not run: it is %s", look.state);
        if (*first && strcmp(first, look.run))
            return wrong(d, "it ended, and was started again by itself");
        if (look.running)
            strcpy(first, look.run);
        if (look.running && check && is_well(d, message, sizeof(message)))
            return DEPLOY_OK;
        if ((now = clock_ms()) >= end && look.running && !check)
            return DEPLOY_OK;
        if (now >= end)
            return look.running
                       ? wrong(d, "not well after %ld s: %s", d->app->deploy_health, message)
                       : wrong(d, "still %s after %ld s", look.state, d->app->deploy_health);
        deploy_pause(now - began < QUICK_FOR ? LOOK_MS : SLOW_MS, !d->back);
    }
}
