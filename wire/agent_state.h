/*
 * agent_state: what an agent says of its host and apps, cut to the shape that is known.
 *
 * An agent may lie: members of a wrong type, numbers without sense and texts without end
 * are null, cut or left out; what is not known is dropped; there are only so many of each.
 * What comes out is never larger than what is known allows, whatever came in.
 */
#ifndef TOCSIN_AGENT_STATE_H
#define TOCSIN_AGENT_STATE_H

#include <stddef.h>
#include <jansson.h>

#define AGENT_STATE_MAX (1024 * 1024) /* bytes that are read at all */
#define AGENT_APPS_MAX  200
#define AGENT_WHY_MAX   200

/* The answer of GET /v1/state as {"agent":{},"host":{},"apps":[]}, to be freed by the
 * caller. NULL with a sentence when it is no such answer. */
json_t *agent_state_cut(const char *text, size_t len, char why[AGENT_WHY_MAX]);

/* One app the same way, as answers to start, stop and restart carry it; NULL: it is none. */
json_t *agent_state_app(const json_t *app);

/* A deploy's report. NULL: it is none. */
json_t *agent_state_deploy(const json_t *report);

/* A number that changes when a state does that people are told of: not with measurements. */
unsigned long long agent_state_print(const json_t *state);

#endif
