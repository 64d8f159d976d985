/*
 * log_stream: GET /v1/apps/APP/logs/stream: one client of a follower.
 */
#ifndef AGENT_LOG_STREAM_H
#define AGENT_LOG_STREAM_H

#include "log_filter.h"
#include "log_tap.h"
#include "stream.h"

#include <sys/queue.h>

struct follow;

struct log_stream {
    LIST_ENTRY(log_stream) next;   /* of its follower */
    TAILQ_ENTRY(log_stream) queue; /* of those who wait to catch up */
    struct agent *agent;
    const struct app *app;
    struct log_place place;
    struct stream *out;
    struct follow *follow;
    struct log_filter filter;
    enum {
        STREAM_LIVE,  /* gets what the follower gets */
        STREAM_FULL,  /* its client has to take what waits for it first */
        STREAM_QUEUE, /* waits for its turn to catch up */
        STREAM_BEHIND /* catches up, by a tap of its own */
    } state;
    struct tap *tap;
    bool queued;
    char last[LOG_CURSOR_MAX + 1]; /* of the last line that was told or left out by a filter */
    int64_t since_us;              /* where to begin without one */
    int64_t at;                    /* its place in the follower's count; -1: not known */
    long caught;                   /* lines read since it is behind */
    /* lines that are not sent yet */
    buf batch;
    int n;
    char id[LOG_CURSOR_MAX + 1];
    struct event *flush;
    int64_t sent_ms;
    int tries; /* to catch up */
    /* of a deploy: whether it runs still, and how long it has said nothing since */
    struct event *watch;
    char watched[LOG_CURSOR_MAX + 1];
    int quiet;
};

void log_stream_get(struct call *c);
void log_stream_stop(void);

/* ---- for follow */

/* A line; json is what it is as JSON, made here when it is empty. false: the stream is no
 * more. */
bool log_stream_line(struct log_stream *s, const struct log_line *line, buf *json);
/* Lines are not told: how many, or -1. false: the stream is no more. */
bool log_stream_gap(struct log_stream *s, int64_t lines);
/* It has what the follower has, from here on. */
void log_stream_live(struct log_stream *s);

#endif
