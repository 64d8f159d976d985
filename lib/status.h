/*
 * status: the six states of a monitor, as stored and as said.
 *
 * The numbers are in the database (sql/schema/0001_ground.sql) and in the digits of
 * bars; they never change.
 */
#ifndef TOCSIN_STATUS_H
#define TOCSIN_STATUS_H

enum status {
    STATUS_UNKNOWN = 0,
    STATUS_UP = 1,
    STATUS_DEGRADED = 2,
    STATUS_DOWN = 3,
    STATUS_MAINTENANCE = 4,
    STATUS_PAUSED = 5,
};

/* The word for a status, static; "unknown" for a number that is none. */
const char *status_name(int status);

#endif
