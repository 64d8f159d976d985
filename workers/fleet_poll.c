#include "fleet_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"

#define CONNECT_MS 5000
#define POLL_MS    10000
#define SOON_MS    50
#define NEW_MS     1500
#define NEW_TRIES  40
#define USUAL_S    30 /* the interval of a host for which nobody chose one */

/* Each host at its own phase of its own interval: a thousand are spread over it. */
static int64_t next_of(const struct poll *p, int64_t now)
{
    int64_t every = (int64_t)p->host->poll_s * 1000, phase;

    if (!p->met && p->tries < NEW_TRIES) /* just enrolled: its agent starts any moment */
        return now + NEW_MS;
    if (p->host->poll_s <= 0 || p->host->poll_s == USUAL_S)
        every = (int64_t)p->fleet->w->conf->fleet_poll * 1000;
    phase = (int64_t)((unsigned long long)p->host->peer.host * 2654435761ULL % every);
    return now + 1 + (every - 1 + phase - now % every) % every;
}

static void plan(struct poll *p, int64_t at)
{
    p->due_ms = at;
    if (heap_set(&p->fleet->due, &p->due, at))
        abort();
}

/* ---------------------------------------------------------------- answers */

static void count_up(struct fleet *f, const char *what)
{
    json_t *old = json_object_get(f->w->stats, what);

    json_object_set_new(f->w->stats, what, json_integer(json_integer_value(old) + 1));
}

static void heard(struct poll *p, bool ok, unsigned long long print, json_t *said)
{
    struct fleet *f = p->fleet;
    bool flip = !p->known || p->ok != ok || p->print != print;
    char *text = json_dumps(said, JSON_COMPACT | JSON_ENSURE_ASCII);

    if (p->known && p->ok != ok && (p->met || p->tries > NEW_TRIES))
        log_info("%s host=%lld name=\"%s\"%s%s", ok ? "answers again" : "does not answer",
                 p->host->peer.host, p->host->name, ok ? "" : " error=",
                 ok ? "" : json_string_value(json_object_get(said, "message")));
    f->silent += (p->known && !p->ok ? -1 : 0) + (ok ? 0 : 1);
    p->known = true;
    p->met |= ok;
    p->tries++;
    p->ok = ok;
    p->print = print;
    if (!text)
        abort();
    answers_add(f, p->host->peer.host, flip, text);
    json_decref(said);
}

static void heard_nothing(struct poll *p, const char *error, const char *message)
{
    count_up(p->fleet, "polls_failed_total");
    heard(p, false, 0,
          json_pack("{s:b, s:s, s:s}", "ok", 0, "error", error, "message", message));
}

static void on_answer(void *arg, const struct agent_answer *a)
{
    struct poll *p = arg;
    struct fleet *f = p->fleet;
    char why[AGENT_WHY_MAX];
    json_t *state;

    p->call = NULL;
    f->polling--;
    count_up(f, "poll_seconds_count");
    f->poll_us += a->us;
    if (a->end != AGENT_OK)
        heard_nothing(p, agent_end_word(a->end), a->message);
    else if (a->status != 200) {
        snprintf(why, sizeof(why), "the agent answers with status %d", a->status);
        heard_nothing(p, "protocol", why);
    }
    else if (!(state = agent_state_cut(a->body, a->len, why)))
        heard_nothing(p, "protocol", why);
    else
        heard(
            p, true, agent_state_print(state),
            json_pack("{s:b, s:f, s:o}", "ok", 1, "ms", (double)a->us / 1000, "state", state));
    plan(p, p->soon ? mono_ms() : next_of(p, mono_ms()));
    p->soon = false;
    poll_run(f);
}

static void ask(struct poll *p)
{
    struct agent_request q = {.peer = &p->host->peer,
                              .path = "/v1/state",
                              .connect_ms = CONNECT_MS,
                              .timeout_ms = POLL_MS,
                              .most = AGENT_STATE_MAX,
                              .done = on_answer,
                              .arg = p};

    if ((p->call = agent_link_ask(p->fleet->link, &q)))
        p->fleet->polling++;
    else
        plan(p, mono_ms() + 1000); /* too much runs already */
}

/* ---------------------------------------------------------------- the clock */

void poll_run(struct fleet *f)
{
    struct heap_node *n;
    int64_t now = mono_ms(), wait;
    struct timeval tv;

    while (f->epoch && !f->w->stopping && (n = heap_first(&f->due)) && n->key <= now) {
        struct poll *p = (struct poll *)n;

        heap_remove(&f->due, n);
        if (now - p->due_ms > f->lag_ms)
            f->lag_ms = now - p->due_ms;
        ask(p);
    }
    if (!(n = heap_first(&f->due)) || !f->epoch)
        return;
    wait = n->key > now ? n->key - now : 1;
    tv = (struct timeval){wait / 1000, wait % 1000 * 1000};
    event_add(f->timer, &tv);
}

static void on_timer(evutil_socket_t, short, void *arg)
{
    poll_run(arg);
}

/* ---------------------------------------------------------------- hosts */

void poll_host(struct agent_host *host, struct fleet *f)
{
    struct poll *p = host->data;

    if (!p) {
        if (!(p = host->data = calloc(1, sizeof(*p))))
            abort();
        p->fleet = f;
        p->host = host;
    }
    if (p->call) { /* it went to where the host is not any more */
        agent_link_cancel(p->call);
        p->call = NULL;
        f->polling--;
    }
    if (!host->trusted)
        heap_remove(&f->due, &p->due);
    else if (agent_hosts_loaded(f->hosts)) { /* just enrolled, and somebody waits for it */
        p->met = false;
        p->tries = 0;
        plan(p, mono_ms());
    }
    else {
        p->met = true; /* for long, presumably */
        plan(p, next_of(p, mono_ms()));
    }
    poll_run(f);
}

void poll_gone(struct agent_host *host)
{
    struct poll *p = host->data;

    if (!p)
        return;
    if (p->call) {
        agent_link_cancel(p->call);
        p->fleet->polling--;
    }
    if (p->known && !p->ok)
        p->fleet->silent--;
    heap_remove(&p->fleet->due, &p->due);
    free(p);
    host->data = NULL;
}

void poll_soon(struct fleet *f, long long id)
{
    struct agent_host *host = agent_hosts_find(f->hosts, id);
    struct poll *p = host ? host->data : NULL;

    if (!p || !host->trusted)
        return;
    if (p->call)
        p->soon = true;
    else
        plan(p, mono_ms() + SOON_MS);
    poll_run(f);
}

int poll_start(struct fleet *f)
{
    return (f->timer = event_new(f->w->base, -1, 0, on_timer, f)) ? 0 : -1;
}

void poll_stop(struct fleet *f)
{
    event_del(f->timer);
}
