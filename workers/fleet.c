/*
 * fleet: asks each host of the fleet how it is, and what people asked for of its apps.
 *
 * One process of all hosts of tocsind does it: it holds the lease, whose epoch fences what
 * a former holder still has to say. While the database is away it goes on asking, and
 * settles afterwards what it heard, each answer with its true age.
 */
#include "fleet_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "repeat.h"

#define LEASE_MS    10000
#define RENEW_MS    3000
#define CALLS_MOST  400   /* requests to agents at once */
#define KEEP_MOST   20000 /* connections */
#define FILES_SPARE 64

static struct fleet self;

static struct repeat jobs[] = {
    {.sql = "select work.fleet_silent()",
     .every_ms = 5000,
     .deadline_ms = 30000,
     .log = "hosts are silent",
     .stat = "silenced_total"},
};

/* ---------------------------------------------------------------- the lease */

void fleet_fenced(struct fleet *f)
{
    if (f->epoch)
        log_info("another process asks the fleet epoch=%lld", f->epoch);
    f->epoch = 0;
    answers_drop(f);
    agent_hosts_clear(f->hosts); /* when it comes back, each begins at its own phase */
}

static void leased(struct fleet *f, long long epoch)
{
    if (f->epoch == epoch)
        return;
    /* with another holder in between, what we heard before is older than what it said */
    if (f->held && epoch > f->held + 1)
        answers_drop(f);
    log_info("asks the fleet epoch=%lld", epoch);
    f->epoch = f->held = epoch;
    agent_hosts_refresh(f->hosts, epoch, true);
    action_claim(f);
}

static void on_lease(void *arg, enum db_end end, const PGresult *res)
{
    struct fleet *f = arg;

    f->lease_runs = false;
    if (end == DB_REFUSED)
        log_error("cannot lease the fleet sqlstate=%s error=\"%s\"", db_sqlstate(res),
                  db_message(end, res));
    if (end != DB_OK || f->w->stopping)
        return;
    f->lease_ms = mono_ms();
    if (db_int(res, 0, 0, 0) > 0)
        leased(f, db_int(res, 0, 0, 0));
    else
        fleet_fenced(f);
}

static void lease(struct fleet *f)
{
    char ttl[12];
    const char *args[] = {f->w->id, ttl};

    if (f->lease_runs || !db_online(f->w->db))
        return;
    snprintf(ttl, sizeof(ttl), "%d", LEASE_MS);
    f->lease_runs = true;
    db_call(f->w->db, "select work.fleet_lease($1,$2)", 2, args, FLEET_CALL_MS, on_lease, f);
}

/* ---------------------------------------------------------------- hosts */

static void host_changed(void *arg, struct agent_host *host)
{
    poll_host(host, arg);
}

static void host_gone(void *, struct agent_host *host)
{
    poll_gone(host);
}

/* ---------------------------------------------------------------- the role */

static int count(const struct tocsind_conf *conf)
{
    return conf->fleet_dir && !conf->demo ? 1 : 0;
}

/* A connection is a file, and it stays open. */
static int files(void)
{
    struct rlimit rl = {0, 0};

    if (getrlimit(RLIMIT_NOFILE, &rl))
        return CALLS_MOST;
    if (rl.rlim_cur < rl.rlim_max && rl.rlim_cur < KEEP_MOST + CALLS_MOST) {
        rl.rlim_cur =
            rl.rlim_max < KEEP_MOST + CALLS_MOST ? rl.rlim_max : KEEP_MOST + CALLS_MOST;
        setrlimit(RLIMIT_NOFILE, &rl);
        getrlimit(RLIMIT_NOFILE, &rl);
    }
    return rl.rlim_cur > KEEP_MOST + CALLS_MOST ? KEEP_MOST + CALLS_MOST : (int)rl.rlim_cur;
}

static int start(struct worker *w)
{
    struct agent_hosts_hooks hooks = {host_changed, host_gone, &self};
    struct agent_link_conf conf = {.base = w->base};
    struct guard allow;
    int most = files() - FILES_SPARE;
    char why[PKI_WHY];

    conf.most = most / 2 < CALLS_MOST ? most / 2 : CALLS_MOST;
    conf.keep = most - conf.most;
    tocsind_conf_fleet(w->conf, &allow);
    conf.allow = &allow;
    self.w = w;
    if (!(self.pki = pki_read(w->conf->fleet_dir, PKI_ASK, why))) {
        log_error("fleet_dir: %s", why);
        return -1;
    }
    conf.pki = self.pki;
    if (!(self.link = agent_link_new(&conf)) || poll_start(&self) || answers_start(&self)) {
        log_error("out of memory");
        return -1;
    }
    self.hosts = agent_hosts_new(w, hooks);
    return 0;
}

static void say(struct fleet *f)
{
    json_t *s = f->w->stats;

    json_object_set_new(s, "epoch", json_integer(f->epoch));
    json_object_set_new(s, "hosts", json_integer(f->epoch ? agent_hosts_count(f->hosts) : 0));
    json_object_set_new(s, "silent", json_integer(f->epoch ? f->silent : 0));
    json_object_set_new(s, "polling", json_integer(f->polling));
    json_object_set_new(s, "poll_lag_seconds", json_real((double)f->lag_ms / 1000));
    json_object_set_new(s, "poll_seconds_sum", json_real((double)f->poll_us / 1e6));
    json_object_set_new(s, "answers_waiting", json_integer(f->answers));
    json_object_set_new(s, "answers_dropped_total", json_integer(f->dropped));
    json_object_set_new(s, "actions", json_integer(f->nactions));
    json_object_set_new(s, "connects_total", json_integer(agent_link_connects(f->link)));
    f->lag_ms = 0;
}

static void wake(struct worker *w, unsigned why)
{
    struct fleet *f = &self;

    /* who waits for it looks each second */
    if ((why & WAKE_ONLINE) || !f->epoch || mono_ms() - f->lease_ms >= RENEW_MS)
        lease(f);
    if (f->epoch && (why & (WAKE_TICK | WAKE_ONLINE | WAKE_FLEET))) {
        agent_hosts_refresh(f->hosts, f->epoch, (why & WAKE_ONLINE) != 0);
        answers_settle(f);
        action_claim(f);
    }
    action_tell(f);
    if (f->epoch)
        repeat_wake(w, jobs, sizeof(jobs) / sizeof(jobs[0]), why);
    poll_run(f);
    if (why & WAKE_TICK)
        say(f);
}

/* Answers that are at hand are settled; what is asked of an agent now, the next holder asks
 * again with the same id. */
static void stop(struct worker *)
{
    action_stop(&self);
    poll_stop(&self);
    answers_stop(&self);
}

const struct role role_fleet = {"fleet", count, start, wake, stop};
