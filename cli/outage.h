/*
 * outage: which systems are down or up by their newest checks, confirmed by so many in a row.
 */
#ifndef TOCSIN_CLI_OUTAGE_H
#define TOCSIN_CLI_OUTAGE_H

#include "github_issue.h"
#include "store.h"

#define OUTAGE_CONFIRM_MAX 100

enum outage_verdict {
    OUTAGE_UNSURE, /* not confirmed yet, too old, or in maintenance */
    OUTAGE_UP,     /* slow counts as up */
    OUTAGE_DOWN
};

struct outage {
    const char *name, *display, *url; /* url NULL: not known */
    enum outage_verdict verdict;
    struct reading newest; /* its err lives in the arena */
    int in_row;            /* checks that say the same, as many as were asked for at most */
};

struct outage_rules {
    const char *dir;
    int64_t now_ms;
    long max_age_ms;
    long confirm_down, confirm_up;
};

/* One entry for each system that is known, or when none is for each that has checks. How many,
 * or -1: said on stderr. */
int outages_read(struct outage **out, struct arena **m, const struct outage_rules *how,
                 const struct issue_rules *known);

#endif
