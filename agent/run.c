#define _GNU_SOURCE
#include "run.h"
#include "buf.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE      65536
#define UNTAKEN_MAX  (4 << 20) /* bytes that `data` may leave lying */
#define FOLLOW_UP_MS 200       /* for output of grandchildren once the child is gone */

/* one direction of output */
struct pipe_end {
    struct event *ready; /* NULL: at its end */
    int fd;
    buf kept;
};

struct run {
    LIST_ENTRY(run) next;
    struct run_spec spec;
    pid_t pid;
    int status;
    bool reaped, late, cut, paused;
    struct pipe_end out, err;
    struct event *timer; /* the deadline; then FOLLOW_UP_MS */
};

static LIST_HEAD(, run) runs = LIST_HEAD_INITIALIZER(runs);
static struct event *on_child;

static void pipe_close(struct pipe_end *p)
{
    if (!p->ready)
        return;
    event_free(p->ready);
    p->ready = NULL;
    close(p->fd);
}

static void run_free(struct run *r)
{
    LIST_REMOVE(r, next);
    pipe_close(&r->out);
    pipe_close(&r->err);
    event_free(r->timer);
    buf_free(&r->out.kept);
    buf_free(&r->err.kept);
    free(r);
    /* a loop with nothing else to do is not kept alive by us */
    if (LIST_EMPTY(&runs) && on_child) {
        event_free(on_child);
        on_child = NULL;
    }
}

static void finish(struct run *r)
{
    struct run_end end = {.code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1,
                          .signal = WIFSIGNALED(r->status) ? WTERMSIG(r->status) : 0,
                          .late = r->late,
                          .cut = r->cut,
                          .out = buf_end(&r->out.kept),
                          .out_len = r->out.kept.len,
                          .err = buf_end(&r->err.kept)};

    if (r->spec.end)
        r->spec.end(r->spec.arg, &end);
    run_free(r);
}

static void finish_if_over(struct run *r)
{
    static const struct timeval follow_up = {0, FOLLOW_UP_MS * 1000};

    if (!r->reaped)
        return;
    if ((!r->out.ready && !r->err.ready) || r->late)
        finish(r);
    else if (!r->paused)
        event_add(r->timer, &follow_up);
}

static void on_timer(evutil_socket_t, short, void *arg)
{
    struct run *r = arg;

    if (r->reaped) {
        finish(r);
        return;
    }
    r->late = true;
    kill(-r->pid, SIGKILL);
}

static void reap(evutil_socket_t, short, void *)
{
    struct run *r, *next;

    for (r = LIST_FIRST(&runs); r; r = next) {
        next = LIST_NEXT(r, next);
        if (r->reaped || waitpid(r->pid, &r->status, WNOHANG) != r->pid)
            continue;
        r->reaped = true;
        finish_if_over(r);
        /* what `end` did may have changed the list */
        next = LIST_FIRST(&runs);
    }
}

/* What `data` took goes; the rest waits for more. */
static void hand_on(struct run *r, struct pipe_end *p)
{
    size_t taken = r->spec.data(r->spec.arg, p->kept.data, p->kept.len);

    if (taken > 0 && taken <= p->kept.len) {
        memmove(p->kept.data, p->kept.data + taken, p->kept.len - taken);
        p->kept.len -= taken;
    }
    if (p->kept.len > UNTAKEN_MAX) { /* nobody can use it any more */
        r->cut = true;
        buf_clear(&p->kept);
    }
}

static void keep(struct run *r, struct pipe_end *p, size_t n, size_t most)
{
    if (p->kept.len + n > most) {
        r->cut = true;
        n = most > p->kept.len ? most - p->kept.len : 0;
    }
    p->kept.len += n;
}

static void readable(struct run *r, struct pipe_end *p)
{
    ssize_t n = read(p->fd, buf_room(&p->kept, AT_ONCE), AT_ONCE);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        pipe_close(p);
        if (p == &r->out && r->spec.data && p->kept.len > 0)
            hand_on(r, p);
        finish_if_over(r);
    }
    else if (p == &r->out && r->spec.data) {
        p->kept.len += (size_t)n;
        hand_on(r, p);
    }
    else {
        keep(r, p, (size_t)n, p == &r->out ? r->spec.most : RUN_ERRORS_MAX);
    }
}

static void on_out(evutil_socket_t, short, void *arg)
{
    readable(arg, &((struct run *)arg)->out);
}

static void on_err(evutil_socket_t, short, void *arg)
{
    readable(arg, &((struct run *)arg)->err);
}

/* posix_spawn: no copy of our pages, and its errors come back. */
static int spawn(const struct run_spec *spec, pid_t *pid, int out, int err)
{
    static const char *const plain[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
        NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int e;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    posix_spawn_file_actions_addchdir_np(&files, spec->dir ? spec->dir : "/");
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    e = posix_spawn(pid, spec->argv[0], &files, &attr, (char *const *)spec->argv,
                    (char *const *)(spec->env ? spec->env : plain));
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return e;
}

static void watch(struct agent *agent, struct run *r, struct pipe_end *p, int fd,
                  event_callback_fn fn)
{
    p->fd = fd;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    p->ready = event_new(agent->base, fd, EV_READ | EV_PERSIST, fn, r);
    event_add(p->ready, NULL);
}

struct run *run_start(struct agent *agent, const struct run_spec *spec)
{
    struct timeval deadline = {spec->deadline_ms / 1000, spec->deadline_ms % 1000 * 1000};
    int out[2] = {-1, -1}, err[2] = {-1, -1}, e = 0;
    struct run *r = calloc(1, sizeof(*r));

    if (!on_child && (on_child = evsignal_new(agent->base, SIGCHLD, reap, NULL)))
        event_add(on_child, NULL);
    if (!r || !on_child || pipe2(out, O_CLOEXEC) || (!spec->join && pipe2(err, O_CLOEXEC)))
        e = errno;
    if (!e)
        e = spawn(spec, &r->pid, out[1], spec->join ? out[1] : err[1]);
    close(out[1]);
    close(err[1]);
    if (e) {
        close(out[0]);
        close(err[0]);
        free(r);
        errno = e;
        return NULL;
    }
    r->spec = *spec;
    LIST_INSERT_HEAD(&runs, r, next);
    watch(agent, r, &r->out, out[0], on_out);
    if (!spec->join)
        watch(agent, r, &r->err, err[0], on_err);
    r->timer = evtimer_new(agent->base, on_timer, r);
    if (spec->deadline_ms > 0)
        event_add(r->timer, &deadline);
    return r;
}

pid_t run_pid(const struct run *r)
{
    return r->pid;
}

void run_pause(struct run *r)
{
    r->paused = true;
    if (r->out.ready)
        event_del(r->out.ready);
    if (r->reaped)
        event_del(r->timer);
}

void run_go_on(struct run *r)
{
    r->paused = false;
    if (r->out.ready)
        event_add(r->out.ready, NULL);
    finish_if_over(r);
}

void run_stop(struct run *r)
{
    kill(-r->pid, SIGKILL);
    if (!r->reaped)
        waitpid(r->pid, &r->status, 0);
    run_free(r);
}

void run_stop_all(void)
{
    struct run *r;

    while ((r = LIST_FIRST(&runs)))
        run_stop(r);
}
