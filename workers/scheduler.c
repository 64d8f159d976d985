/*
 * scheduler: gives new monitors a bucket and a slot, and each checker its share of the
 * buckets. Any number of schedulers may run: the functions are safe side by side.
 */
#include "repeat.h"

static struct repeat jobs[] = {
    {.sql = "select work.place()",
     .every_ms = 1000,
     .at_once = WAKE_PLACE | WAKE_ONLINE,
     .deadline_ms = 30000,
     .more = true,
     .log = "monitors placed",
     .stat = "placed"},
    {.sql = "select work.share_out()",
     .every_ms = 1000,
     .at_once = WAKE_PLACE | WAKE_ONLINE,
     .deadline_ms = 10000},
};

#define JOBS (int)(sizeof(jobs) / sizeof(jobs[0]))

static int count(const struct tocsind_conf *conf)
{
    return conf->demo ? 0 : 1;
}

static void wake(struct worker *w, unsigned why)
{
    repeat_wake(w, jobs, JOBS, why);
}

static void stop(struct worker *w)
{
    repeat_stop(w, jobs, JOBS);
}

const struct role role_scheduler = {"scheduler", count, NULL, wake, stop};
