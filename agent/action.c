/* POST /v1/apps/APP/{start,stop,restart}: by systemctl, under the polkit rule that names the
 * units, or by Docker. */
#include "action.h"
#include "call.h"
#include "clock.h"
#include "docker.h"
#include "log.h"
#include "look.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define DEADLINE_MS 60000
#define WAITERS_MAX 4
#define STOP_GRACE  "?t=10" /* s that Docker gives a container to end by itself */

/* one that is under way */
struct action {
    LIST_ENTRY(action) next;
    struct agent *agent;
    const struct app *app;
    struct action_line line;
    struct call *waiter[WAITERS_MAX];
    int nwaiters;
    int64_t began_ms;
    char error[256]; /* "": it was done */
    bool late;       /* not over after a minute; what systemd was asked, it still does */
};

struct actions {
    struct action_log *log;
    LIST_HEAD(, action) running;
};

/* ---- its end */

static void answer(struct action *a, struct call *c, const json_t *state, int64_t ms)
{
    json_t *o = json_pack("{s:O,s:I,s:b}", "state", state, "ms", (json_int_t)ms, "done",
                          !a->error[0] && !a->late);

    if (a->error[0])
        json_object_set_new(o, "error", json_string(a->error));
    call_reply(c, a->error[0] ? 500 : 200, o);
}

static void looked(void *arg, json_t *objects)
{
    struct action *a = arg;
    const json_t *state = json_array_get(objects, 0);

    for (int i = 0; i < a->nwaiters; i++)
        answer(a, a->waiter[i], state, a->line.ms);
    json_decref(objects);
    LIST_REMOVE(a, next);
    free(a);
}

static void over(struct action *a)
{
    a->line.ms = clock_ms() - a->began_ms;
    a->line.end = a->error[0] ? ACTION_FAILED : ACTION_DONE;
    action_log_put(a->agent->actions->log, &a->line);
    log_info("%s of %s: %s after %lld ms", a->line.verb, a->app->id,
             a->error[0] ? a->error
             : a->late   ? "not over"
                         : "done",
             (long long)a->line.ms);
    if (look_start(a->agent, a->app, looked, a))
        looked(a, json_pack("[{s:s,s:s}]", "id", a->app->id, "state", "unknown"));
}

static void fail(struct action *a, const char *who, const char *text)
{
    char line[HEALTH_MESSAGE_MAX + 1];

    health_message(line, text, strlen(text));
    snprintf(a->error, sizeof(a->error), "%s: %s", who, line[0] ? line : "failed");
}

/* ---- systemd */

static void on_systemctl(void *arg, const struct run_end *end)
{
    struct action *a = arg;

    a->late = end->late;
    if (!end->late && end->code != 0)
        fail(a, "systemctl", end->out);
    over(a);
}

static struct run *systemctl(struct action *a, const char *verb, int deadline_ms,
                             void (*end)(void *, const struct run_end *))
{
    const char *argv[] = {
        a->agent->conf->systemctl, "--no-ask-password", verb, "--", a->app->unit, NULL};
    struct run_spec spec = {.argv = argv,
                            .deadline_ms = deadline_ms,
                            .most = 4096,
                            .join = true,
                            .end = end,
                            .arg = a};

    return run_start(a->agent, &spec);
}

/* The wish itself, with what is left of the minute. */
static void on_reset(void *arg, const struct run_end *)
{
    struct action *a = arg;
    int left = DEADLINE_MS - (int)(clock_ms() - a->began_ms);

    if (systemctl(a, a->line.verb, left > 1 ? left : 1, on_systemctl))
        return;
    fail(a, "systemctl", "cannot be run");
    over(a);
}

/* ---- Docker */

static void on_docker(void *arg, const struct fetch_end *end)
{
    struct action *a = arg;
    json_t *said = end->error ? NULL : json_loads(end->body, 0, NULL);
    const char *message = json_string_value(json_object_get(said, "message"));

    a->late = end->error && clock_ms() - a->began_ms >= DEADLINE_MS;
    if (end->error && !a->late)
        fail(a, "Docker", end->error);
    else if (!end->error && end->status != 204 && end->status != 304) /* it was so already */
        fail(a, "Docker", message ? message : "failed");
    json_decref(said);
    over(a);
}

static void *docker(struct action *a)
{
    struct fetch_spec spec = {
        .deadline_ms = DEADLINE_MS, .most = 65536, .end = on_docker, .arg = a};

    return docker_fetch(a->agent, "POST", a->app->container, a->line.verb,
                        strcmp(a->line.verb, "start") ? STOP_GRACE : NULL, &spec);
}

