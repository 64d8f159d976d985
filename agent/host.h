/*
 * host: the machine as a whole. Rates are of the time since the call before; figures that
 * the kernel does not give are null.
 */
#ifndef AGENT_HOST_H
#define AGENT_HOST_H

#include "agent.h"

struct host;

/* Takes the first readings, so that the first call has rates. */
struct host *host_new(const struct agent *agent);
void host_free(struct host *h);

/* The "host" object of /v1/state; a new reference. */
json_t *host_describe(struct host *h);

/* ---- host_disk.c, host_net.c: lists of the above */

#define HOST_DISKS_MAX 64
#define HOST_NETS_MAX  64

struct host_rates {
    struct host_rate {
        char name[32]; /* "8:1", "eth0" */
        uint64_t in, out;
        bool used;
    } of[HOST_NETS_MAX];
    int n;
};

/* The counters that name had at the call before, and now has; NULL: unseen until now. */
struct host_rate *host_rate(struct host_rates *r, const char *name);
/* A rate per second as JSON: null without a call before, after a reset, or without time. */
json_t *host_per_second(bool known, uint64_t before, uint64_t now, double seconds);

json_t *host_disks(const struct conf *conf, struct host_rates *r, double seconds);
json_t *host_nets(const struct conf *conf, struct host_rates *r, double seconds);

/* A number, or null when it is negative. */
json_t *number_or_null(int64_t n);
/* Rounded to so many digits behind the point; null when it is negative. */
json_t *real_or_null(double n, int digits);

#endif
