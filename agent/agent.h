/*
 * agent: what a running agent is made of, and how a group of verbs becomes part of it.
 *
 * Everything happens on one event loop, in one thread: a handler never waits. It answers at
 * once (call_reply, call_error), or later from a callback of run (a child process), fetch
 * (HTTP to this machine) or a timer, or it makes a stream of the call. See call.h, stream.h,
 * run.h, fetch.h.
 *
 * To add verbs: write agent/NAME.c with a table of routes and a `const struct part
 * NAME_part`, declare that here, and add it to the table in parts.c.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent_conf.h"
#include "route.h"

#include <event2/event.h>
#include <jansson.h>
#include <time.h>

struct agent {
    struct event_base *base;
    const struct conf *conf;
    struct server *server;
    time_t started_at;
    char boot_id[40];
    long cert_not_after;        /* unix s; 0: not known */
    struct pass *pass;          /* state.c */
    struct actions *actions;    /* action.c */
    void *env, *deploys, *logs; /* for their parts to hang what they keep on */
};

struct part {
    const struct route *routes;   /* ended by a NULL pattern; may be NULL */
    int (*start)(struct agent *); /* before the first call; -1: said in the log; may be NULL */
    void (*stop)(struct agent *); /* may be NULL */
    /* Add to an app's object in /v1/state what this part knows; keys that it does not know
     * are null. Must not block: it runs for each app at each poll. May be NULL. */
    void (*describe)(struct agent *, const struct app *, json_t *object);
    /* Is something under way that a restart of the agent would break? May be NULL. */
    bool (*busy)(const struct agent *);
};

/* NULL-ended, of parts.c */
extern const struct part *const parts[];

extern const char agent_version[];

extern const struct part state_part, action_part, env_part, deploy_part, log_part;

#endif
