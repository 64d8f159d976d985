/*
 * pass: what state.c keeps from one poll to the next.
 */
#ifndef AGENT_PASS_H
#define AGENT_PASS_H

#include "call.h"
#include "health.h"
#include "host.h"
#include "look.h"

#define PASS_WAITERS 8

struct pass {
    struct host *host;
    struct memo *memo;
    struct health_check *health[APPS_MAX]; /* NULL: that app has none */
    struct call *waiter[PASS_WAITERS];     /* who gets the look that is under way */
    int nwaiters;
};

#endif
