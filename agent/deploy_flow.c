/*
 * deploy_flow: the steps in their order, and back again when one fails.
 *
 * Each step is written to the report before it begins and when it ends, so that the last
 * report tells the truth whenever we are killed. last.json says "changed" from before the
 * checkout until a commit is known to run: who finds it so goes back to the last good commit,
 * not to where the working tree was left.
 */
#define _GNU_SOURCE
#include "argv.h"
#include "clock.h"
#include "deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD_KEPT 20 /* commits that ran, newest first */

static const char *const words[] = {"ok", "failed", "failed", "cancelled"};

static void save_report(struct deploy *d, bool durable)
{
    char name[DEPLOY_ID_SIZE + 5];

    snprintf(name, sizeof(name), "%s.json", d->request.id);
    if (deploy_save(d->conf, d->app, name, d->report, durable))
        printf("cannot write the report\n");
}

static void save_last(struct deploy *d)
{
    if (deploy_save(d->conf, d->app, "last.json", d->last, true))
        printf("cannot write last.json\n");
}

static void say(struct deploy *d, const char *step, const char *state)
{
    deploy_say("{\"deploy\":\"%s\",\"step\":\"%s\",\"state\":\"%s\"}", d->request.id, step,
               state);
}

/* ---- a step: it is told before, done, and told after */

typedef enum deploy_ended step_fn(struct deploy *d, const void *arg);

static enum deploy_ended step(struct deploy *d, const char *name, step_fn *fn, const void *arg)
{
    char full[64];
    json_t *steps = json_object_get(d->report, "steps"), *one;
    int64_t began = clock_ms();
    enum deploy_ended end;

    snprintf(full, sizeof(full), "%s%s", d->back ? "roll-back: " : "", name);
    one = json_pack("{s:s,s:s,s:o,s:n}", "name", full, "state", "running", "at", deploy_now(),
                    "ms");
    json_array_append_new(steps, one);
    json_object_set_new(d->report, "step", json_string(full));
    save_report(d, false);
    say(d, full, "running");
    *d->how = '\0';
    end = !d->back && deploy_cancelled() ? DEPLOY_CANCELLED : fn(d, arg);
    json_object_set_new(one, "state", json_string(words[end]));
    json_object_set_new(one, "ms", json_integer(clock_ms() - began));
    if (end != DEPLOY_OK) {
        json_object_set_new(one, "error", json_string(d->how));
        printf("%s: %s\n", full, end == DEPLOY_CANCELLED ? "cancelled" : d->how);
    }
    save_report(d, false);
    say(d, full, words[end]);
    return end;
}

static enum deploy_ended do_fetch(struct deploy *d, const void *)
{
    enum deploy_ended end = deploy_git_fetch(d);
    json_t *refs;

    if (end == DEPLOY_OK && (refs = deploy_git_refs(d))) {
        deploy_save(d->conf, d->app, "refs.json", refs, false);
        json_decref(refs);
    }
    return end;
}

static enum deploy_ended do_check(struct deploy *d, const void *)
{
    enum deploy_ended end = deploy_git_resolve(d);
    char head[DEPLOY_SHA_SIZE];
    const char *good = json_string_value(json_object_get(d->last, "good"));

    if (end == DEPLOY_OK)
        end = deploy_git_clean(d);
    if (end != DEPLOY_OK)
        return end;
    if (deploy_git_head(d, head)) {
        snprintf(d->how, sizeof(d->how), "the working tree is at no commit");
        return DEPLOY_FAILED;
    }
    /* a deploy was killed half-way: what is checked out is not what ran */
    if (json_is_true(json_object_get(d->last, "changed")) && good && deploy_ref_commit(good))
        snprintf(head, sizeof(head), "%s", good);
    strcpy(d->from, head);
    snprintf(d->before, sizeof(d->before), "TOCSIN_BEFORE=%s", d->from);
    json_object_set_new(d->report, "from", json_string(d->from));
    json_object_set_new(d->report, "to", json_string(d->to));
    json_object_set_new(d->report, "subjects", deploy_git_subjects(d));
    return DEPLOY_OK;
}

static enum deploy_ended do_checkout(struct deploy *d, const void *commit)
{
    json_object_set_new(d->last, "good", json_string(d->from));
    json_object_set_new(d->last, "changed", json_true());
    save_last(d);
    return deploy_git_checkout(d, commit, d->back);
}

static enum deploy_ended do_build(struct deploy *d, const void *line)
{
    const char *why;
    char **argv = argv_split(line, &why);
    struct deploy_child child = {.argv = (const char *const *)argv,
                                 .env = d->env,
                                 .dir = d->app->dir,
                                 .user = &d->user,
                                 .timeout_s = d->app->deploy_timeout,
                                 .cancel = !d->back};
    enum deploy_ended end;

    if (!argv) {
        snprintf(d->how, sizeof(d->how), "deploy_step %s", why);
        return DEPLOY_FAILED;
    }
    end = deploy_child_run(&child, d->how, sizeof(d->how));
    free(argv);
    return end;
}

static enum deploy_ended do_restart(struct deploy *d, const void *)
{
    return deploy_app_restart(d);
}

static enum deploy_ended do_health(struct deploy *d, const void *)
{
    return deploy_app_health(d);
}

static enum deploy_ended build(struct deploy *d)
{
    enum deploy_ended end = DEPLOY_OK;

