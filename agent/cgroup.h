/*
 * cgroup: what a group of processes uses. cgroup2, the controllers of version 1, and where
 * there is neither, the sum over its processes; whichever the machine has, figure by figure.
 */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include "agent_conf.h"

#include <stdint.h>

#define CGROUP_PATH_MAX 512

/* where the group is in each hierarchy; "" when it is not */
struct cgroup_paths {
    char unified[CGROUP_PATH_MAX];
    char cpuacct[CGROUP_PATH_MAX], memory[CGROUP_PATH_MAX], pids[CGROUP_PATH_MAX];
    char named[CGROUP_PATH_MAX]; /* name=systemd */
};

struct cgroup_usage {
    int64_t cpu_ns, memory, memory_max, tasks, fds; /* -1: not known */
    char source; /* of cpu_ns: '2', '1', 'p'; figures of different ones do not compare */
};

/* A unit's: the same path everywhere. */
void cgroup_of_unit(struct cgroup_paths *p, const char *path);
/* A process's, from /proc/PID/cgroup. -1: there is no such process. */
int cgroup_of_pid(const struct conf *conf, struct cgroup_paths *p, int64_t pid);

void cgroup_read(const struct conf *conf, const struct cgroup_paths *p,
                 struct cgroup_usage *u);

#endif
