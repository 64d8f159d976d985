/*
 * deploy_report: what the deploy unit did and does, as files in conf->deploys/APP, which
 * root writes and the agent reads: UUID.json for each deploy, last.json, refs.json, lock.
 *
 * A report that says "running" is true only while its writer holds the lock: who was killed
 * could not write that he was.
 */
#ifndef AGENT_DEPLOY_REPORT_H
#define AGENT_DEPLOY_REPORT_H

#include "agent_conf.h"
#include "deploy_request.h"

#include <jansson.h>

#define DEPLOY_REPORTS_KEPT 100

/* conf->deploys/APP/NAME; -1: too long. */
int deploy_path(const struct conf *conf, const struct app *app, const char *name, char *path,
                size_t size);

/* A file of it, or NULL. */
json_t *deploy_load(const struct conf *conf, const struct app *app, const char *name);
/* Does somebody hold the lock? */
bool deploy_locked(const struct conf *conf, const struct app *app);
/* The report of a deploy as it is true now, or NULL: there is none. */
json_t *deploy_report(const struct conf *conf, const struct app *app, const char *id);
/* The same after the lock was found free: "running" becomes "failed: killed". */
void deploy_report_killed(json_t *report);

/* For the unit: make the folder, and take the lock. A descriptor; -1 with errno, which is
 * EWOULDBLOCK when another deploy runs. */
int deploy_lock(const struct conf *conf, const struct app *app);
/* Write a file of it by rename; durable: it is on the disk then. */
int deploy_save(const struct conf *conf, const struct app *app, const char *name,
                const json_t *what, bool durable);
/* Take away all but the newest reports. */
void deploy_prune(const struct conf *conf, const struct app *app);

/* 2026-11-21T09:30:00.123Z */
json_t *deploy_now(void);

#endif
