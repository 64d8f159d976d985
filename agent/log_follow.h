/*
 * log_follow: what is said now, once for all who listen.
 *
 * A unit (or container) has one follower, whose lines go to all its streams. A stream that
 * begins further back, or whose client was too slow for a while, reads by a tap of its own
 * until it is where the follower is, and then joins it: nothing is left out and nothing told
 * twice. Who is so far back that he would never be there gets a gap, and what is said now.
 */
#ifndef AGENT_LOG_FOLLOW_H
#define AGENT_LOG_FOLLOW_H

#include "log_filter.h"
#include "log_stream.h"
#include "log_tap.h"

#include <sys/queue.h>

struct follow {
    LIST_ENTRY(follow) next;
    struct agent *agent;
    char name[LOG_NAME_MAX];
    bool container;
    struct tap *tap;     /* NULL: it ended, and is begun again by `again` */
    struct event *again; /* begin again, or end when nobody listens any more */
    int wait_ms;         /* before it is begun again */
    int64_t since_us;    /* where it began, when not with a cursor */
    bool from_now;       /* and that was when the first client came */
    bool read_all;       /* it ended because there was no more: a container stopped */
    char begin[LOG_CURSOR_MAX + 1];
    char last[LOG_CURSOR_MAX + 1]; /* of its newest line; "" */
    int64_t total;                 /* lines so far */
    buf json;                      /* of the line that is being told */
    bool telling;
    LIST_HEAD(, log_stream) streams;
};

/* Find or make the follower, and put the stream on it. */
void follow_join(struct agent *agent, const struct log_place *place, struct log_stream *s);
/* The stream leaves; a follower without one ends. */
void follow_leave(struct log_stream *s);
/* Read by a tap of the stream's own from s->last, or from its time, when there is one free. */
void follow_catch_up(struct log_stream *s);
void follow_stop_all(void);

#endif
