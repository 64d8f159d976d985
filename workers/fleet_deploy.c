/*
 * fleet_deploy: a deploy while it runs: asked for once, then looked at each second, and each
 * report that is another one handed to the database. The last one ends the action there.
 */
#include "fleet_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"
#include "buf.h"

#define LOOK_MS     1000
#define AGAIN_MS    2000
#define AGAIN_MOST  30 /* a look at what is new, in an agent that has deploys wait for none */
#define OUTPUT_MS   5000
#define OUTPUT_MOST (256 * 1024)
#define RENEW_MS    20000 /* a report says that we are there, even when it is the old one */

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

/* ---------------------------------------------------------------- what was printed */

/* The lines of a page of the journal, joined. */
static json_t *output_of(const struct agent_answer *answer)
{
    json_t *all = json_loadb(answer->body, answer->len, 0, NULL), *text;
    json_t *lines = json_object_get(all, "lines");
    size_t n = json_array_size(lines);
    buf out = {NULL};

    for (size_t i = 0; i < n && out.len < OUTPUT_MOST; i++) {
        const json_t *m = json_object_get(json_array_get(lines, i), "m");

        if (json_is_string(m)) {
            buf_add(&out, json_string_value(m), json_string_length(m));
            buf_puts(&out, "\n");
        }
    }
    text = out.len ? json_stringn(out.data, out.len) : NULL;
    buf_free(&out);
    json_decref(all);
    return text;
}

static void on_output(void *arg, const struct agent_answer *answer)
{
    struct action *a = arg;

    a->call = NULL;
    if (answer->end == AGENT_OK && answer->status == 200)
        json_object_set_new(a->last, "output", output_of(answer)); /* not set when NULL */
    report(a, a->last);
}

/* A journal forgets; how a deploy went stays. What cannot be had is left out. */
static void fetch_output(struct action *a)
{
    struct agent_host *host = agent_hosts_find(a->fleet->hosts, a->host);
    char path[200];
    struct agent_request q = {.path = path,
                              .connect_ms = OUTPUT_MS,
                              .timeout_ms = OUTPUT_MS,
                              .most = 4 * OUTPUT_MOST,
                              .done = on_output,
                              .arg = a};

    snprintf(path, sizeof(path), "/v1/apps/%s/logs?deploy=%s&limit=1000", a->app, a->deploy);
    if (host && host->trusted) {
        q.peer = &host->peer;
        a->call = agent_link_ask(a->fleet->link, &q);
    }
    if (!a->call)
        report(a, a->last);
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
    if (strcmp(json_string_value(json_object_get(said, "state")), "running") != 0) {
        a->last = said;
        fetch_output(a);
        return;
    }
    report(a, said);
    json_decref(said);
    a->ask = look;
    action_later(a, LOOK_MS);
}

static void look(struct action *a)
{
    char path[160];

    snprintf(path, sizeof(path), "/v1/apps/%s/deploys/%s", a->app, a->deploy);
    action_send(a, "GET", path, NULL, on_look);
}

/* ---------------------------------------------------------------- asking */

/* 409 of an agent that says of no deploy that it is the one in the way. */
static bool nothing_in_the_way(const struct agent_answer *answer)
{
    json_t *said;
    bool none;

    if (answer->status != 409)
        return false;
    said = json_loadb(answer->body, answer->len, 0, NULL);
    none = json_is_null(json_object_get(said, "running"));
    json_decref(said);
    return none;
}

static void on_started(struct action *a, const struct agent_answer *answer)
{
    if (answer->status == 202 || answer->status == 200) {
        a->ask = look;
        look(a);
    }
    else if (nothing_in_the_way(answer) && a->again++ < AGAIN_MOST) {
        action_later(a, AGAIN_MS);
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
