/*
 * fleet_deploy: a deploy while it runs: asked for once, then looked at each second, and each
 * report that is another one handed to the database. The last one ends the action there.
 */
#include "fleet_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"

#define LOOK_MS  1000
#define RENEW_MS 20000 /* a report says that we are there, even when it is the old one */

static void look(struct action *a);

/* ---------------------------------------------------------------- reports */

static void on_said(void *arg, enum db_end end, const PGresult *res)
{
    struct action *a = arg;

    a->tells = false;
    if (end == DB_OK) {
        a->said_ms = mono_ms();
    }
    else {
        free(a->said); /* to be said again */
        a->said = NULL;
        if (end == DB_REFUSED)
            log_error("the report of a deploy is refused id=%lld sqlstate=%s error=\"%s\"",
                      a->id, db_sqlstate(res), db_message(end, res));
    }
    if (a->over && (end == DB_OK || end == DB_REFUSED))
        action_free(a);
    else
        deploy_tell(a);
}

void deploy_tell(struct action *a)
{
    char id[24];
    const char *args[] = {a->fleet->w->id, id, a->report};
    bool same = a->said && !strcmp(a->said, a->report);

    if (a->tells || !db_online(a->fleet->w->db) || (same && mono_ms() - a->said_ms < RENEW_MS))
        return;
    snprintf(id, sizeof(id), "%lld", a->id);
    free(a->said);
    if (!(a->said = strdup(a->report)))
        abort();
    a->tells = true;
    a->said_ms = mono_ms();
    db_call(a->fleet->w->db, "select work.fleet_deploy_say($1,$2,$3)", 3, args, FLEET_CALL_MS,
            on_said, a);
}

static void report(struct action *a, json_t *said)
{
    const char *state = json_string_value(json_object_get(said, "state"));

    a->over = strcmp(state, "running") != 0;
    free(a->report);
    if (!(a->report = json_dumps(said, JSON_COMPACT | JSON_ENSURE_ASCII)))
        abort();
    if (a->over) {
        log_info("deploy %s action=%lld host=%lld app=%s", state, a->id, a->host, a->app);
        poll_soon(a->fleet, a->host);
    }
    deploy_tell(a);
}

/* ---------------------------------------------------------------- looking */

static void refused(struct action *a, const struct agent_answer *answer)
{
    char error[400];

    action_refusal(answer, error, sizeof(error));
    action_end(a, false, error);
}

static void on_look(struct action *a, const struct agent_answer *answer)
{
    json_t *all = NULL, *said = NULL;

    if (answer->status != 200) {
        refused(a, answer);
        return;
    }
    all = json_loadb(answer->body, answer->len, 0, NULL);
    said = agent_state_deploy(all);
    json_decref(all);
    if (!said) {
        action_end(a, false, "the agent's report of the deploy is none");
        return;
    }
    report(a, said);
    json_decref(said);
    if (!a->over) {
        a->ask = look;
        action_later(a, LOOK_MS);
    }
}

static void look(struct action *a)
{
    char path[160];

    snprintf(path, sizeof(path), "/v1/apps/%s/deploys/%s", a->app, a->deploy);
    action_send(a, "GET", path, NULL, on_look);
}

/* ---------------------------------------------------------------- asking */

static void on_started(struct action *a, const struct agent_answer *answer)
{
    if (answer->status == 202 || answer->status == 200) {
        a->ask = look;
        look(a);
    }
    else {
        refused(a, answer);
    }
}

static void start(struct action *a)
{
    json_t *ref = json_object_get(a->args, "ref");
    json_t *body = json_pack("{s:s, s:O?}", "id", a->uuid, "ref", ref);
    char path[128], *text = json_dumps(body, JSON_COMPACT);

    snprintf(path, sizeof(path), "/v1/apps/%s/deploys", a->app);
    if (!text)
        abort();
    action_send(a, "POST", path, text, on_started);
    free(text);
    json_decref(body);
}

/* Its sender died: did the agent ever hear of it? */
static void on_known(struct action *a, const struct agent_answer *answer)
{
    if (answer->status == 404) {
        a->ask = start;
        start(a);
    }
    else {
        on_look(a, answer);
    }
}

void deploy_ask(struct action *a)
{
    char path[160];

    if (a->attempt <= 1 && a->tries == 0) {
        start(a);
        return;
    }
    snprintf(path, sizeof(path), "/v1/apps/%s/deploys/%s", a->app, a->uuid);
    action_send(a, "GET", path, NULL, on_known);
}

static void on_cancelled(struct action *a, const struct agent_answer *answer)
{
    if (answer->status == 202 || answer->status == 200)
        action_end(a, true, NULL);
    else
        refused(a, answer);
}

void cancel_ask(struct action *a)
{
    char path[160];

    snprintf(path, sizeof(path), "/v1/apps/%s/deploys/%s/cancel", a->app, a->deploy);
    action_send(a, "POST", path, "{}", on_cancelled);
}
