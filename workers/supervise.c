#include "supervise.h"
#include "lock.h"
#include "notify.h"
#include "slot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS      50 /* how often the slots are looked at */
#define CALL_MS      3000
#define MASTER_DRAIN 9500 /* the children have STOP_MS of it */

static struct {
    struct worker *w;
    struct tocsind_conf *conf;
    const char *conf_path;
    unsigned generation;
    struct slot slots[SLOTS_MAX];
    int nslots;
    struct child children[CHILDREN_MAX];
    struct lock lock;
    int ready_fd;
    bool ready, reloading;
    unsigned restarts;
    struct event *chld, *hup, *look;
} m;

/* ---------------------------------------------------------------- what others are told */

static void write_lock(void)
{
    char ids[LOCK_IDS_MAX][37];
    int n = 0;

    memcpy(ids[n++], m.w->id, 37);
    for (int i = 0; i < CHILDREN_MAX && n < LOCK_IDS_MAX; i++)
        if (m.children[i].pid)
            memcpy(ids[n++], m.children[i].id, 37);
    lock_write(&m.lock, ids, n);
}

static void tell_stats(const struct slot *crashed)
{
    json_t *restarts = json_object_get(m.w->stats, "restarts"), *loops = json_array();
    int running = 0;

    if (!restarts) {
        restarts = json_object();
        json_object_set_new(m.w->stats, "restarts", restarts);
        for (int i = 0; i < m.nslots; i++)
            json_object_set_new(restarts, m.slots[i].role->name, json_integer(0));
    }
    if (crashed)
        json_object_set_new(
            restarts, crashed->role->name,
            json_integer(json_integer_value(json_object_get(restarts, crashed->role->name)) +
                         1));
    for (int i = 0; i < m.nslots; i++)
        if (m.slots[i].looping)
            json_array_append_new(loops, json_string(m.slots[i].role->name));
    for (int i = 0; i < CHILDREN_MAX; i++)
        running += m.children[i].pid != 0;
    json_object_set_new(m.w->stats, "crash_loops", loops);
    json_object_set_new(m.w->stats, "children", json_integer(running));
    json_object_set_new(m.w->stats, "generation", json_integer(m.generation));
}

/* Its leases are free at once: the next takes them over, not the time-out. */
static void bury(const char *id)
{
    const char *args[] = {id};

    db_call(m.w->db, "select work.bury($1)", 1, args, CALL_MS, NULL, NULL);
}

/* ---------------------------------------------------------------- children */

static void on_heard(evutil_socket_t fd, short, void *arg)
{
    struct child *c = arg;
    char buf[64];
    ssize_t n = read(fd, buf, sizeof(buf));

    if (n > 0) {
        c->heard_ms = mono_ms();
        if (memchr(buf, 'R', (size_t)n))
            c->ready = true;
    }
    else if (n == 0) {
        event_del(c->heard); /* SIGCHLD tells the rest */
    }
}

static void start(struct slot *slot)
{
    struct child *c =
        child_start(m.children, slot, (int)(slot - m.slots), m.conf, m.generation, m.w->base);

    if (!c) {
        slot_crashed(slot, 0);
        return;
    }
    c->heard = event_new(m.w->base, c->fd, EV_READ | EV_PERSIST, on_heard, c);
    if (!c->heard || event_add(c->heard, NULL))
        abort();
    if (slot->now)
        slot->next = c;
    else
        slot->now = c;
    log_debug("started role=%s pid=%d", slot->role->name, (int)c->pid);
    write_lock();
}

static void ended(struct child *c, int status)
{
    struct slot *slot = &m.slots[c->slot];
    bool own = WIFEXITED(status) && WEXITSTATUS(status) == 0 && c->stopping;

    bury(c->id);
    if (slot->now == c)
        slot->now = NULL;
    else if (slot->next == c)
        slot->next = NULL;
    if (!own) {
        log_warning("role ended role=%s pid=%d %s=%d after_s=%lld", slot->role->name,
                    (int)c->pid, WIFSIGNALED(status) ? "signal" : "status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                    (long long)(mono_ms() - c->started_ms) / 1000);
        if (!c->stopping) {
            m.restarts++;
            slot_crashed(slot, mono_ms() - c->started_ms);
        }
    }
    if (!slot->now && slot->next) { /* the one to be replaced went by itself */
        slot->now = slot->next;
        slot->next = NULL;
    }
    tell_stats(own || c->stopping ? NULL : slot);
    child_forget(c);
    write_lock();
}

static void on_chld(evutil_socket_t, short, void *)
{
    pid_t pid;
    int status, left = 0;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < CHILDREN_MAX; i++)
            if (m.children[i].pid == pid)
                ended(&m.children[i], status);
    for (int i = 0; i < CHILDREN_MAX; i++)
        left += m.children[i].pid != 0;
    if (m.w->stopping && left == 0)
        worker_drained(m.w);
}

/* ---------------------------------------------------------------- looking after them */

static void look_at_child(struct child *c, int64_t now)
{
    if (c->stopping ? now - c->stop_ms > STOP_MS : false)
        child_kill(c, "did not stop in time");
    else if (!c->ready && now - c->started_ms > READY_MS)
        child_kill(c, "not ready in time");
    else if (now - c->heard_ms > SILENT_MS)
        child_kill(c, "silent");
}

