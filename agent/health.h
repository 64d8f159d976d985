/*
 * health: is an app well? Asked over HTTP or by a command, each with a deadline.
 *
 * The last answer is kept: who asks again within a few seconds, or while a check is under
 * way, gets the same.
 */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "agent.h"

#define HEALTH_MESSAGE_MAX 200

struct health {
    bool known, ok;
    int ms;
    time_t at;
    char message[HEALTH_MESSAGE_MAX + 1];
};

struct health_check; /* of one app */

/* NULL: the app has no health check, or there is no memory */
struct health_check *health_new(struct agent *agent, const struct app *app);
void health_free(struct health_check *h);

/* fn(arg) is called once, when health_last() is fresh, and no later than the app's
 * health_timeout; true. false: it is fresh now, fn is not called. */
bool health_ask(struct health_check *h, void (*fn)(void *arg), void *arg);

const struct health *health_last(const struct health_check *h);

/* Of text somebody sent: its first line, made fit to be shown. */
void health_message(char out[HEALTH_MESSAGE_MAX + 1], const char *text, size_t len);

#endif
