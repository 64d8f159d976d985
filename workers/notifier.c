/*
 * notifier: claims messages of the outbox, sends each by its channel, says how it went.
 *
 * At least once: a message that was sent and not yet marked when we die goes out again,
 * with the same key. What could not be told to the database is told when it is back,
 * before anything new is claimed.
 */
#include "channel.h"
#include "config.h"
#include "role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLAIM_TTL_S 60 /* more than the longest attempt */
#define CALL_MS     5000
#define UNTOLD_MS   (10 * 60 * 1000) /* then the claim of another has long settled it */

struct notifier {
    struct worker *w;
    struct fetch *fetch;
    int running; /* messages claimed and not yet told of */
    bool claims, again;
    struct told *untold; /* answers lost on the way: told again when the database is back */
};

/* What the database is to be told. It outlives the sending. */
struct told {
    struct told *next;
    struct notifier *n;
    int64_t since_ms;
    char id[24], ok[6], retry[24], dead[6], code[12], duration[12];
    struct outcome outcome;
};

static struct notifier self;

static void claim(struct notifier *n);

static const char *flag(bool b)
{
    return b ? "true" : "false";
}

static void count_up(struct notifier *n, const char *what)
{
    json_t *old = json_object_get(n->w->stats, what);

    json_object_set_new(n->w->stats, what, json_integer(json_integer_value(old) + 1));
}

/* ---------------------------------------------------------------- telling */

static void leave_when_done(struct notifier *n)
{
    if (n->w->stopping && n->running == 0 && !n->claims)
        worker_drained(n->w);
}

static void on_told(void *arg, enum db_end end, const PGresult *res)
{
    struct told *t = arg;
    struct notifier *n = t->n;

    if ((end == DB_LOST || end == DB_AWAY) && mono_ms() - t->since_ms < UNTOLD_MS &&
        !n->w->stopping) {
        t->next = n->untold;
        n->untold = t;
        return;
    }
    if (end != DB_OK)
        log_error("a delivery is not recorded id=%s sqlstate=%s error=\"%s\"", t->id,
                  db_sqlstate(res), db_message(end, res));
    free(t);
    n->running--;
    if (n->w->stopping)
        leave_when_done(n);
    else
        claim(n);
}

static void tell(struct told *t)
{
    const struct outcome *o = &t->outcome;
    const char *args[] = {t->n->w->id,
                          t->id,
                          flag(o->ok),
                          t->retry,
                          flag(o->dead),
                          o->recipient,
                          o->code ? t->code : NULL,
                          t->duration,
                          o->provider_id[0] ? o->provider_id : NULL,
                          o->ok ? NULL : o->error,
                          o->excerpt[0] ? o->excerpt : NULL};

    db_call(t->n->w->db, "select work.outbox_done($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)", 11,
            args, CALL_MS, on_told, t);
}

static void tell_untold(struct notifier *n)
{
    struct told *t = n->untold, *next;

    n->untold = NULL;
    for (; t; t = next) {
        next = t->next;
        tell(t);
    }
}

static void sending_free(struct sending *s)
{
    json_decref(s->config);
    json_decref(s->secret);
    json_decref(s->body);
    message_free(&s->message);
    curl_slist_free_all(s->headers);
    curl_slist_free_all(s->to);
    free(s->payload);
    free(s->key);
    free(s->event);
    free(s);
}

static void report(struct sending *s)
{
    struct notifier *n = s->owner;
    struct told *t = calloc(1, sizeof(*t));
    const struct outcome *o = &s->outcome;

    if (!t)
        abort();
    t->n = n;
    t->since_ms = mono_ms();
    t->outcome = *o;
    snprintf(t->id, sizeof(t->id), "%lld", s->id);
    snprintf(t->retry, sizeof(t->retry), "%lld", o->retry_after_s);
    snprintf(t->code, sizeof(t->code), "%d", o->code);
    snprintf(t->duration, sizeof(t->duration), "%d", o->duration_ms);
    count_up(n, o->ok ? "sent_total" : "failed_total");
    if (o->ok)
        log_info("sent id=%lld channel=%s event=%s ms=%d", s->id, s->kind->type, s->event,
                 o->duration_ms);
    else
        log_warning("not sent id=%lld channel=%s event=%s attempt=%d error=\"%s\"", s->id,
                    s->kind ? s->kind->type : "?", s->event, s->attempt, o->error);
    sending_free(s);
    tell(t);
}

/* ---------------------------------------------------------------- sending */

