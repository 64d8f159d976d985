/*
 * verb_deploy: deploys over HTTP.
 *
 * The agent deploys nothing. It writes what was asked for into a file of its own and has
 * root's unit tocsin-deploy@APP started, or stopped when somebody cancels; what the unit
 * does it reads from the files that the unit writes.
 */
#define _GNU_SOURCE
#include "call.h"
#include "deploy_asked.h"
#include "git_head.h"
#include "log.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SYSTEMCTL_MS 20000
#define LOOK_MS      200
#define LOOKS_MAX    300 /* then it is the unit's fault */
#define START_EACH   5
#define FETCH_LOOKS  120
#define PATIENCE     25 /* looks; a deploy that waits so long for a fetch ends it */

struct asked_unit {
    struct call *call; /* NULL: answered */
    bool fetch;
    const struct app *app;
    struct agent *agent;
    char id[DEPLOY_ID_SIZE];
    struct event *look; /* when to look again */
    int looks;
};

/* What the unit was asked for last and may not have taken up yet. */
static struct asked_unit *asking[APPS_MAX];

static bool deploy_asking(const struct app *app)
{
    return asking[app->index] && !asking[app->index]->fetch;
}

static bool fetch_asking(const struct app *app)
{
    return asking[app->index] && asking[app->index]->fetch;
}

static json_t *known(const struct call *c, const char *id)
{
    return deploy_asked_report(c->agent->conf, c->app, id, deploy_asking(c->app));
}

/* The unit was asked for this deploy and has not written of it. */
static bool not_begun(const struct asked_unit *a)
{
    json_t *report = deploy_report(a->agent->conf, a->app, a->id);

    json_decref(report);
    return !report;
}

/* A deploy is asked for that has not begun: to write another request, or to stop the unit,
 * would be to meddle with it. */
static bool waits(const struct app *app)
{
    return deploy_asking(app) && not_begun(asking[app->index]);
}

static bool is_running(const json_t *report)
{
    const char *state = json_string_value(json_object_get(report, "state"));

    return state && !strcmp(state, "running");
}

/* ---- the unit */

static void asked_free(struct asked_unit *a)
{
    if (a->look)
        event_free(a->look);
    free(a);
}

static struct run *systemctl(struct asked_unit *a, const char *verb, const char *how,
                             void (*end)(void *, const struct run_end *))
{
    char unit[APP_ID_MAX + 32];
    const char *argv[] = {a->agent->conf->systemctl, verb, how, "--", unit, NULL};
    struct run_spec spec = {.argv = argv,
                            .deadline_ms = SYSTEMCTL_MS,
                            .most = 2000,
                            .join = true,
                            .end = end,
                            .arg = a};

    snprintf(unit, sizeof(unit), "tocsin-deploy@%s.service", a->app->id);
    return run_start(a->agent, &spec);
}

static struct asked_unit *asked_new(struct call *c, const char *id)
{
    struct asked_unit *a = calloc(1, sizeof(*a));

    if (!a) {
        call_error(c, 500, "out of memory");
        return NULL;
    }
    a->call = c;
    a->app = c->app;
    a->agent = c->agent;
    snprintf(a->id, sizeof(a->id), "%s", id);
    return a;
}

/* Why systemctl did not do it, in its own words. */
static void refused(struct asked_unit *a, const struct run_end *end)
{
    char words[300];

    snprintf(words, sizeof(words), "%.*s", (int)strcspn(end->out, "\n"), end->out);
    log_error("app %s: the deploy unit was not started: %s", a->app->id, words);
    call_error(a->call, 500, "the deploy unit was not started: %s",
               end->late ? "systemd does not answer"
               : *words  ? words
                         : "no reason given");
}

static bool may_deploy(struct call *c)
{
    if (c->app->deploy)
        return true;
    call_error(c, 409, "this app is not deployed by Tocsin: agent.conf has no deploy = yes");
    return false;
}

/* No deploy of it runs, or the call is answered with 409. A fetch is in nobody's way. */
static bool is_free(struct call *c)
{
    char id[DEPLOY_ID_SIZE];

    deploy_asked_running(c->agent->conf, c->app, deploy_asking(c->app), id);
    if (!*id)
        return true;
    call_reply(
        c, 409,
        json_pack("{s:s,s:s}", "error", "a deploy of this app is running", "running", id));
    return false;
}

/* ---- POST deploys */

static void no_longer(struct asked_unit *a)
{
    if (asking[a->app->index] == a) /* and not who came after it */
        asking[a->app->index] = NULL;
}

static void begun(struct asked_unit *a)
{
    no_longer(a);
    asked_free(a);
}

/*
 * The unit may still be at what it did before (a fetch, or its last moments): to start it
 * then does nothing. So it is started until it has taken up what was asked for.
 */
