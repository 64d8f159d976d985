/*
 * verdict: from single checks to a confirmed status.
 *
 * A check says up, degraded or down. Up is believed at once; down after retries + 1
 * checks in a row that said down; degraded after retries + 1 in a row that were slow or
 * failed. A flip is dated by the first check of the run that led to it, so an outage
 * starts when it was first seen and not when it was believed.
 *
 * Times are in milliseconds on any one clock.
 */
#ifndef TOCSIN_VERDICT_H
#define TOCSIN_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

struct verdict {
    int16_t status; /* confirmed */
    uint8_t bad;    /* checks in a row that were not up, stops at 255 */
    uint8_t down;   /* the newest of them in a row that were down, stops at 127 */
    int64_t bad_at; /* when the first of each was; meaningless while the count is 0 */
    int64_t down_at;
};

/*
 * Take in one check, raw being STATUS_UP, STATUS_DEGRADED or STATUS_DOWN. Returns true when
 * the confirmed status changed; *since is then the time of the first check that said so.
 */
bool verdict_add(struct verdict *v, int raw, int retries, int64_t at, int64_t *since);

/* Is the next check wanted soon, because the newest one (raw) is not confirmed yet? */
bool verdict_open(const struct verdict *v, int raw);

/* The runs as one number, and the time that goes with it, to be kept in the database and
 * taken up by the next owner: nothing of a run is lost when a checker dies. */
int16_t verdict_pack(const struct verdict *v, int64_t *at);
void verdict_unpack(struct verdict *v, int status, int16_t packed, int64_t at);

#endif
