/*
 * keeper: partitions ahead of time, closed hours and days packed, old things dropped, the
 * figures of lists rewritten. Each function is safe to run twice and by two keepers.
 */
#include "repeat.h"

#include <stdio.h>

#define MINUTE 60000

static char retain[300];
static struct db *own;

static struct repeat jobs[] = {
    {.sql = "select work.keep_partitions()",
     .every_ms = 10 * MINUTE,
     .at_once = WAKE_ONLINE,
     .deadline_ms = 2 * MINUTE,
     .log = "rows were in a default partition",
     .stat = "strays"},
    {.sql = "select work.pack_hours()",
     .every_ms = MINUTE,
     .deadline_ms = 10 * MINUTE,
     .more = true,
     .stat = "buckets_packed"},
    {.sql = "select work.pack_days()",
     .every_ms = 5 * MINUTE,
     .deadline_ms = 10 * MINUTE,
     .more = true},
    {.sql = "select work.fleet_pack_hours()",
     .every_ms = MINUTE,
     .deadline_ms = 10 * MINUTE,
     .more = true,
     .stat = "hosts_packed"},
    {.sql = "select work.fleet_pack_days()",
     .every_ms = 5 * MINUTE,
     .deadline_ms = 10 * MINUTE,
     .more = true},
    {.sql = "select work.figures()",
     .every_ms = MINUTE / 6,
     .deadline_ms = 5 * MINUTE,
     .more = true},
    {.sql = "select work.maintenance_occurrences()",
     .every_ms = 60 * MINUTE,
     .at_once = WAKE_ONLINE,
     .deadline_ms = 5 * MINUTE},
    {.sql = retain, .every_ms = 10 * MINUTE, .deadline_ms = 10 * MINUTE, .more = true},
};

#define JOBS (int)(sizeof(jobs) / sizeof(jobs[0]))

static int count(const struct tocsind_conf *)
{
    return 1;
}

static int start(struct worker *w)
{
    const struct tocsind_conf *c = w->conf;

    snprintf(retain, sizeof(retain),
             "select work.retain(make_interval(secs => %ld), make_interval(secs => %ld), "
             "make_interval(secs => %ld), make_interval(secs => %ld))",
             c->keep_segments, c->keep_hours, c->keep_days, c->keep_deleted);
    /* packing may take a while; who keeps beating is not taken for dead */
    own = db_new(w->base, c->database, "tocsind keeper", NULL, (struct db_hooks){.arg = NULL});
    for (int i = 0; i < JOBS; i++)
        jobs[i].db = own;
    return 0;
}

static void wake(struct worker *w, unsigned why)
{
    repeat_wake(w, jobs, JOBS, why);
}

static void stop(struct worker *w)
{
    repeat_stop(w, jobs, JOBS);
}

const struct role role_keeper = {"keeper", count, start, wake, stop};
