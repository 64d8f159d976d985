/* demo: what checkers and agents do elsewhere is made up here, in SQL (work.demo_tick). */
#include "repeat.h"

static struct repeat jobs[] = {
    {.sql = "select work.demo_tick()",
     .every_ms = 2000,
     .at_once = WAKE_ONLINE,
     .deadline_ms = 60000,
     .stat = "checks"},
};

static int count(const struct tocsind_conf *conf)
{
    return conf->demo;
}

static int start(struct worker *)
{
    return 0;
}

static void wake(struct worker *w, unsigned why)
{
    repeat_wake(w, jobs, 1, why);
}

static void stop(struct worker *w)
{
    repeat_stop(w, jobs, 1);
}

const struct role role_demo = {"demo", count, start, wake, stop};