static void until_begun(evutil_socket_t, short, void *arg);

static void on_started(void *arg, const struct run_end *end)
{
    static const struct timeval soon = {0, LOOK_MS * 1000};
    struct asked_unit *a = arg;

    if (end->code != 0 && a->call) {
        if (asking[a->app->index] == a) /* so it may be asked for again */
            deploy_asked_forget(a->agent->conf, a->app);
        refused(a, end);
        begun(a);
        return;
    }
    if (a->call)
        call_reply(a->call, 202, json_pack("{s:s,s:s}", "id", a->id, "state", "running"));
    a->call = NULL;
    if (!a->look && !(a->look = evtimer_new(a->agent->base, until_begun, a)))
        begun(a);
    else
        event_add(a->look, &soon);
}

static void until_begun(evutil_socket_t, short, void *arg)
{
    static const struct timeval soon = {0, LOOK_MS * 1000};
    struct asked_unit *a = arg;

    if (!not_begun(a) || a->looks++ == LOOKS_MAX)
        begun(a);
    else if (a->looks == PATIENCE && deploy_asked_fetching(a->agent->conf, a->app)) {
        if (!systemctl(a, "stop", "--no-block", on_started))
            begun(a);
    }
    else if (deploy_locked(a->agent->conf, a->app) || a->looks % START_EACH)
        event_add(a->look, &soon);
    else if (!systemctl(a, "start", "--no-ask-password", on_started))
        begun(a);
}

static void post_deploy(struct call *c)
{
    const char *id = json_string_value(json_object_get(c->body, "id")),
               *ref = json_string_value(json_object_get(c->body, "ref"));
    struct deploy_request request = {.id = ""};
    struct asked_unit *a;
    json_t *before;

    if (!may_deploy(c))
        return;
    if (!id || !deploy_id_ok(id)) {
        call_error_at(c, 422, "id", 0, "must be a UUID in lower case");
        return;
    }
    if (!ref || !deploy_ref_ok(ref)) {
        call_error_at(c, 422, "ref", 0,
                      "must be the name of a branch or tag, or a whole commit");
        return;
    }
    if (!deploy_ref_commit(ref) && !deploy_ref_allowed(c->app->deploy_refs, ref)) {
        call_error_at(c, 422, "ref", 0, "is none of the refs that may be deployed: %s",
                      c->app->deploy_refs);
        return;
    }
    if ((before = known(c, id))) { /* asked for again: done once */
        call_reply(
            c, 202,
            json_pack("{s:s,s:O}", "id", id, "state", json_object_get(before, "state")));
        json_decref(before);
        return;
    }
    if (!is_free(c) || !(a = asked_new(c, id)))
        return;
    strcpy(request.id, id);
    strcpy(request.ref, ref);
    asking[c->app->index] = a;
    if (deploy_asked_write(c->agent->conf, c->app, &request) ||
        !systemctl(a, "start", "--no-ask-password", on_started)) {
        call_error(c, 500, "cannot ask for a deploy: %s", strerror(errno));
        begun(a);
    }
}

static void get_deploy(struct call *c)
{
    json_t *report = deploy_id_ok(c->word[0]) ? known(c, c->word[0]) : NULL;

    if (report)
        call_reply(c, 200, report);
    else
        call_error(c, 404, "no such deploy of this app on this host");
}

/* ---- POST cancel */

static void on_stopped(void *arg, const struct run_end *end)
{
    struct asked_unit *a = arg;

    if (end->code == 0)
        call_reply(a->call, 202, json_pack("{s:s,s:s}", "id", a->id, "state", "running"));
    else
        refused(a, end);
    asked_free(a);
}

static void post_cancel(struct call *c)
{
    json_t *report = deploy_id_ok(c->word[0]) ? known(c, c->word[0]) : NULL;
    struct asked_unit *a;

    if (!report) {
        call_error(c, 404, "no such deploy of this app on this host");
    }
    else if (!is_running(report) || waits(c->app)) {
        call_error(c, 409,
                   is_running(report) ? "this deploy has not begun yet"
                                      : "this deploy is over");
    }
    else if ((a = asked_new(c, c->word[0])) &&
             !systemctl(a, "stop", "--no-block", on_stopped)) {
        call_error(c, 500, "cannot ask for it: %s", strerror(errno));
        asked_free(a);
    }
    json_decref(report);
}

/* ---- refs: what the last fetch saw, or a new one sees */