/* ---- its beginning */

static struct action *running(const struct actions *all, const char *id, const struct app *app)
{
    struct action *a;

    LIST_FOREACH(a, &all->running, next)
    if (id ? !strcasecmp(a->line.id, id) : a->app == app)
        return a;
    return NULL;
}

static void begin(struct call *c, const char *id, const char *verb)
{
    struct actions *all = c->agent->actions;
    struct action *a = calloc(1, sizeof(*a));
    void *begun;

    if (!a) {
        call_error(c, 503, "out of memory");
        return;
    }
    a->agent = c->agent;
    a->app = c->app;
    a->began_ms = clock_ms();
    a->waiter[a->nwaiters++] = c;
    snprintf(a->line.id, sizeof(a->line.id), "%s", id);
    snprintf(a->line.app, sizeof(a->line.app), "%s", c->app->id);
    snprintf(a->line.verb, sizeof(a->line.verb), "%s", verb);
    LIST_INSERT_HEAD(&all->running, a, next);
    action_log_put(all->log, &a->line);
    /* a unit that was restarted too often refuses even a person, until it is reset */
    begun =
        a->app->unit ? (void *)systemctl(a, "reset-failed", DEADLINE_MS, on_reset) : docker(a);
    if (begun)
        return;
    fail(a, a->app->unit ? "systemctl" : "Docker", "cannot be asked");
    over(a);
}

/* The same id again: the same answer, or as much of it as outlived us. */
static void known_look(void *arg, json_t *objects)
{
    struct call *c = arg;
    const struct action_line *line = action_log_find(
        c->agent->actions->log, json_string_value(json_object_get(c->body, "action")));

    call_reply(c, line && line->end == ACTION_DONE ? 200 : 500,
               json_pack("{s:O,s:I,s:b}", "state", json_array_get(objects, 0), "ms",
                         line ? (json_int_t)line->ms : 0, "done",
                         line && line->end == ACTION_DONE));
    json_decref(objects);
}

static void known(struct call *c, const struct action_line *line, const char *verb)
{
    struct action *a = running(c->agent->actions, line->id, NULL);

    if (strcmp(line->app, c->app->id) || strcmp(line->verb, verb))
        call_error_at(c, 409, "action", 0, "this id was for %s of %s", line->verb, line->app);
    else if (a && a->nwaiters < WAITERS_MAX)
        a->waiter[a->nwaiters++] = c;
    else if (a)
        call_error(c, 503, "too many wait for this action");
    else if (line->end == ACTION_BEGUN)
        call_error(c, 409, "unknown action outcome");
    else if (look_start(c->agent, c->app, known_look, c))
        call_error(c, 503, "out of memory");
}

static void act(struct call *c, const char *verb)
{
    const char *id = json_string_value(json_object_get(c->body, "action"));
    const struct action_line *line;
    const struct action *other;

    if (!id || !action_id_ok(id))
        call_error_at(c, 400, "action", 0, "'action' must be a UUID");
    else if (!c->app->restart)
        call_error(c, 423, "the list of this host says restart = no for this app");
    else if ((line = action_log_find(c->agent->actions->log, id)))
        known(c, line, verb);
    else if ((other = running(c->agent->actions, NULL, c->app)))
        call_error(c, 409, "a %s of this app is under way", other->line.verb);
    else
        begin(c, id, verb);
}

static void act_start(struct call *c)
{
    act(c, "start");
}

static void act_stop(struct call *c)
{
    act(c, "stop");
}

static void act_restart(struct call *c)
{
    act(c, "restart");
}

static int start(struct agent *agent)
{
    struct actions *all = agent->actions = calloc(1, sizeof(*all));

    if (!all || !(all->log = action_log_open(agent->conf)))
        return -1;
    LIST_INIT(&all->running);
    return 0;
}

static void stop(struct agent *agent)
{
    action_log_close(agent->actions->log);
    agent->actions->log = NULL;
}

static bool busy(const struct agent *agent)
{
    return !LIST_EMPTY(&agent->actions->running);
}

static const struct route routes[] = {
    {EVHTTP_REQ_POST, "/v1/apps/{app}/start", act_start, ROUTE_BODY},
    {EVHTTP_REQ_POST, "/v1/apps/{app}/stop", act_stop, ROUTE_BODY},
    {EVHTTP_REQ_POST, "/v1/apps/{app}/restart", act_restart, ROUTE_BODY},
    {0, NULL, NULL, 0},
};

const struct part action_part = {.routes = routes, .start = start, .stop = stop, .busy = busy};
