/*
 * status: says "unknown" of monitors that nobody has checked for too long, and lets
 * maintenance begin and end. What a check says itself becomes a status, an incident and a
 * message in the checker's settle.
 */
#include "repeat.h"

static struct repeat jobs[] = {
    {.sql = "select work.mark_stale()",
     .every_ms = 5000,
     .deadline_ms = 30000,
     .log = "monitors without news",
     .stat = "stale"},
    {.sql = "select work.publish_incidents()",
     .every_ms = 5000,
     .deadline_ms = 30000,
     .log = "incidents published",
     .stat = "published"},
    {.sql = "select work.maintenance_tick()",
     .every_ms = 1000,
     .at_once = WAKE_ONLINE,
     .deadline_ms = 30000,
     .more = true,
     .log = "monitors into maintenance or out of it",
     .stat = "maintenance"},
    {.sql = "select work.maintenance_tell()", .every_ms = 2000, .deadline_ms = 30000},
};

#define JOBS (int)(sizeof(jobs) / sizeof(jobs[0]))

static int count(const struct tocsind_conf *)
{
    return 1;
}

static void wake(struct worker *w, unsigned why)
{
    repeat_wake(w, jobs, JOBS, why);
}

static void stop(struct worker *w)
{
    repeat_stop(w, jobs, JOBS);
}

const struct role role_status = {"status", count, NULL, wake, stop};
