/*
 * action: start, stop and restart, each done once for its id.
 *
 * What was asked is written down before it is done, and again when it is over, so that an id
 * that comes again after the agent itself was restarted is not done twice: it gets the
 * app's state when it was done, and 409 "unknown action outcome" when nobody knows.
 */
#ifndef AGENT_ACTION_H
#define AGENT_ACTION_H

#include "agent.h"

#include <stdint.h>

#define ACTION_ID 37

enum action_end { ACTION_BEGUN, ACTION_DONE, ACTION_FAILED };

/* ---- action_log.c: what was done, in state_dir/actions */

#define ACTION_LOG_MAX 256 /* so many are remembered */

struct action_line {
    char id[ACTION_ID];
    char app[APP_ID_MAX + 1];
    char verb[8];
    enum action_end end;
    int64_t ms;
};

struct action_log;

/* Reads what is there; a file that is damaged is read as far as it goes. NULL: no memory */
struct action_log *action_log_open(const struct conf *conf);
void action_log_close(struct action_log *l);
/* What is known of the id, or NULL. */
const struct action_line *action_log_find(const struct action_log *l, const char *id);
/* Remember; on disk before it returns. A disk that is full is said in the log, and only
 * costs the memory of a restart. */
void action_log_put(struct action_log *l, const struct action_line *line);

/* 8-4-4-4-12 hexadecimal digits */
bool action_id_ok(const char *id);

#endif
