/*
 * log_page: GET /v1/apps/APP/logs: so many lines, and where to go on from.
 */
#ifndef AGENT_LOG_PAGE_H
#define AGENT_LOG_PAGE_H

#include "call.h"

void log_page_get(struct call *c);
/* Answers all that are under way. */
void log_page_stop(void);

#endif
