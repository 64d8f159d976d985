/*
 * docker: the few calls of Docker's API that the agent makes. Its socket is as good as root,
 * so nothing leaves this file that is not on its list, and a container's name comes from
 * root's configuration only.
 */
#ifndef AGENT_DOCKER_H
#define AGENT_DOCKER_H

#include "facts.h"
#include "fetch.h"

/*
 * fetch_start at Docker's socket: method, container and the call ("json", "logs",
 * "restart"), with a query ("?follow=1…") or NULL; the rest of spec is the caller's. NULL: as
 * fetch_start, and EPERM when the call is not on the list.
 */
struct fetch *docker_fetch(struct agent *agent, const char *method, const char *container,
                           const char *call, const char *query, struct fetch_spec *spec);

/* Is it on the list? */
bool docker_allowed(const char *method, const char *call);

/* Fill the facts of a container, then fn(arg): its state "missing" when Docker does not know
 * it, "unknown" when Docker did not answer. Not called from within; -1: could not ask. */
int docker_ask(struct agent *agent, const char *container, struct facts *facts,
               void (*fn)(void *arg), void *arg);

/* Of the answers to "json" and "stats". -1: that is not what they are. */
int docker_parse(const char *text, size_t n, struct facts *f);
int docker_parse_stats(const char *text, size_t n, struct facts *f);

/* unix s of "2026-11-21T09:58:43.123456789Z"; 0: it is none, or Docker's year 1 */
long docker_time(const char *text);

#endif