    for (int i = 0; i < d->app->deploy_step.n && end == DEPLOY_OK; i++) {
        const char *line = d->app->deploy_step.item[i], *colon = strchr(line, ':');
        char name[42];

        snprintf(name, sizeof(name), "%.*s", (int)(colon - line), line);
        end = step(d, name, do_build, colon + 1);
    }
    return end;
}

/* From a commit to the app that runs it. */
static enum deploy_ended bring(struct deploy *d, const char *commit)
{
    enum deploy_ended end;

    snprintf(d->commit, sizeof(d->commit), "TOCSIN_COMMIT=%s", commit);
    end = step(d, "checkout", do_checkout, commit);
    if (end == DEPLOY_OK)
        end = build(d);
    if (end == DEPLOY_OK)
        end = step(d, "restart", do_restart, NULL);
    return end == DEPLOY_OK ? step(d, "health", do_health, NULL) : end;
}

/* ---- the whole */

static void runs_now(struct deploy *d, const char *commit)
{
    json_t *good = json_object_get(d->last, "good_commits");
    size_t i;
    json_t *one;

    if (!json_is_array(good)) {
        good = json_array();
        json_object_set_new(d->last, "good_commits", good);
    }
    json_array_foreach(
        good, i,
        one) if (!strcmp(json_string_value(one) ? json_string_value(one) : "", commit))
    {
        json_array_remove(good, i);
        break;
    }
    json_array_insert_new(good, 0, json_string(commit));
    while (json_array_size(good) > GOOD_KEPT)
        json_array_remove(good, GOOD_KEPT);
    json_object_set_new(d->last, "good", json_string(commit));
    json_object_set_new(d->last, "changed", json_false());
    json_object_set_new(d->last, "ref", json_string(d->back ? "" : d->request.ref));
    save_last(d);
}

static int finish(struct deploy *d, const char *state, json_t *error)
{
    json_object_set_new(d->report, "state", json_string(state));
    json_object_set_new(d->report, "error", error ? error : json_null());
    json_object_set_new(d->report, "step", json_null());
    json_object_set_new(d->report, "ended_at", deploy_now());
    save_report(d, true);
    deploy_prune(d->conf, d->app);
    deploy_say("{\"deploy\":\"%s\",\"state\":\"%s\"}", d->request.id, state);
    return strcmp(state, "succeeded") ? 1 : 0;
}

/* The name of the step that ended last, and how. */
static json_t *what_failed(const struct deploy *d)
{
    const char *name = json_string_value(json_object_get(d->report, "step"));

    return *d->how ? json_sprintf("step '%s': %s", name, d->how)
                   : json_sprintf("step '%s'", name);
}

static int go_back(struct deploy *d, enum deploy_ended end)
{
    const char *state = end == DEPLOY_CANCELLED ? "cancelled" : "rolled-back";
    json_t *error = end == DEPLOY_CANCELLED
                        ? json_sprintf("cancelled in step '%s'",
                                       json_string_value(json_object_get(d->report, "step")))
                        : what_failed(d);
    json_t *twice;

    if (!strcmp(d->from, d->to) && end != DEPLOY_CANCELLED) {
        twice = json_sprintf("%s; the same commit ran before, so there is none to go back to",
                             json_string_value(error));
        json_decref(error);
        return finish(d, "failed", twice);
    }
    d->back = true;
    json_object_set_new(d->report, "error", json_incref(error));
    if (bring(d, d->from) == DEPLOY_OK) {
        runs_now(d, d->from);
        return finish(d, state, error);
    }
    twice = what_failed(d);
    json_object_set_new(d->report, "error", json_null());
    state = json_string_value(error);
    finish(d, "failed",
           json_sprintf("%s; and the roll-back failed: %s", state, json_string_value(twice)));
    json_decref(twice);
    json_decref(error);
    return 1;
}

/* Git would not check out, or was never asked: what ran runs, and needs no restart. */
static bool untouched(struct deploy *d)
{
    const char *name = json_string_value(json_object_get(d->report, "step"));
    char head[DEPLOY_SHA_SIZE], how[DEPLOY_HOW];
    bool same;

    if (strcmp(name, "checkout"))
        return false;
    memcpy(how, d->how, sizeof(how));
    d->back = true; /* a cancel must not end the question */
    same = deploy_git_head(d, head) == 0 && !strcmp(head, d->from) &&
           deploy_git_clean(d) == DEPLOY_OK;
    d->back = false;
    memcpy(d->how, how, sizeof(how));
    return same;
}

static int leave(struct deploy *d, enum deploy_ended end)
{
    json_object_set_new(d->last, "changed", json_false());
    save_last(d);
    return finish(d, end == DEPLOY_CANCELLED ? "cancelled" : "failed",
                  end == DEPLOY_CANCELLED ? NULL : what_failed(d));
}

int deploy_flow(struct deploy *d)
{
    enum deploy_ended end;

    json_object_set_new(d->last, "last", json_string(d->request.id));
    save_report(d, true);
    save_last(d);
    end = step(d, "fetch", do_fetch, NULL);
    if (end == DEPLOY_OK)
        end = step(d, "check", do_check, NULL);
    if (end != DEPLOY_OK) /* nothing was changed yet */
        return finish(d, end == DEPLOY_CANCELLED ? "cancelled" : "failed",
                      end == DEPLOY_CANCELLED ? NULL : what_failed(d));
    if ((end = bring(d, d->to)) != DEPLOY_OK)
        return untouched(d) ? leave(d, end) : go_back(d, end);
    runs_now(d, d->to);
    return finish(d, "succeeded", NULL);
}
