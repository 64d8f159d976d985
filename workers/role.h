/*
 * role: what a process of tocsind does, as a row of a table.
 *
 * The master (supervise.c) forks each row of roles[] count times; worker.c is the
 * process around it: its loop, its database connection, signals, readiness, beat. A role
 * owns no loop and no signal, and includes no other role: start() builds what it needs,
 * wake() is called when there may be something to do, stop() begins the drain.
 */
#ifndef TOCSIND_ROLE_H
#define TOCSIND_ROLE_H

#include <stdbool.h>
#include <stdint.h>
#include <event2/event.h>
#include <jansson.h>

#include "db.h"
#include "log.h"
#include "tocsind_conf.h"

enum wake {                       /* why wake() is called: one or more bits */
            WAKE_TICK = 1 << 0,   /* a second passed: look, whatever was announced */
            WAKE_ONLINE = 1 << 1, /* the database answers (again): load everything anew */
            WAKE_PLACE = 1 << 2,  /* NOTIFY tocsin_work, by topic; coalesced */
            WAKE_MONITOR = 1 << 3,
            WAKE_CHECK = 1 << 4,
            WAKE_TEST = 1 << 5,
            WAKE_OUTBOX = 1 << 6,
            WAKE_CONFIG = 1 << 7,
            WAKE_OFFLINE = 1 << 8, /* the database went away; calls wait for it */
            WAKE_PUBLISH = 1 << 9,
            WAKE_FLEET = 1 << 10,
};

struct worker {
    const struct role *role;
    const struct tocsind_conf
        *conf; /* lives as long as the process; a reload is a new process */
    struct event_base *base;
    struct db *db;
    char id[37];   /* uuid of this process, never used again: `worker` of work.* */
    bool stopping; /* stop() was called: begin nothing new */
    json_t *stats; /* an object the role may write into; the beat carries it each second */
    int share;     /* buckets it may hold, as the newest beat said; -1: not known */
    void *data;    /* the role's own */
};

struct role {
    const char *name;
    /* how many processes the configuration asks for */
    int (*count)(const struct tocsind_conf *conf);
    /* once, before the loop; the database is not there yet. 0, or -1: said in the log,
     * the process exits and is started again later */
    int (*start)(struct worker *w);
    /* each second and at each announcement; not called after stop() */
    void (*wake)(struct worker *w, unsigned why);
    /* SIGTERM: finish what runs, then call worker_drained(); the loop, the database and the
     * beat go on for at most 8 s. NULL: there is nothing to finish. */
    void (*stop)(struct worker *w);
};

extern const struct role role_scheduler, role_checker, role_status, role_notifier, role_keeper,
    role_publisher, role_export, role_fleet, role_gateway, role_demo;
extern const struct role *const roles[]; /* ends with NULL */

/* The role's stop() is through: say bye and leave. */
void worker_drained(struct worker *w);

/* Milliseconds and microseconds of CLOCK_MONOTONIC: every age and deadline is made of these.
 */
int64_t mono_ms(void);
int64_t mono_us(void);

#endif
