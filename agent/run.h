/*
 * run: a child process without a shell, on the loop.
 *
 * Its output is read as it comes, kept up to a limit or handed on; it has a deadline, and
 * when that passes, its whole process group is killed. Standard input is empty, no
 * descriptor of ours is inherited, the environment is what is given and nothing else.
 */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "agent.h"

#include <sys/types.h>

#define RUN_ERRORS_MAX 4096

struct run;

struct run_end {
    int code;        /* its exit code; -1: killed by `signal`, or never started */
    int signal;      /* 0: none */
    bool late;       /* killed by the deadline */
    bool cut;        /* there was more output than `most` */
    const char *out; /* what it said, NUL-terminated; valid until the callback returns */
    size_t out_len;
    const char *err; /* and on stderr, up to RUN_ERRORS_MAX; with `join` it is in out */
};

struct run_spec {
    const char *const *argv; /* argv[0] is an absolute path */
    const char *const *env;  /* NULL: a PATH and LC_ALL=C.UTF-8 */
    const char *dir;         /* NULL: the root folder */
    int deadline_ms;         /* 0: none */
    size_t most;             /* bytes of output that are kept for `end` */
    bool join;               /* stderr goes where stdout goes */
    /* With `data`, output is handed on instead of kept. Return how much was taken; the rest
     * comes again, with what follows. */
    size_t (*data)(void *arg, const char *bytes, size_t n);
    /* Called once, never from within run_start; not after run_stop. */
    void (*end)(void *arg, const struct run_end *end);
    void *arg;
};

/* NULL: out of memory or descriptors, or the program is not there; errno says which. The
 * spec and its strings are not needed afterwards. */
struct run *run_start(struct agent *agent, const struct run_spec *spec);

pid_t run_pid(const struct run *r);
/* Read no more of its output, or again: it then waits in its write. For `data`. */
void run_pause(struct run *r);
void run_go_on(struct run *r);
/* Kill it with all its children; `end` is not called. Not from within `data`. */
void run_stop(struct run *r);
/* The same of all that are left: the agent ends, or begins anew. */
void run_stop_all(void);

#endif
