/*
 * systemd: what it says of units, all of them in one question. One systemctl for twenty units
 * costs 14 ms of a core; most of one for a single unit is its start.
 */
#ifndef AGENT_SYSTEMD_H
#define AGENT_SYSTEMD_H

#include "facts.h"

struct systemd_ask;

/*
 * Fill facts[i] of units[i]; then fn(arg, error), error being NULL or why nothing is known
 * (then every state is "unknown"). Both arrays must live until then. Not called from within;
 * NULL: could not ask.
 */
struct systemd_ask *systemd_ask(struct agent *agent, const char *const *units,
                                struct facts *const *facts, int n,
                                void (*fn)(void *arg, const char *error), void *arg);

/* What `systemctl show` said: blocks of properties in the order of the question. How many
 * there were; the facts of what came are filled. */
int systemd_parse(const char *text, struct facts *const *facts, int n);

#endif
