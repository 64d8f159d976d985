/*
 * slot: one process that there shall be, and how it is doing.
 *
 * A slot has a running child and, while a reload replaces it, the next one: the old is
 * told to stop only when the new one is ready.
 */
#ifndef TOCSIND_SLOT_H
#define TOCSIND_SLOT_H

#include <sys/types.h>
#include "worker.h"

#define SLOTS_MAX    96
#define CHILDREN_MAX (SLOTS_MAX * 2)

#define READY_MS    10000 /* a child that is not ready by then is killed */
#define SILENT_MS   60000 /* and so is one that has not beaten for so long */
#define STOP_MS     9000  /* and one that was told to stop */
#define BACKOFF_MS  100
#define BACKOFF_MAX 30000
#define STEADY_MS   60000 /* who lived so long starts at the shortest wait again */
#define CRASHES     5     /* so many in CRASHES_MS are a crash loop: said as an error */
#define CRASHES_MS  60000

struct child {
    pid_t pid; /* 0: this entry is free */
    char id[37];
    int fd;
    struct event *heard;
    int slot;
    unsigned generation; /* of the configuration it was started with */
    bool ready, stopping, killed;
    int64_t started_ms, heard_ms, stop_ms;
};

struct slot {
    const struct role *role;
    int index; /* among those of its role */
    bool wanted;
    struct child *now, *next; /* NULL: none */
    int backoff_ms;
    int64_t not_before_ms;
    int64_t crash_ms[CRASHES]; /* a ring */
    unsigned crashes;
    bool looping;
};

/* Rows for what conf asks for; those there stay. Returns how many. */
int slots_plan(struct slot *slots, int n, const struct tocsind_conf *conf);

/* A child ended by itself after lived_ms: when may the next be started? Says so when it is
 * a crash loop. */
void slot_crashed(struct slot *slot, int64_t lived_ms);

/* Fork. In the child it runs the role and never returns. NULL: said in the log. */
struct child *child_start(struct child *children, const struct slot *slot, int index,
                          const struct tocsind_conf *conf, unsigned generation,
                          struct event_base *base);
void child_stop(struct child *c);
void child_kill(struct child *c, const char *why);
void child_forget(struct child *c);

#endif
