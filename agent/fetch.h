/*
 * fetch: a request to this machine: Docker's socket, or a health check on a private address.
 * One request a connection, nothing is followed.
 */
#ifndef AGENT_FETCH_H
#define AGENT_FETCH_H

#include "agent.h"

struct fetch;

struct fetch_end {
    int status;        /* 0: there was no answer; then `error` says why */
    const char *error; /* NULL: the answer is whole */
    const char *body;  /* NUL-terminated; valid until the callback returns */
    size_t len;
    bool cut; /* there was more than `most` */
    int ms;
};

struct fetch_spec {
    const char *socket;    /* the path of a unix socket, or */
    const struct addr *to; /* an address */
    const char *method, *path;
    const char *host; /* for the Host header */
    int deadline_ms;  /* of all of it; 0: none */
    size_t most;      /* bytes of the body that are kept; with 0 none is, and that is no cut */
    /* With `data`, a 2xx answer's body is handed on instead, all of what came; nothing of
     * it is kept. */
    void (*data)(void *arg, const char *bytes, size_t n);
    /* Called once, never from within fetch_start; not after fetch_stop. */
    void (*end)(void *arg, const struct fetch_end *end);
    void *arg;
};

/* NULL: out of memory, or no socket. The spec's strings are not needed afterwards. */
struct fetch *fetch_start(struct agent *agent, const struct fetch_spec *spec);
/* Read no more, or again: who sends has to wait. */
void fetch_pause(struct fetch *f);
void fetch_go_on(struct fetch *f);
/* Give it up; `end` is not called. Not from within `data`. */
void fetch_stop(struct fetch *f);

#endif
