/*
 * worker: the process around a role: its loop, database, signals, readiness and beat.
 *
 * The master is one too: its role is to have the others (supervise.c).
 */
#ifndef TOCSIND_WORKER_H
#define TOCSIND_WORKER_H

#include "role.h"

struct worker_conf {
    const struct role *role;
    const struct tocsind_conf *conf;
    const char *id; /* uuid, from worker_uuid() */
    int master_fd; /* socket to the master: we write a byte a second, its end ends us; -1: none
                    */
    int drain_ms;  /* most that a drain may take before we say bye and leave */
};

#define WORKER_DRAIN_MS 8000

/* Run until told to stop; the process's exit status. */
int worker_run(const struct worker_conf *wc);

/* Connect to the database that conf names now. */
void worker_database(struct worker *w, const struct tocsind_conf *conf);

/* A random uuid. */
void worker_uuid(char id[37]);

#endif
