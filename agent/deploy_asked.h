/*
 * deploy_asked: the agent's side of a deploy: the file with what it asked for, and what there
 * is to tell of it before the unit has written anything, and after.
 */
#ifndef AGENT_DEPLOY_ASKED_H
#define AGENT_DEPLOY_ASKED_H

#include "deploy_report.h"

/* state_dir/deploy-APP.json, by rename. */
int deploy_asked_write(const struct conf *conf, const struct app *app,
                       const struct deploy_request *request);
void deploy_asked_forget(const struct conf *conf, const struct app *app);

/* The report of a deploy that was asked for, or NULL. starting: its unit is being started. */
json_t *deploy_asked_report(const struct conf *conf, const struct app *app, const char *id,
                            bool starting);
/* The deploy that runs, or is about to; "" when none does. */
void deploy_asked_running(const struct conf *conf, const struct app *app, bool starting,
                          char id[DEPLOY_ID_SIZE]);
/* The unit is at work, and at no deploy. */
bool deploy_asked_fetching(const struct conf *conf, const struct app *app);

#endif