static void on_sent(void *arg, const struct fetch_result *res)
{
    struct sending *s = arg;

    s->kind->ended(s, res);
    report(s);
}

static struct sending *sending_new(struct notifier *n, const PGresult *res, int row)
{
    enum { ID, KEY, EVENT, ATTEMPT, CHANNEL, TYPE, NAME, CONFIG, SECRET, BODY };
    struct sending *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    s->owner = n;
    s->conf = n->w->conf;
    s->id = db_int(res, row, ID, 0);
    s->key = strdup(PQgetvalue(res, row, KEY));
    s->event = strdup(PQgetvalue(res, row, EVENT));
    s->attempt = (int)db_int(res, row, ATTEMPT, 1);
    s->config = json_loads(PQgetvalue(res, row, CONFIG), 0, NULL);
    s->secret = json_loads(PQgetvalue(res, row, SECRET), 0, NULL);
    s->body = json_loads(PQgetvalue(res, row, BODY), 0, NULL);
    for (int i = 0; channels[i]; i++)
        if (!strcmp(channels[i]->type, PQgetvalue(res, row, TYPE)))
            s->kind = channels[i];
    return s;
}

static void send_one(struct notifier *n, struct sending *s)
{
    n->running++;
    if (!s->kind || !s->body ||
        message_make(&s->message, s->body, s->conf->public_url, time(NULL))) {
        channel_refuse(s, "the message or its channel is of an unknown kind");
        report(s);
        return;
    }
    if (s->message.homeless) {
        channel_refuse(s, "subscribers need addresses: set public_url in tocsind.conf");
        report(s);
        return;
    }
    if (s->kind->prepare(s)) {
        report(s);
        return;
    }
    s->request.done = on_sent;
    s->request.arg = s;
    if (!fetch_start(n->fetch, &s->request)) {
        snprintf(s->outcome.error, sizeof(s->outcome.error), "could not be started");
        report(s);
    }
}

static void on_claimed(void *arg, enum db_end end, const PGresult *res)
{
    struct notifier *n = arg;
    int rows = end == DB_OK ? PQntuples(res) : 0;

    n->claims = false;
    if (end == DB_REFUSED)
        log_error("cannot claim messages sqlstate=%s error=\"%s\"", db_sqlstate(res),
                  db_message(end, res));
    if (n->w->stopping) {
        leave_when_done(n); /* bye gives the claim back */
        return;
    }
    for (int i = 0; i < rows; i++)
        send_one(n, sending_new(n, res, i));
    if (n->again || rows > 0)
        claim(n);
}

static void claim(struct notifier *n)
{
    char room[12], ttl[12];
    const char *args[] = {n->w->id, room, ttl};

    if (n->claims) {
        n->again = true;
        return;
    }
    n->again = false;
    if (n->running >= n->w->conf->sends || n->untold || !db_online(n->w->db))
        return;
    n->claims = true;
    snprintf(room, sizeof(room), "%d", n->w->conf->sends - n->running);
    snprintf(ttl, sizeof(ttl), "%d", CLAIM_TTL_S);
    db_call(n->w->db, "select * from work.outbox_claim($1,$2,$3)", 3, args, CALL_MS,
            on_claimed, n);
}

/* ---------------------------------------------------------------- the role */

static int count(const struct tocsind_conf *conf)
{
    return conf->demo ? 0 : 1;
}

static int start(struct worker *w)
{
    struct guard guard;
    struct fetch_conf fc = {
        .base = w->base,
        .guard = &guard,
        .most = w->conf->sends,
        .user_agent = "Tocsin/" PACKAGE_VERSION,
    };

    guard_init(&guard);
    for (int i = 0; i < w->conf->allow_target.n; i++)
        guard_allow(&guard, w->conf->allow_target.item[i]);
    self.w = w;
    json_object_set_new(w->stats, "sent_total", json_integer(0));
    json_object_set_new(w->stats, "failed_total", json_integer(0));
    if (!(self.fetch = fetch_new(&fc))) {
        log_error("libcurl cannot be used");
        return -1;
    }
    return 0;
}

static void wake(struct worker *w, unsigned why)
{
    if (self.untold && db_online(w->db))
        tell_untold(&self);
    if (why & (WAKE_TICK | WAKE_ONLINE | WAKE_OUTBOX))
        claim(&self);
    json_object_set_new(w->stats, "sending", json_integer(self.running));
}

static void stop(struct worker *w)
{
    if (db_online(w->db))
        tell_untold(&self);
    leave_when_done(&self);
}

const struct role role_notifier = {"notifier", count, start, wake, stop};
