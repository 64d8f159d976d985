/*
 * word_deploy: `tocsin-agent deploy APP`, as root's unit tocsin-deploy@APP starts it.
 *
 * It takes from the agent an id and a ref, and nothing else: what is done, where and as whom
 * is root's configuration. See docs/deploys.md.
 */
#define _GNU_SOURCE
#include "deploy.h"
#include "safe_file.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *app, const char *why)
{
    fprintf(stderr, "tocsin-agent deploy %s: %s\n", app, why);
    return 1;
}

/* The request lies in the agent's folder: a plain file of who that folder belongs to. */
static int read_request(struct deploy *d)
{
    struct safe_rule rule = {.nowners = 1, .max = DEPLOY_REQUEST_MAX};
    struct safe_place place;
    struct safe_file file = {0};
    struct safe_fail fail;
    const char *why;
    char path[PATH_MAX];
    int r;

    snprintf(path, sizeof(path), "%s/deploy-%s.json", d->conf->state_dir, d->app->id);
    if (safe_open(&place, path, &fail))
        return complain(d->app->id, fail.text);
    rule.owner[0] = place.folder.st_uid;
    r = safe_read(&place, &rule, &file, &fail);
    safe_close(&place);
    if (r)
        complain(d->app->id, fail.text);
    else if (!file.exists)
        r = complain(d->app->id, "there is no request");
    else if (deploy_request_parse(file.bytes, file.n, &d->request, &why)) {
        fprintf(stderr, "tocsin-agent deploy %s: the request: %s\n", d->app->id, why);
        r = -1;
    }
    free(file.bytes);
    return r;
}

/* What programs are told; nothing of our own environment. */
static void set_env(struct deploy *d)
{
    int n = 0;

    snprintf(d->home, sizeof(d->home), "HOME=%s", d->user.home);
    snprintf(d->name, sizeof(d->name), "USER=%s", d->user.name);
    snprintf(d->logname, sizeof(d->logname), "LOGNAME=%s", d->user.name);
    snprintf(d->id, sizeof(d->id), "TOCSIN_DEPLOY=%s", d->request.id);
    snprintf(d->ref, sizeof(d->ref), "TOCSIN_REF=%s", d->request.ref);
    strcpy(d->commit, "TOCSIN_COMMIT=");
    strcpy(d->before, "TOCSIN_BEFORE=");
    d->env[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    d->env[n++] = "LC_ALL=C.UTF-8";
    d->env[n++] = "SHELL=/bin/sh";
    d->env[n++] = "CI=1"; /* no progress bars */
    d->env[n++] = "GIT_TERMINAL_PROMPT=0";
    d->env[n++] = d->home;
    d->env[n++] = d->name;
    d->env[n++] = d->logname;
    d->env[n++] = d->id;
    d->env[n++] = d->ref;
    d->env[n++] = d->commit;
    d->env[n++] = d->before;
    d->env[n] = NULL;
}

static int set_up(struct deploy *d, const char *id)
{
    if (!(d->app = conf_app(d->conf, id)))
        return complain(id, "no such app in the configuration");
    if (!d->app->deploy)
        return complain(id, "is not deployed: the configuration has no deploy = yes");
    if (account_find(d->app->deploy_user, &d->user))
        return complain(id, "its deploy_user is not in /etc/passwd");
    if (d->user.uid == 0 || d->user.gid == 0)
        return complain(id, "will not deploy as root: deploy_user must be another");
    if (geteuid() != 0 && geteuid() != d->user.uid)
        return complain(id, "only root can deploy as another user");
    return 0;
}

/* A deploy that was killed could not say so. */
static void tell_of_killed(struct deploy *d)
{
    const char *id = json_string_value(json_object_get(d->last, "last"));
    char name[DEPLOY_ID_SIZE + 5];
    json_t *report;

    if (!id || !deploy_id_ok(id))
        return;
    snprintf(name, sizeof(name), "%s.json", id);
    if (!(report = deploy_load(d->conf, d->app, name)))
        return;
    if (!strcmp(json_string_value(json_object_get(report, "state"))
                    ? json_string_value(json_object_get(report, "state"))
                    : "",
                "running")) {
        deploy_report_killed(report);
        json_object_set_new(report, "ended_at", deploy_now());
        deploy_save(d->conf, d->app, name, report, true);
    }
    json_decref(report);
}

static int look_only(struct deploy *d)
{
    enum deploy_ended end = deploy_git_fetch(d);
    json_t *refs;
    int r;

    if (end == DEPLOY_CANCELLED) /* a deploy is to run, and fetches by itself */
        return complain(d->app->id, "cancelled");
    if (end != DEPLOY_OK) { /* what was seen before stays, with the reason why it is old */
        if (!(refs = deploy_load(d->conf, d->app, "refs.json")))
            refs = json_pack("{s:n,s:[],s:n,s:n}", "head", "refs", "ahead", "at");
        json_object_set_new(refs, "error", json_sprintf("git fetch: %s", d->how));
        complain(d->app->id, d->how);
    }
    else {
        refs = deploy_git_refs(d);
    }
    r = deploy_save(d->conf, d->app, "refs.json", refs, false);
    json_decref(refs);
    return r ? complain(d->app->id, "cannot write refs.json") : end != DEPLOY_OK;
}

/* last.json says "busy" as long as git may be at work. */
static void set_busy(struct deploy *d, bool busy)
{
    json_object_set_new(d->last, "busy", json_boolean(busy));
    if (deploy_save(d->conf, d->app, "last.json", d->last, false))
        printf("cannot write last.json\n");
}

static int do_request(struct deploy *d)
{
    const char *invocation = getenv("INVOCATION_ID");
    json_t *before;
    int r;

    if (!*d->request.ref)
        return look_only(d);
    if ((before = deploy_report(d->conf, d->app, d->request.id))) {
        json_decref(before);
        return complain(d->app->id, "this request was done already");
    }
    d->report = json_pack("{s:s,s:s,s:s,s:n,s:n,s:[],s:[],s:n,s:n,s:o,s:n,s:s?}", "id",
                          d->request.id, "state", "running", "ref", d->request.ref, "from",
                          "to", "subjects", "steps", "step", "error", "started_at",
                          deploy_now(), "ended_at", "invocation", invocation);
    r = deploy_flow(d);
    json_decref(d->report);
    return r;
}

static int with_lock(struct deploy *d)
{
    int r;

    if (!(d->last = deploy_load(d->conf, d->app, "last.json")))
        d->last = json_object();
    tell_of_killed(d);
    if (read_request(d))
        return 1;
    set_env(d);
    if (json_is_true(json_object_get(d->last, "busy")))
        deploy_git_unlock(d);
    set_busy(d, true);
    r = do_request(d);
    set_busy(d, false);
    return r;
}

int word_deploy(const struct asked *asked)
{
    static struct deploy d;
    struct conf conf;
    int lock, r;

    if (asked->argc != 2)
        return fprintf(stderr, "usage: tocsin-agent deploy APP\n"), 2;
    if (asked_conf(asked, &conf))
        return 1;
    d.conf = &conf;
    umask(027);
    deploy_child_signals();
    if (set_up(&d, asked->argv[1])) {
        r = 1;
    }
    else if ((lock = deploy_lock(&conf, d.app)) < 0) {
        r = complain(d.app->id,
                     errno == EWOULDBLOCK ? "another deploy of it runs" : strerror(errno));
    }
    else {
        r = with_lock(&d);
        json_decref(d.last);
        close(lock);
    }
    conf_drop(&conf);
    return r;
}
