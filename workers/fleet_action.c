/*
 * fleet_action: what people asked for, asked of the agent.
 *
 * At least once, with the action's uuid: the agent does it once and gives the same answer
 * again. A question that got no answer is repeated for a while; an action whose sender died
 * is claimed by the next.
 */
#include "fleet_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"

#define ACTIONS_MOST 64
#define CLAIM_TTL_S  180 /* more than the longest question and its repeats */
#define CONNECT_MS   3000
#define ANSWER_MS    70000
#define GIVE_UP_MS   60000 /* an agent that cannot be reached for so long */
#define UNTOLD_MS    (10 * 60 * 1000)
#define ANSWER_MOST  (256 * 1024)

/* ---------------------------------------------------------------- the end of one */

void action_free(struct action *a)
{
    struct action **at = &a->fleet->actions;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    a->fleet->nactions--;
    if (a->call)
        agent_link_cancel(a->call);
    event_free(a->timer);
    json_decref(a->args);
    json_decref(a->last);
    free(a->result);
    free(a->said);
    free(a->report);
    free(a);
}

static void on_told(void *arg, enum db_end end, const PGresult *res)
{
    struct action *a = arg;

    a->tells = false;
    if ((end == DB_LOST || end == DB_AWAY) && !a->fleet->w->stopping &&
        mono_ms() - a->ended_ms < UNTOLD_MS)
        return; /* action_tell() tries again */
    if (end != DB_OK)
        log_error("the end of an action is not recorded id=%lld sqlstate=%s error=\"%s\"",
                  a->id, db_sqlstate(res), db_message(end, res));
    action_free(a);
}

static void tell(struct action *a)
{
    char id[24];
    const char *args[] = {a->fleet->w->id, id, a->ok ? "true" : "false",
                          a->result ? a->result : "{}", a->error};

    if (a->tells || !db_online(a->fleet->w->db))
        return;
    snprintf(id, sizeof(id), "%lld", a->id);
    a->tells = true;
    db_call(a->fleet->w->db, "select work.fleet_action_done($1,$2,$3,$4,$5)", 5, args,
            FLEET_CALL_MS, on_told, a);
}

void action_tell(struct fleet *f)
{
    for (struct action *a = f->actions; a; a = a->next)
        if (a->ended)
            tell(a);
        else if (a->report)
            deploy_tell(a);
}

void action_end(struct action *a, bool ok, const char *error)
{
    json_t *stats = a->fleet->w->stats;
    const char *what = ok ? "actions_done_total" : "actions_failed_total";

    json_object_set_new(stats, what,
                        json_integer(json_integer_value(json_object_get(stats, what)) + 1));
    a->ended = true;
    a->ended_ms = mono_ms();
    a->ok = ok;
    snprintf(a->error, sizeof(a->error), "%s", error ? error : "");
    if (ok)
        log_info("done action=%lld kind=%s host=%lld app=%s", a->id, a->kind, a->host, a->app);
    else
        log_warning("not done action=%lld kind=%s host=%lld app=%s error=\"%s\"", a->id,
                    a->kind, a->host, a->app, a->error);
    tell(a);
    poll_soon(a->fleet, a->host);
}

/* ---------------------------------------------------------------- a question */

struct question {
    struct action *a;
    void (*got)(struct action *, const struct agent_answer *);
};

static void on_timer(evutil_socket_t, short, void *arg)
{
    struct action *a = arg;

    if (!a->ended && !a->call)
        a->ask(a);
}

void action_later(struct action *a, int ms)
{
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    event_add(a->timer, &tv);
}

/* Refused, lost, slow: asked again with growing waits, until it takes too long. */
static void no_answer(struct action *a, const char *why)
{
    int64_t now = mono_ms();
    int wait = 500 << (a->tries < 4 ? a->tries : 4);

    a->tries++;
    if (now - (a->heard_ms ? a->heard_ms : a->claimed_ms) < GIVE_UP_MS)
        action_later(a, wait);
    else
        action_end(a, false, why);
}

static void on_answer(void *arg, const struct agent_answer *answer)
{
    struct question q = *(struct question *)arg;
    struct action *a = q.a;

    free(arg);
    a->call = NULL;
    if (a->ended)
        return;
    if (answer->end != AGENT_OK) {
        no_answer(a, answer->message);
        return;
    }
    if (answer->status == 503) {
        no_answer(a, "the agent is busy");
        return;
    }
    a->tries = 0;
    a->heard_ms = mono_ms();
    q.got(a, answer);
}

int action_send(struct action *a, const char *method, const char *path, const char *body,
                void (*got)(struct action *, const struct agent_answer *))
{
    struct agent_host *host = agent_hosts_find(a->fleet->hosts, a->host);
    struct question *mine;
    struct agent_request q = {.method = method,
                              .path = path,
                              .body = body,
                              .body_len = body ? strlen(body) : 0,
                              .connect_ms = CONNECT_MS,
                              .timeout_ms = ANSWER_MS,
                              .drips = true,
                              .most = ANSWER_MOST,
                              .done = on_answer};

    if (!host || !host->trusted) {
        no_answer(a, "the host is not enrolled");
        return -1;
    }
    if (!(mine = malloc(sizeof(*mine))))
        abort();
    *mine = (struct question){a, got};
    q.peer = &host->peer;
    q.arg = mine;
    if ((a->call = agent_link_ask(a->fleet->link, &q)))
        return 0;
    free(mine);
    action_later(a, 1000);
    return -1;
}

