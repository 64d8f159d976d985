/*
 * facts: what systemd or Docker say of an app at one moment. What nobody said is -1, NULL
 * or empty.
 */
#ifndef AGENT_FACTS_H
#define AGENT_FACTS_H

#include "cgroup.h"
#include "health.h"

#include <stdint.h>

struct facts {
    const char *state;   /* a word of the answer; never NULL */
    char sub[32];        /* what it is called there */
    char invocation[80]; /* InvocationID, container's id */
    long since;          /* unix s; 0 */
    int64_t since_us;    /* the same on the monotonic clock; 0: since stands */
    int64_t restarts, pid, tasks, memory_max;
    int exit_code, exit_signal; /* of the last end; -1 */
    struct cgroup_paths cgroup;
    struct health health; /* Docker's own */
    /* from Docker's figures, when the cgroup cannot be read */
    int64_t cpu_ns, memory;
};

void facts_clear(struct facts *f);

#endif
