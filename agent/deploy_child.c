#define _GNU_SOURCE
#include "deploy_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS  5000 /* between SIGTERM and SIGKILL */
#define FOLLOW_MS 300  /* for what is left to read when the program is gone */

static volatile sig_atomic_t cancelled;
static sigset_t waiting; /* the signals while we wait */

static void on_signal(int number)
{
    if (number != SIGCHLD)
        cancelled = 1;
}

void deploy_child_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGCHLD};
    struct sigaction act = {.sa_handler = on_signal};
    sigset_t held;

    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaddset(&held, numbers[i]);
        sigaction(numbers[i], &act, NULL);
    }
    sigprocmask(SIG_BLOCK, &held, &waiting);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigdelset(&waiting, numbers[i]);
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_for(struct pollfd *fds, nfds_t n, long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    if (ppoll(fds, n, &t, &waiting) < 0)
        for (nfds_t i = 0; i < n; i++)
            fds[i].revents = 0;
}

bool deploy_cancelled(void)
{
    wait_for(NULL, 0, 0); /* what was held back comes now */
    return cancelled;
}

void deploy_pause(int ms, bool cancel)
{
    for (long end = now_ms() + ms, left; (left = end - now_ms()) > 0;) {
        wait_for(NULL, 0, left);
        if (cancel && cancelled)
            return;
    }
}

void deploy_say(const char *format, ...)
{
    va_list ap;

    fputs(DEPLOY_MARK " ", stdout);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

/* ---- output by lines */

struct lines {
    char line[DEPLOY_LINE_MAX];
    size_t n;
    size_t cut;
};

static void lines_end(struct lines *l)
{
    if (l->n == 0)
        return;
    if (l->n >= sizeof(DEPLOY_MARK) - 1 &&
        !memcmp(l->line, DEPLOY_MARK, sizeof(DEPLOY_MARK) - 1))
        putchar(' '); /* only we speak so */
    fwrite(l->line, 1, l->n, stdout);
    if (l->cut)
        printf(" … (%zu bytes more)", l->cut);
    putchar('\n');
    l->n = l->cut = 0;
}

static void lines_add(struct lines *l, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            lines_end(l);
        else if (bytes[i] == '\0')
            continue;
        else if (l->n < sizeof(l->line))
            l->line[l->n++] = bytes[i];
        else
            l->cut++;
    }
    fflush(stdout);
}

/* ---- the child */

static void give_up(const char *what)
{
    dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
    _exit(127);
}

/* Nobody's rights but the user's, and no way to others. */
static void become(const struct account *user)
{
    if (geteuid() != 0) {
        if (user->uid == geteuid())
            return;
        errno = EPERM;
        give_up("only root can deploy as another user");
    }
    if (user->uid == 0 || user->gid == 0) {
        errno = EPERM;
        give_up("will not build as root");
    }
    if (setgroups((size_t)user->ngroups, user->group) ||
        setresgid(user->gid, user->gid, user->gid) ||
        setresuid(user->uid, user->uid, user->uid))
        give_up("cannot become the deploy user");
    if (setuid(0) == 0) {
        errno = EPERM;
        give_up("still root");
    }
}

__attribute__((noreturn)) static void start(const struct deploy_child *c, int out, int err)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err < 0 ? null : err, 2) < 0)
        _exit(127);
    close_range(3, ~0U, 0);
    if (c->user)
        become(c->user);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        give_up("cannot give up new privileges");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(022);
    if (chdir(c->dir))
        give_up(c->dir);
    execve(c->argv[0], (char *const *)c->argv, (char *const *)c->env);
    give_up(c->argv[0]);
    _exit(127);
}

struct running {
    const struct deploy_child *child;
    struct lines lines;
    pid_t pid;
    int out, err, status;
    bool over, late, stopped;
    long deadline, kill_at;
};

/* Read what is there; closes *fd at its end. */
static void take(struct running *r, int *fd, bool keep)
{
    char bytes[16384];
    ssize_t n = read(*fd, bytes, sizeof(bytes));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    if (!keep)
        lines_add(&r->lines, bytes, (size_t)n);
    else if (r->child->out->len + (size_t)n <= r->child->most)
        buf_add(r->child->out, bytes, (size_t)n);
}

static void stop(struct running *r, bool late)
{
    r->stopped = true;
    r->late = late;
    r->kill_at = now_ms() + GRACE_MS;
    kill(-r->pid, SIGTERM);
}

static void watch(struct running *r)
{
    while (!r->over || r->out >= 0 || r->err >= 0) {
        struct pollfd fds[2] = {{.fd = r->out, .events = POLLIN},
                                {.fd = r->err, .events = POLLIN}};
        long now = now_ms(), until = r->over || r->stopped ? r->kill_at : r->deadline;

        if (!r->over && waitpid(r->pid, &r->status, WNOHANG) == r->pid) {
            r->over = true;
            r->kill_at = until = now + FOLLOW_MS;
        }
        if (!r->stopped && !r->over && r->child->cancel && cancelled)
            stop(r, false);
        else if (now >= until && r->over)
            break;
        else if (now >= until && r->stopped)
            kill(-r->pid, SIGKILL), r->kill_at = now + GRACE_MS;
        else if (now >= until)
            stop(r, true);
        else {
            wait_for(fds, 2, until - now);
            if (fds[0].revents)
                take(r, &r->out, r->child->out);
            if (fds[1].revents)
                take(r, &r->err, false);
        }
    }
    kill(-r->pid, SIGKILL); /* what it left behind */
    if (r->out >= 0)
        close(r->out);
    if (r->err >= 0)
        close(r->err);
    lines_end(&r->lines);
    fflush(stdout);
}

static enum deploy_ended ending(const struct running *r, char *how, size_t size)
{
    if (WIFEXITED(r->status))
        snprintf(how, size, "exit code %d", WEXITSTATUS(r->status));
    else
        snprintf(how, size, "killed by signal %d", WTERMSIG(r->status));
    if (r->late)
        snprintf(how, size, "not done within %ld s", r->child->timeout_s);
    if (r->stopped)
        return r->late ? DEPLOY_LATE : DEPLOY_CANCELLED;
    return WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0 ? DEPLOY_OK : DEPLOY_FAILED;
}

enum deploy_ended deploy_child_run(const struct deploy_child *c, char *how, size_t size)
{
    int out[2], err[2] = {-1, -1};
    struct running r = {.child = c, .deadline = now_ms() + c->timeout_s * 1000};

    if (c->cancel && deploy_cancelled()) {
        snprintf(how, size, "cancelled");
        return DEPLOY_CANCELLED;
    }
    if (pipe2(out, O_CLOEXEC) || (c->out && !c->quiet && pipe2(err, O_CLOEXEC)) ||
        (r.pid = fork()) < 0) {
        snprintf(how, size, "not started: %s", strerror(errno));
        return DEPLOY_FAILED;
    }
    if (r.pid == 0)
        start(c, out[1], c->quiet ? -1 : c->out ? err[1] : out[1]);
    close(out[1]);
    if (err[1] >= 0)
        close(err[1]);
    r.out = out[0];
    r.err = err[0];
    watch(&r);
    return ending(&r, how, size);
}
