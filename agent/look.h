/*
 * look: what the apps are doing right now, all of them or one.
 *
 * systemd, Docker and the health checks are asked side by side, each with a deadline of its
 * own, so a look takes no longer than the slowest of them; what uses how much is read from
 * the cgroups at its end.
 */
#ifndef AGENT_LOOK_H
#define AGENT_LOOK_H

#include "agent.h"

struct look;

/* A look at `only`, without a health check of its own (the last one stands), or at all
 * apps when it is NULL. fn(arg, objects) is called once, never from within: an array of the
 * apps' objects in the order of the list, to be released. -1: out of memory. */
int look_start(struct agent *agent, const struct app *only,
               void (*fn)(void *arg, json_t *objects), void *arg);

/* ---- app_json.c: what is kept of each app between looks */

struct facts;
struct health;
struct memo;

struct memo *memo_new(int apps);
void memo_free(struct memo *m);
/* An app's object. health: of its check, NULL: it has none. */
json_t *app_json(struct agent *agent, struct memo *m, const struct app *app,
                 const struct facts *facts, const struct health *health);

#endif