/* Returns whether the slot is as it shall be. */
static bool look_at_slot(struct slot *slot, bool may_replace, int64_t now)
{
    if (!slot->wanted) {
        if (slot->now)
            child_stop(slot->now);
        if (slot->next)
            child_stop(slot->next);
        return !slot->now;
    }
    if (!slot->now) {
        if (now >= slot->not_before_ms)
            start(slot);
        return false;
    }
    if (slot->looping && now - slot->now->started_ms > STEADY_MS) {
        slot->looping = false;
        tell_stats(NULL);
    }
    if (slot->now->generation == m.generation)
        return slot->now->ready;
    if (slot->next && slot->next->generation != m.generation)
        child_stop(slot->next);
    else if (slot->next && slot->next->ready)
        child_stop(slot->now);
    else if (!slot->next && !slot->now->stopping && may_replace && now >= slot->not_before_ms)
        start(slot);
    return false;
}

static void on_look(evutil_socket_t, short, void *)
{
    int64_t now = mono_ms();
    bool all = true;

    for (int i = 0; i < CHILDREN_MAX; i++)
        if (m.children[i].pid)
            look_at_child(&m.children[i], now);
    if (m.w->stopping)
        return;
    /* `all` so far also says whether somebody is being replaced: one after the other */
    for (int i = 0; i < m.nslots; i++)
        all &= look_at_slot(&m.slots[i], all, now);
    if (!all || (m.ready && !m.reloading))
        return;
    if (m.reloading)
        log_info("reload finished");
    else
        log_info("ready processes=%d", m.nslots);
    m.ready = true;
    m.reloading = false;
    notify("READY=1");
    tell_stats(NULL);
    if (m.ready_fd >= 0 && write(m.ready_fd, "R", 1) == 1)
        close(m.ready_fd);
    m.ready_fd = -1;
}

static void on_hup(evutil_socket_t, short, void *)
{
    char why[600];
    struct tocsind_conf *conf;

    if (m.w->stopping)
        return;
    if (!(conf = tocsind_conf_read(m.conf_path, why, sizeof(why)))) {
        log_error("reload refused, the old configuration stays: %s", why);
        json_object_set_new(m.w->stats, "reload_error", json_string(why));
        return;
    }
    if (log_open(conf->log_file))
        log_error("cannot open log_file '%s': %s", conf->log_file, strerror(errno));
    log_info("reloading");
    json_object_del(m.w->stats, "reload_error");
    notify_reloading();
    log_init("master", (enum log_level)log_level_parse(conf->log_level));
    if (strcmp(conf->database, m.conf->database) || conf->poll_only != m.conf->poll_only)
        worker_database(m.w, conf);
    m.w->conf = conf;
    tocsind_conf_free(m.conf);
    m.conf = conf;
    m.generation++;
    m.nslots = slots_plan(m.slots, m.nslots, conf);
    m.reloading = true;
    tell_stats(NULL);
}

/* ---------------------------------------------------------------- the master's role */

static struct event *signal_event(int number, event_callback_fn fn)
{
    struct event *ev = evsignal_new(m.w->base, number, fn, NULL);

    if (!ev || event_add(ev, NULL))
        abort();
    return ev;
}

static int master_start(struct worker *w)
{
    static const struct timeval often = {0, LOOK_MS * 1000};

    m.w = w;
    m.chld = signal_event(SIGCHLD, on_chld);
    m.hup = signal_event(SIGHUP, on_hup);
    m.look = event_new(w->base, -1, EV_PERSIST, on_look, NULL);
    if (!m.look || event_add(m.look, &often))
        abort();
    m.nslots = slots_plan(m.slots, 0, m.conf);
    tell_stats(NULL);
    write_lock();
    on_look(-1, 0, NULL);
    return 0;
}

static void master_wake(struct worker *, unsigned why)
{
    if (why & WAKE_TICK)
        notify("WATCHDOG=1");
    if (why & WAKE_ONLINE) {
        for (int i = 0; i < m.lock.n; i++)
            bury(m.lock.id[i]); /* of a master that was killed */
        m.lock.n = 0;
    }
}

static void master_stop(struct worker *)
{
    log_info("stopping");
    notify("STOPPING=1");
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (m.children[i].pid)
            child_stop(&m.children[i]);
    on_chld(-1, 0, NULL);
}

static int one(const struct tocsind_conf *)
{
    return 1;
}

static const struct role role_master = {"master", one, master_start, master_wake, master_stop};

int supervise(struct tocsind_conf *conf, const char *conf_path, int ready_fd)
{
    struct worker_conf wc = {.role = &role_master, .master_fd = -1, .drain_ms = MASTER_DRAIN};
    char why[1200], id[37];
    int r;

    if (lock_take(&m.lock, conf->lock_file, why, sizeof(why))) {
        log_error("%s", why);
        tocsind_conf_free(conf);
        return 1;
    }
    if (log_open(conf->log_file)) {
        log_error("cannot open log_file '%s': %s", conf->log_file, strerror(errno));
        lock_free(&m.lock);
        tocsind_conf_free(conf);
        return 1;
    }
    worker_uuid(id);
    m.conf = conf;
    m.conf_path = conf_path;
    m.ready_fd = ready_fd;
    wc.conf = conf;
    wc.id = id;
    r = worker_run(&wc);
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (m.children[i].pid)
            kill(m.children[i].pid, SIGKILL);
    lock_free(&m.lock);
    tocsind_conf_free(m.conf);
    log_info("stopped");
    return r;
}
