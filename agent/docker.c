#define _GNU_SOURCE
#include "docker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEADLINE_MS 5000
#define ANSWER_MAX  (1 << 20)

/* one container that is asked about */
struct docker_ask {
    struct agent *agent;
    char container[129];
    struct facts *facts;
    void (*fn)(void *);
    void *arg;
};

static const struct {
    const char *method, *call;
} calls[] = {
    {"GET", "json"},     {"GET", "stats"},  {"GET", "logs"},
    {"POST", "restart"}, {"POST", "start"}, {"POST", "stop"},
};

bool docker_allowed(const char *method, const char *call)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (!strcmp(calls[i].method, method) && !strcmp(calls[i].call, call))
            return true;
    return false;
}

struct fetch *docker_fetch(struct agent *agent, const char *method, const char *container,
                           const char *call, const char *query, struct fetch_spec *spec)
{
    char path[1024];

    if (!docker_allowed(method, call) || conf_rule("container", NULL, container)) {
        errno = EPERM;
        return NULL;
    }
    if (snprintf(path, sizeof(path), "/containers/%s/%s%s", container, call,
                 query ? query : "") >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    spec->socket = agent->conf->docker_socket;
    spec->to = NULL;
    spec->method = method;
    spec->path = path;
    spec->host = "docker";
    return fetch_start(agent, spec);
}

/* ---- what Docker says */

long docker_time(const char *text)
{
    struct tm tm = {0};
    long t;

    if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
        return 0;
    t = timegm(&tm);
    return t > 0 ? t : 0;
}

static const char *state_word(const char *status)
{
    static const struct {
        const char *status, *word;
    } words[] = {
        {"running", "running"}, {"paused", "paused"},         {"restarting", "restarting"},
        {"exited", "stopped"},  {"stopped", "stopped"},       {"created", "stopped"},
        {"dead", "failed"},     {"removing", "deactivating"},
    };

    for (size_t i = 0; status && i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(words[i].status, status))
            return words[i].word;
    return "unknown";
}

static int64_t integer(const json_t *o, const char *key)
{
    const json_t *n = json_object_get(o, key);

    return json_is_integer(n) && json_integer_value(n) >= 0 ? json_integer_value(n) : -1;
}

/* Docker's own HEALTHCHECK; "starting" is no answer yet. */
static void read_health(const json_t *o, struct facts *f)
{
    const char *status = json_string_value(json_object_get(o, "Status"));
    const json_t *log = json_object_get(o, "Log"),
                 *last = json_array_get(log, json_array_size(log) - 1);
    const char *said = json_string_value(json_object_get(last, "Output"));

    if (!status || (strcmp(status, "healthy") && strcmp(status, "unhealthy")))
        return;
    f->health.known = true;
    f->health.ok = !strcmp(status, "healthy");
    f->health.ms = -1;
    f->health.at = docker_time(json_string_value(json_object_get(last, "End")));
    health_message(f->health.message, said ? said : "", said ? strlen(said) : 0);
}

static void read_state(const json_t *o, struct facts *f)
{
    const char *status = json_string_value(json_object_get(o, "Status"));

    f->state = state_word(status);
    snprintf(f->sub, sizeof(f->sub), "%s", status ? status : "");
    f->pid = integer(o, "Pid") > 0 ? integer(o, "Pid") : -1;
    f->since = docker_time(json_string_value(json_object_get(o, "StartedAt")));
    if (strcmp(f->state, "running") && strcmp(f->state, "paused")) {
        long ended = docker_time(json_string_value(json_object_get(o, "FinishedAt")));

        f->since = ended ? ended : f->since;
        if (f->since && strcmp(f->state, "restarting"))
            f->exit_code = (int)integer(o, "ExitCode");
    }
    if (f->exit_code > 128 && f->exit_code < 160) /* as shells tell of signals */
        f->exit_signal = f->exit_code - 128;
    read_health(json_object_get(o, "Health"), f);
}

int docker_parse(const char *text, size_t n, struct facts *f)
{
    json_t *all = json_loadb(text, n, 0, NULL);
    const json_t *state = json_object_get(all, "State"),
                 *limits = json_object_get(all, "HostConfig");
    const char *id = json_string_value(json_object_get(all, "Id")), *started;
    int r = id && json_is_object(state) ? 0 : -1;

    if (r == 0) {
        read_state(state, f);
        /* a restart keeps the id: when it began is a part of who it is */
        started = json_string_value(json_object_get(state, "StartedAt"));
        snprintf(f->invocation, sizeof(f->invocation), "%.12s-%.40s", id,
                 started ? started : "");
        f->restarts = integer(all, "RestartCount");
        f->memory_max = integer(limits, "Memory") > 0 ? integer(limits, "Memory") : -1;
    }
    json_decref(all);
    return r;
}

int docker_parse_stats(const char *text, size_t n, struct facts *f)
{
    json_t *all = json_loadb(text, n, 0, NULL);
    const json_t *cpu = json_object_get(json_object_get(all, "cpu_stats"), "cpu_usage"),
                 *memory = json_object_get(all, "memory_stats"),
                 *parts_of = json_object_get(memory, "stats");
    int64_t used = integer(memory, "usage"), cache = integer(parts_of, "inactive_file");
    int r = json_is_object(cpu) ? 0 : -1;

    if (cache < 0)
        cache = integer(parts_of, "total_inactive_file");
    if (r == 0) {
        f->cpu_ns = integer(cpu, "total_usage");
        f->memory = used > 0 && cache > 0 && cache < used ? used - cache : used;
        f->tasks = integer(json_object_get(all, "pids_stats"), "current");
    }
    json_decref(all);
    return r;
}

/* ---- asking */

static void done(struct docker_ask *a)
{
    a->fn(a->arg);
    free(a);
}

static void on_stats(void *arg, const struct fetch_end *end)
{
    struct docker_ask *a = arg;

    if (!end->error && end->status == 200)
        docker_parse_stats(end->body, end->len, a->facts);
    done(a);
}

/* Figures come from the cgroup, at no cost for Docker; Docker is asked for them only where
 * its groups are not ours to see. */
static bool ask_stats(struct docker_ask *a)
{
    struct fetch_spec spec = {
        .deadline_ms = DEADLINE_MS, .most = ANSWER_MAX, .end = on_stats, .arg = a};

    return docker_fetch(a->agent, "GET", a->container, "stats", "?stream=false&one-shot=true",
                        &spec);
}

static bool has_figures(const struct conf *conf, struct facts *f)
{
    struct cgroup_usage u = {-1, -1, -1, -1, -1, 0};

    if (cgroup_of_pid(conf, &f->cgroup, f->pid) == 0)
        cgroup_read(conf, &f->cgroup, &u);
    return u.cpu_ns >= 0 && u.memory >= 0;
}

static void on_inspect(void *arg, const struct fetch_end *end)
{
    struct docker_ask *a = arg;
    struct facts *f = a->facts;

    if (end->status == 404)
        f->state = "missing";
    else if (end->error || end->status != 200 || docker_parse(end->body, end->len, f))
        snprintf(f->sub, sizeof(f->sub), "%s", end->error ? end->error : "no answer");
    if (f->pid > 0 && !has_figures(a->agent->conf, f) && ask_stats(a))
        return;
    done(a);
}

int docker_ask(struct agent *agent, const char *container, struct facts *facts,
               void (*fn)(void *), void *arg)
{
    struct docker_ask *a = calloc(1, sizeof(*a));
    struct fetch_spec spec = {
        .deadline_ms = DEADLINE_MS, .most = ANSWER_MAX, .end = on_inspect, .arg = a};

    if (!a)
        return -1;
    *a = (struct docker_ask){.agent = agent, .facts = facts, .fn = fn, .arg = arg};
    snprintf(a->container, sizeof(a->container), "%s", container);
    if (docker_fetch(agent, "GET", container, "json", NULL, &spec))
        return 0;
    free(a);
    return -1;
}
