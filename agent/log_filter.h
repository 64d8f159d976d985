/*
 * log_filter: which lines are wanted, and where they are: what the query of a call says.
 */
#ifndef AGENT_LOG_FILTER_H
#define AGENT_LOG_FILTER_H

#include "call.h"
#include "log_line.h"
#include "log_regex.h"

#define LOG_NAME_MAX 300

struct log_filter {
    int level; /* at least as bad; 7: all */
    enum { LOG_BOTH, LOG_STDOUT, LOG_STDERR } stream;
    int64_t since_us, until_us; /* 0: none */
    struct log_regex *search;   /* NULL: none */
    buf clean;
};

struct log_place {
    char name[LOG_NAME_MAX];
    bool container;  /* otherwise a unit */
    char deploy[40]; /* the id; "" */
    /* of a deploy: */
    bool running;
    int64_t since_us, until_us;
};

/* level, stream, since, until, q, regex. -1: the call is answered and gone. */
int log_filter_read(struct call *c, struct log_filter *f);
void log_filter_drop(struct log_filter *f);
bool log_filter_fits(struct log_filter *f, const struct log_line *line);
/* Does it let all lines through, but for their times? */
bool log_filter_open(const struct log_filter *f);

/* The app's unit or container, or with `deploy` the unit that did that. -1: as above. */
int log_place_read(struct call *c, struct log_place *place);
/* What is known of the deploy by now. false: nothing any more. */
bool log_place_deploy(struct agent *agent, const struct app *app, struct log_place *place);

#endif
