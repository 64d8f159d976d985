/*
 * repeat: "call this function every so often", for roles that are SQL and a clock.
 *
 * A call is never made while the one before runs. A table of them is a role.
 */
#ifndef TOCSIND_REPEAT_H
#define TOCSIND_REPEAT_H

#include "role.h"

struct repeat {
    const char *sql;  /* "select work.place()" */
    int every_ms;     /* between the end of one and the next; 0: only when woken */
    unsigned at_once; /* WAKE_ bits that do not wait */
    int deadline_ms;
    bool more; /* a number over 0: there is more to do, at the next tick */
    const char
        *log; /* when it returns a number over 0: said at this, "monitors placed"; or NULL */
    const char *stat; /* the number, added up, in the beat; or NULL */
    struct db *db;    /* NULL: the worker's; long calls would hold up its beat */
    /* kept by repeat_wake(): */
    bool runs, again;
    int64_t due_ms;
    struct worker *w;
};

/* Each of n whose time has come, or that `why` names. */
void repeat_wake(struct worker *w, struct repeat *list, int n, unsigned why);

/* Done when none runs. */
void repeat_stop(struct worker *w, struct repeat *list, int n);

#endif
