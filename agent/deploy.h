/*
 * deploy: one deploy of one app, by root's unit; what its files share.
 */
#ifndef AGENT_DEPLOY_H
#define AGENT_DEPLOY_H

#include "deploy_child.h"
#include "deploy_report.h"

#define DEPLOY_HOW 300

struct deploy {
    const struct conf *conf;
    const struct app *app;
    struct account user;
    struct deploy_request request;
    json_t *report, *last; /* UUID.json, last.json */
    const char *env[16];   /* of what runs as the user */
    char home[600], name[64], logname[64], id[64], ref[240];
    char commit[100], before[100]; /* TOCSIN_COMMIT=…, TOCSIN_BEFORE=… */
    char from[DEPLOY_SHA_SIZE], to[DEPLOY_SHA_SIZE];
    bool back;            /* it goes back: nobody cancels it any more */
    char how[DEPLOY_HOW]; /* what went wrong */
};

/* ---- deploy_git.c; 0, or what went wrong in d->how */

/* Take away the locks that a git which was killed has left. */
void deploy_git_unlock(struct deploy *d);
enum deploy_ended deploy_git_fetch(struct deploy *d);
/* d->request.ref → d->to, when it is allowed */
enum deploy_ended deploy_git_resolve(struct deploy *d);
/* Nothing that git knows was changed by hand. */
enum deploy_ended deploy_git_clean(struct deploy *d);
/* force: over what a build changed */
enum deploy_ended deploy_git_checkout(struct deploy *d, const char *commit, bool force);
/* Where the working tree is now; -1: nowhere. */
int deploy_git_head(struct deploy *d, char commit[DEPLOY_SHA_SIZE]);
/* First lines of what is between the two. */
json_t *deploy_git_subjects(struct deploy *d);
/* refs.json */
json_t *deploy_git_refs(struct deploy *d);

/* ---- deploy_app.c */

enum deploy_ended deploy_app_restart(struct deploy *d);
enum deploy_ended deploy_app_health(struct deploy *d);

/* ---- deploy_flow.c */

/* All of it; the report is written. 0: the commit that was asked for runs. */
int deploy_flow(struct deploy *d);

#endif
