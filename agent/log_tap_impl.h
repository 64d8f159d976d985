/* Between log_tap's journald and its Docker. */
#ifndef AGENT_LOG_TAP_IMPL_H
#define AGENT_LOG_TAP_IMPL_H

#include "log_tap.h"

#include <sys/queue.h>

#define TAP_ERROR_MAX 300

struct tap_kind {
    int (*open)(struct tap *t);
    void (*pause)(struct tap *t, bool pause);
    void (*close)(struct tap *t); /* frees what is in t->own */
};

struct tap {
    LIST_ENTRY(tap) next;
    struct agent *agent;
    struct tap_spec spec;
    char *name; /* of the unit or container */
    char cursor[LOG_CURSOR_MAX + 1];
    const struct tap_kind *kind;
    void *own;
    bool inside; /* a callback of ours is running: close later */
    bool closed, paused;
    struct event *later;
};

extern const struct tap_kind tap_journal, tap_docker;

/* A line for who asked; false: no more are wanted. */
bool tap_line(struct tap *t, const struct log_line *line);
void tap_gap(struct tap *t);
/* Over; frees the tap. Not while `inside`. */
void tap_end(struct tap *t, const char *error);

#endif