void action_refusal(const struct agent_answer *answer, char *out, size_t size)
{
    json_t *said = json_loadb(answer->body, answer->len, 0, NULL);
    const char *error = json_string_value(json_object_get(said, "error"));

    if (error)
        snprintf(out, size, "%.300s", error);
    else
        snprintf(out, size, "the agent answers with status %d", answer->status);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    json_decref(said);
}

/* ---------------------------------------------------------------- start, stop, restart */

static void on_done(struct action *a, const struct agent_answer *answer)
{
    json_t *said, *out;
    double ms;
    char error[400];

    if (answer->status != 200) {
        action_refusal(answer, error, sizeof(error));
        action_end(a, false, error);
        return;
    }
    said = json_loadb(answer->body, answer->len, 0, NULL);
    ms = json_number_value(json_object_get(said, "ms"));
    out = json_pack("{s:o?, s:f}", "state", agent_state_app(json_object_get(said, "state")),
                    "ms", ms >= 0 && ms < 1e7 ? ms : 0.0);
    a->result = json_dumps(out, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(out);
    json_decref(said);
    action_end(a, true, NULL);
}

static void verb_ask(struct action *a)
{
    char path[128], body[64];

    snprintf(path, sizeof(path), "/v1/apps/%s/%s", a->app, a->kind);
    snprintf(body, sizeof(body), "{\"action\":\"%s\"}", a->uuid);
    action_send(a, "POST", path, body, on_done);
}

static const struct {
    const char *kind;
    void (*ask)(struct action *);
} kinds[] = {
    {"start", verb_ask},    {"stop", verb_ask},     {"restart", verb_ask},
    {"deploy", deploy_ask}, {"cancel", cancel_ask},
};

/* ---------------------------------------------------------------- claiming */

static bool copy(char *to, size_t size, const char *from)
{
    return (size_t)snprintf(to, size, "%s", from) < size;
}

/* Names go into a path: what is no name of ours is not asked. */
static bool well_formed(const struct action *a)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    static const char uuid[] = "0123456789abcdef-";

    return a->ask && a->app[0] && a->app[0] != '.' && strspn(a->app, name) == strlen(a->app) &&
           strlen(a->uuid) == 36 && strspn(a->uuid, uuid) == 36 && strlen(a->deploy) == 36 &&
           strspn(a->deploy, uuid) == 36;
}

static void begin(struct fleet *f, const PGresult *res, int row)
{
    enum { ID, UUID, HOST, APP, KIND, ARGS, ATTEMPT };
    struct action *a = calloc(1, sizeof(*a));
    const char *deploy;
    bool fits;

    if (!a || !(a->timer = event_new(f->w->base, -1, 0, on_timer, a)))
        abort();
    a->fleet = f;
    a->id = db_int(res, row, ID, 0);
    a->host = db_int(res, row, HOST, 0);
    a->attempt = (int)db_int(res, row, ATTEMPT, 1);
    a->claimed_ms = mono_ms();
    a->args = json_loads(PQgetvalue(res, row, ARGS), 0, NULL);
    fits = copy(a->uuid, sizeof(a->uuid), PQgetvalue(res, row, UUID)) &
           copy(a->app, sizeof(a->app), PQgetvalue(res, row, APP)) &
           copy(a->kind, sizeof(a->kind), PQgetvalue(res, row, KIND));
    deploy = json_string_value(json_object_get(a->args, "deploy"));
    fits &= copy(a->deploy, sizeof(a->deploy), deploy ? deploy : a->uuid);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!strcmp(kinds[i].kind, a->kind))
            a->ask = kinds[i].ask;
    a->next = f->actions;
    f->actions = a;
    f->nactions++;
    log_info("asking action=%lld kind=%s host=%lld app=%s attempt=%d", a->id, a->kind, a->host,
             a->app, a->attempt);
    if (fits && well_formed(a))
        a->ask(a);
    else
        action_end(a, false, "this action is not known here");
}

static void on_claimed(void *arg, enum db_end end, const PGresult *res)
{
    struct fleet *f = arg;
    int rows = end == DB_OK ? PQntuples(res) : 0;

    f->claims = false;
    if (end == DB_REFUSED)
        log_error("cannot claim actions sqlstate=%s error=\"%s\"", db_sqlstate(res),
                  db_message(end, res));
    if (f->w->stopping)
        return; /* bye gives the claims back */
    for (int i = 0; i < rows; i++)
        begin(f, res, i);
    if (f->claim_again || rows > 0)
        action_claim(f);
}

void action_claim(struct fleet *f)
{
    char epoch[24], room[12], ttl[12];
    const char *args[] = {f->w->id, epoch, room, ttl};

    f->claim_again = f->claims;
    if (f->claims || !f->epoch || f->nactions >= ACTIONS_MOST || !db_online(f->w->db))
        return;
    f->claims = true;
    snprintf(epoch, sizeof(epoch), "%lld", f->epoch);
    snprintf(room, sizeof(room), "%d", ACTIONS_MOST - f->nactions);
    snprintf(ttl, sizeof(ttl), "%d", CLAIM_TTL_S);
    db_call(f->w->db,
            "select id, uuid, host, app, kind, args, attempt "
            "from work.fleet_action_claim($1,$2,$3,$4)",
            4, args, FLEET_CALL_MS, on_claimed, f);
}

/* What is on its way is left to the next sender. */
void action_stop(struct fleet *f)
{
    for (struct action *a = f->actions; a; a = a->next) {
        event_del(a->timer);
        if (a->call)
            agent_link_cancel(a->call);
        a->call = NULL;
    }
}
