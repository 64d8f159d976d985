/*
 * schedule: when a monitor is checked.
 *
 * Each monitor has its own phase of its own interval, made from its id: checks are spread
 * evenly, a restart moves none of them, and no check pushes the next one back. Times are
 * milliseconds of one clock. Phases lie on a grid, so that the checks of a moment
 * are begun together: one by one they would find cold caches, at twice the cost.
 */
#ifndef TOCSIN_SCHEDULE_H
#define TOCSIN_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_GRID 100

/* A number below `range` that belongs to the id; evenly spread over ids in a row. */
int64_t schedule_spread(int64_t id, int64_t range);

/* The first time after `now` that is the monitor's own. Checks that were missed meanwhile
 * are gone. */
int64_t schedule_next(int64_t id, int64_t interval, int64_t now);

#endif
