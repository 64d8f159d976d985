/*
 * agent_hosts: the hosts of the fleet with address and pin, kept fresh from the database.
 */
#ifndef TOCSIND_AGENT_HOSTS_H
#define TOCSIND_AGENT_HOSTS_H

#include "agent_link.h"
#include "role.h"

#define AGENT_HOSTS_MAX 50000

struct agent_hosts;

struct agent_host {
    struct agent_peer peer;
    char *name;
    int poll_s;
    bool trusted; /* it has an address and a pin */
    void *data;   /* the role's own; it is given back by hooks.gone */
};

struct agent_hosts_hooks {
    /* New, or its address, pin or interval is another one. The name may be NULL. */
    void (*changed)(void *arg, struct agent_host *host);
    void (*gone)(void *arg, struct agent_host *host); /* it is freed after this */
    void *arg;
};

struct agent_hosts *agent_hosts_new(struct worker *w, struct agent_hosts_hooks hooks);
/* Forget all; each is gone(). */
void agent_hosts_clear(struct agent_hosts *hosts);

/* Ask for what changed; all: for everything, forgetting who is not named any more. epoch:
 * the lease, 0: none. Nothing while a question runs, which is then asked again. */
void agent_hosts_refresh(struct agent_hosts *hosts, long long epoch, bool all);

/* Was the list loaded since it was asked for as a whole? */
bool agent_hosts_loaded(const struct agent_hosts *hosts);

struct agent_host *agent_hosts_find(struct agent_hosts *hosts, long long id);
int agent_hosts_count(const struct agent_hosts *hosts);

#endif
