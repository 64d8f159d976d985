#define _GNU_SOURCE
#include "slot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "title.h"

int slots_plan(struct slot *slots, int n, const struct tocsind_conf *conf)
{
    for (int i = 0; i < n; i++)
        slots[i].wanted = slots[i].index < slots[i].role->count(conf);
    for (const struct role *const *r = roles; *r; r++) {
        int have = 0;

        for (int i = 0; i < n; i++)
            have += slots[i].role == *r;
        for (; have < (*r)->count(conf) && n < SLOTS_MAX; have++)
            slots[n++] = (struct slot){.role = *r, .index = have, .wanted = true};
    }
    return n;
}

void slot_crashed(struct slot *slot, int64_t lived_ms)
{
    int64_t now = mono_ms(), oldest;

    if (lived_ms >= STEADY_MS || slot->backoff_ms == 0)
        slot->backoff_ms = BACKOFF_MS;
    else if ((slot->backoff_ms *= 2) > BACKOFF_MAX)
        slot->backoff_ms = BACKOFF_MAX;
    slot->not_before_ms = now + slot->backoff_ms;
    slot->crash_ms[slot->crashes++ % CRASHES] = now;
    oldest = slot->crash_ms[slot->crashes % CRASHES];
    if (slot->crashes < CRASHES || now - oldest > CRASHES_MS) {
        slot->looping = false;
    }
    else if (!slot->looping) {
        slot->looping = true;
        log_error("crash loop role=%s deaths=%d within_s=%d next_in_ms=%d", slot->role->name,
                  CRASHES, CRASHES_MS / 1000, slot->backoff_ms);
    }
}

/* Nothing of the master's may be left: not its handlers, not its connection, not its lock.
 * Its loop is made anew before it is freed: its descriptors are the master's as well. */
static void become(const struct role *role, const struct tocsind_conf *conf, int fd,
                   struct event_base *base)
{
    if (event_reinit(base))
        abort();
    event_base_free(base);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    if (fd != 3)
        dup2(fd, 3);
    close_range(4, ~0U, 0);
    title_set(role->name);
    log_init(role->name, (enum log_level)log_level_parse(conf->log_level));
}

__attribute__((noreturn)) static void child_main(const struct child *c,
                                                 const struct role *role,
                                                 const struct tocsind_conf *conf, int fd,
                                                 pid_t master, struct event_base *base)
{
    struct worker_conf wc = {role, conf, c->id, 3, WORKER_DRAIN_MS};

    become(role, conf, fd, base);
    prctl(PR_SET_PDEATHSIG,
          SIGTERM); /* the socket's end says the same, this to a stuck loop */
    if (getppid() != master)
        _exit(1);
    exit(worker_run(&wc));
}

struct child *child_start(struct child *children, const struct slot *slot, int index,
                          const struct tocsind_conf *conf, unsigned generation,
                          struct event_base *base)
{
    struct child *c = NULL;
    pid_t master = getpid();
    sigset_t all, old;
    int pair[2];

    for (int i = 0; i < CHILDREN_MAX && !c; i++)
        if (children[i].pid == 0)
            c = &children[i];
    if (!c || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
        log_error("cannot start role=%s error=\"%s\"", slot->role->name,
                  c ? strerror(errno) : "too many processes");
        return NULL;
    }
    memset(c, 0, sizeof(*c));
    worker_uuid(c->id);
    sigfillset(&all); /* a signal between fork and its own handlers would be the master's */
    sigprocmask(SIG_SETMASK, &all, &old);
    if ((c->pid = fork()) == 0)
        child_main(c, slot->role, conf, pair[1], master, base);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(pair[1]);
    if (c->pid < 0) {
        log_error("cannot fork role=%s error=\"%s\"", slot->role->name, strerror(errno));
        close(pair[0]);
        c->pid = 0;
        return NULL;
    }
    c->fd = pair[0];
    c->slot = index;
    c->generation = generation;
    c->started_ms = c->heard_ms = mono_ms();
    return c;
}

void child_stop(struct child *c)
{
    if (c->stopping)
        return;
    c->stopping = true;
    c->stop_ms = mono_ms();
    kill(c->pid, SIGTERM);
    kill(c->pid, SIGCONT); /* a stopped one could not end */
}

void child_kill(struct child *c, const char *why)
{
    if (!c->killed)
        log_warning("killing pid=%d reason=\"%s\"", (int)c->pid, why);
    c->killed = true;
    kill(c->pid, SIGKILL);
}

void child_forget(struct child *c)
{
    if (c->heard)
        event_free(c->heard);
    close(c->fd);
    memset(c, 0, sizeof(*c));
}