static void reply_refs(struct call *c)
{
    const struct app *app = c->app;
    json_t *refs = deploy_load(c->agent->conf, app, "refs.json");
    char head[GIT_HEAD_ID] = "", branch[GIT_HEAD_NAME] = "";

    if (!refs)
        refs = json_pack("{s:n,s:[],s:n,s:n}", "head", "refs", "ahead", "at");
    git_head(app->dir, head, branch); /* nearer than what was written then */
    if (*head)
        json_object_set_new(refs, "head", json_string(head));
    json_object_set_new(refs, "branch", *branch ? json_string(branch) : json_null());
    json_object_set_new(refs, "allowed", json_string(app->deploy_refs));
    call_reply(c, 200, refs);
}

static void look_again(evutil_socket_t, short, void *arg)
{
    static const struct timeval soon = {0, LOOK_MS * 1000};
    struct asked_unit *a = arg;

    if (a->looks++ < FETCH_LOOKS && deploy_asked_fetching(a->agent->conf, a->app)) {
        event_add(a->look, &soon);
        return;
    }
    reply_refs(a->call);
    asked_free(a);
}

static void on_fetching(void *arg, const struct run_end *end)
{
    static const struct timeval soon = {0, LOOK_MS * 1000};
    struct asked_unit *a = arg;

    no_longer(a);
    if (end->code != 0) {
        refused(a, end);
        asked_free(a);
    }
    else if ((a->look = evtimer_new(a->agent->base, look_again, a))) {
        event_add(a->look, &soon);
    }
}

/* An id that nobody asks for. */
static void new_id(char id[DEPLOY_ID_SIZE])
{
    unsigned char b[16] = {0};

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        b[0] = (unsigned char)time(NULL);
    snprintf(id, DEPLOY_ID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-4%01x%02x-8%01x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6] & 15, b[7], b[8] & 15, b[9], b[10], b[11],
             b[12], b[13], b[14], b[15]);
}

/* ?fetch=1 looks anew; so does the first question of all. */
static void get_refs(struct call *c)
{
    const char *fetch = call_query(c, "fetch");
    json_t *seen;
    struct deploy_request request = {.ref = ""};
    struct asked_unit *a;

    if (!may_deploy(c))
        return;
    seen = deploy_load(c->agent->conf, c->app, "refs.json");
    json_decref(seen);
    if ((seen && !(fetch && !strcmp(fetch, "1"))) || fetch_asking(c->app) || waits(c->app) ||
        deploy_locked(c->agent->conf, c->app)) {
        reply_refs(c);
        return;
    }
    new_id(request.id);
    if (!(a = asked_new(c, request.id)))
        return;
    a->fetch = true;
    asking[c->app->index] = a;
    if (deploy_asked_write(c->agent->conf, c->app, &request) ||
        !systemctl(a, "start", "--no-ask-password", on_fetching)) {
        call_error(c, 500, "cannot ask for a fetch: %s", strerror(errno));
        begun(a);
    }
}

static const struct route routes[] = {
    {EVHTTP_REQ_POST, "/v1/apps/{app}/deploys", post_deploy, ROUTE_BODY},
    {EVHTTP_REQ_GET, "/v1/apps/{app}/deploys/{word}", get_deploy, 0},
    {EVHTTP_REQ_POST, "/v1/apps/{app}/deploys/{word}/cancel", post_cancel, 0},
    {EVHTTP_REQ_GET, "/v1/apps/{app}/refs", get_refs, 0},
    {0, NULL, NULL, 0},
};

/* ---- what /v1/state says */

static void describe(struct agent *agent, const struct app *app, json_t *object)
{
    json_t *last;
    const char *id, *good, *ref, *commit;
    char running[DEPLOY_ID_SIZE];

    if (!app->deploy)
        return;
    last = deploy_load(agent->conf, app, "last.json");
    id = json_string_value(json_object_get(last, "last"));
    good = json_string_value(json_object_get(last, "good"));
    ref = json_string_value(json_object_get(last, "ref"));
    deploy_asked_running(agent->conf, app, deploy_asking(app), running);
    json_object_set_new(object, "running_deploy",
                        *running ? json_string(running) : json_null());
    json_object_set_new(object, "last_deploy", id ? json_string(id) : json_null());
    /* a tree that we may not read */
    if (good && json_is_null(json_object_get(object, "commit")))
        json_object_set_new(object, "commit", json_string(good));
    commit = json_string_value(json_object_get(object, "commit"));
    /* what was checked out by us is on no branch; say by which name it came */
    if (good && commit && !strcmp(good, commit) && ref && *ref && !deploy_ref_commit(ref) &&
        json_is_null(json_object_get(object, "branch")))
        json_object_set_new(object, "branch", json_string(ref));
    json_decref(last);
}

static bool busy(const struct agent *agent)
{
    for (int i = 0; i < agent->conf->napps; i++)
        if (asking[i])
            return true;
    return false;
}

const struct part deploy_part = {.routes = routes, .describe = describe, .busy = busy};
