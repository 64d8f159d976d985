/*
 * deploy_git: git, as the deploy user, in root's folder of the app.
 *
 * What is fetched goes to refs/tocsin/, which nobody else uses: so what may be deployed is
 * what the address in root's configuration had at this moment, and no local branch or tag of
 * the same name. A ref is only ever handed to git as refs/tocsin/…, a commit as 40 digits.
 */
#define _GNU_SOURCE
#include "deploy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADS        "refs/tocsin/heads/"
#define TAGS         "refs/tocsin/tags/"
#define ARGS_MAX     24
#define OUT_MAX      (1 << 18)
#define QUICK_S      60
#define SUBJECTS_MAX "20"
#define REFS_MAX     200

static const char fields[] =
    "--format=%(refname)%1f%(objectname)%1f%(*objectname)%1f%(creatordate:unix)%1f%(subject)";

struct git {
    const char *argv[ARGS_MAX];
    int n;
};

static struct git git(const struct deploy *d)
{
    struct git g = {.argv = {d->conf->git, "-c", "gc.auto=0", "-c",
                             "advice.detachedHead=false", "-c", "protocol.ext.allow=never",
                             "-c", "core.fsmonitor=false"},
                    .n = 9};

    return g;
}

static void add(struct git *g, const char *arg)
{
    if (g->n < ARGS_MAX - 1)
        g->argv[g->n++] = arg;
}

static enum deploy_ended run(struct deploy *d, struct git *g, buf *out, bool quiet,
                             long timeout_s)
{
    struct deploy_child child = {.argv = g->argv,
                                 .env = d->env,
                                 .dir = d->app->dir,
                                 .user = &d->user,
                                 .timeout_s = timeout_s,
                                 .cancel = !d->back,
                                 .quiet = quiet,
                                 .out = out,
                                 .most = OUT_MAX};

    return deploy_child_run(&child, d->how, sizeof(d->how));
}

/* A question whose answer is one commit. -1: there is none. */
static int ask_commit(struct deploy *d, const char *what, char commit[DEPLOY_SHA_SIZE])
{
    struct git g = git(d);
    buf out = {0};
    int r = -1;

    add(&g, "rev-parse");
    add(&g, "--verify");
    add(&g, "--quiet");
    add(&g, "--end-of-options");
    add(&g, what);
    if (run(d, &g, &out, true, QUICK_S) == DEPLOY_OK) {
        snprintf(commit, DEPLOY_SHA_SIZE, "%.*s", (int)strcspn(buf_end(&out), "\n"),
                 buf_end(&out));
        r = deploy_ref_commit(commit) ? 0 : -1;
    }
    buf_free(&out);
    return r;
}

__attribute__((format(printf, 2, 3))) static enum deploy_ended refuse(struct deploy *d,
                                                                      const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(d->how, sizeof(d->how), format, ap);
    va_end(ap);
    return DEPLOY_FAILED;
}

enum deploy_ended deploy_git_fetch(struct deploy *d)
{
    struct git g = git(d);

    add(&g, "fetch");
    add(&g, "--prune");
    add(&g, "--no-tags");
    add(&g, "--no-recurse-submodules");
    add(&g, "--");
    add(&g, d->app->deploy_repo ? d->app->deploy_repo : "origin");
    add(&g, "+refs/heads/*:" HEADS "*");
    add(&g, "+refs/tags/*:" TAGS "*");
    return run(d, &g, NULL, false, d->app->deploy_timeout);
}

int deploy_git_head(struct deploy *d, char commit[DEPLOY_SHA_SIZE])
{
    return ask_commit(d, "HEAD^{commit}", commit);
}

/* git itself leaves that to people, for it cannot know that it was alone. We hold the lock of
 * all deploys, and come here only when the one before was killed. */
void deploy_git_unlock(struct deploy *d)
{
    struct git g = {.argv = {"/usr/bin/find", ".git", "-name", "*.lock", "-type", "f",
                             "-print", "-delete"},
                    .n = 8};

    run(d, &g, NULL, false, QUICK_S);
}

/* ---- which commit */

/* Without refs/tocsin/heads/ or …/tags/; NULL: it is something else. */
static const char *short_name(const char *ref)
{
    if (!strncmp(ref, HEADS, sizeof(HEADS) - 1))
        return ref + sizeof(HEADS) - 1;
    return strncmp(ref, TAGS, sizeof(TAGS) - 1) ? NULL : ref + sizeof(TAGS) - 1;
}

/* A commit is allowed when one of the allowed refs has it, or when it was deployed before. */
static bool commit_allowed(struct deploy *d, const char *commit)
{
    json_t *good = json_object_get(d->last, "good_commits"), *one;
    struct git g = git(d);
    bool found = false;
    buf out = {0};
    size_t i;

    json_array_foreach(good, i, one) found |=
        json_is_string(one) && !strcmp(json_string_value(one), commit);
    if (found)
        return true;
    add(&g, "for-each-ref");
    add(&g, "--contains");
    add(&g, commit);
    add(&g, "--format=%(refname)");
    add(&g, "refs/tocsin/");
    if (run(d, &g, &out, true, QUICK_S) == DEPLOY_OK) {
        char *save = NULL;

        buf_end(&out);
        for (char *ref = strtok_r(out.data, "\n", &save); ref;
             ref = strtok_r(NULL, "\n", &save))
            found |=
                short_name(ref) && deploy_ref_allowed(d->app->deploy_refs, short_name(ref));
    }
    buf_free(&out);
    return found;
}

static enum deploy_ended resolve_commit(struct deploy *d)
{
    char what[DEPLOY_SHA_SIZE + 10];

    snprintf(what, sizeof(what), "%.64s^{commit}", d->request.ref);
    if (ask_commit(d, what, d->to))
        return refuse(d, "there is no commit %s", d->request.ref);
    if (!commit_allowed(d, d->to))
        return refuse(d, "commit %s is on no branch or tag that may be deployed",
                      d->request.ref);
    return DEPLOY_OK;
}

enum deploy_ended deploy_git_resolve(struct deploy *d)
{
    char what[DEPLOY_REF_SIZE + 40], tag[DEPLOY_SHA_SIZE];
    bool is_head, is_tag;

    if (deploy_ref_commit(d->request.ref))
        return resolve_commit(d);
    if (!deploy_ref_allowed(d->app->deploy_refs, d->request.ref))
        return refuse(d, "'%s' is none of the refs that may be deployed", d->request.ref);
    snprintf(what, sizeof(what), HEADS "%s^{commit}", d->request.ref);
    is_head = ask_commit(d, what, d->to) == 0;
    snprintf(what, sizeof(what), TAGS "%s^{commit}", d->request.ref);
    is_tag = ask_commit(d, what, tag) == 0;
    if (!is_head && !is_tag)
        return refuse(d, "there is no branch or tag '%s'", d->request.ref);
    if (is_head && is_tag && strcmp(d->to, tag))
        return refuse(d, "'%s' is a branch and a tag, and not the same commit",
                      d->request.ref);
    if (is_tag)
        strcpy(d->to, tag);
    return DEPLOY_OK;
}

enum deploy_ended deploy_git_clean(struct deploy *d)
{
    struct git g = git(d);
    enum deploy_ended r;
    buf out = {0};

    add(&g, "status");
    add(&g, "--porcelain");
    add(&g, "--untracked-files=no");
    add(&g, "--ignore-submodules=dirty");
    r = run(d, &g, &out, false, QUICK_S);
    if (r == DEPLOY_OK && out.len > 0) {
        for (size_t i = 0; i < out.len; i++)
            if (out.data[i] == '\n')
                out.data[i] = i + 1 < out.len ? ',' : '\0';
        r = refuse(d, "files were changed by hand on this machine: %.200s", buf_end(&out));
    }
    buf_free(&out);
    return r;
}

enum deploy_ended deploy_git_checkout(struct deploy *d, const char *commit, bool force)
{
    struct git g = git(d);

    add(&g, "checkout");
    add(&g, "--quiet");
    add(&g, "--detach");
    if (force)
        add(&g, "--force");
    add(&g, commit);
    add(&g, "--");
    return run(d, &g, NULL, false, d->app->deploy_timeout);
}

/* ---- what is told about them */

json_t *deploy_git_subjects(struct deploy *d)
{
    struct git g = git(d);
    json_t *all = json_array();
    char range[2 * DEPLOY_SHA_SIZE + 4], *save = NULL;
    buf out = {0};

    snprintf(range, sizeof(range), "%s..%s", d->from, d->to);
    add(&g, "log");
    add(&g, "--format=%s");
    add(&g, "-n");
    add(&g, SUBJECTS_MAX);
    add(&g, "--end-of-options");
    add(&g, range);
    add(&g, "--");
    if (run(d, &g, &out, true, QUICK_S) == DEPLOY_OK && out.len) {
        buf_end(&out);
        for (char *s = strtok_r(out.data, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
            json_t *one = json_string(s);

            json_array_append_new(all, one ? one : json_string("(not UTF-8)"));
        }
    }
    buf_free(&out);
    return all;
}

static json_t *one_ref(const struct deploy *d, char *line)
{
    const char *field[5], *name;
    json_t *o;

    for (int i = 0; i < 5; i++) {
        char *end = strchr(line, '\x1f');

        field[i] = line;
        if (end)
            *end = '\0';
        line = end ? end + 1 : line + strlen(line);
    }
    name = short_name(field[0]);
    if (!name || !deploy_ref_allowed(d->app->deploy_refs, name) || !deploy_ref_ok(name))
        return NULL;
    o = json_pack("{s:s,s:s,s:s,s:I}", "name", name, "kind",
                  strncmp(field[0], TAGS, sizeof(TAGS) - 1) ? "branch" : "tag", "sha",
                  *field[2] ? field[2] : field[1], "at", (json_int_t)atoll(field[3]));
    if (o && json_object_set_new(o, "subject", json_string(field[4])))
        json_object_set_new(o, "subject", json_string("(not UTF-8)"));
    return o;
}

/* How many commits the first branch of the patterns has that HEAD has not. */
static json_t *ahead(struct deploy *d)
{
    const char *first = d->app->deploy_refs;
    size_t n = strcspn(first, " ");
    char range[DEPLOY_REF_SIZE + 40];
    struct git g = git(d);
    json_t *r = json_null();
    buf out = {0};

    if (memchr(first, '*', n) || n >= DEPLOY_REF_SIZE)
        return r;
    snprintf(range, sizeof(range), "HEAD.." HEADS "%.*s", (int)n, first);
    add(&g, "rev-list");
    add(&g, "--count");
    add(&g, "--end-of-options");
    add(&g, range);
    add(&g, "--");
    if (run(d, &g, &out, true, QUICK_S) == DEPLOY_OK && out.len)
        r = json_integer(atol(buf_end(&out)));
    buf_free(&out);
    return r;
}

json_t *deploy_git_refs(struct deploy *d)
{
    char head[DEPLOY_SHA_SIZE] = "", *save = NULL;
    json_t *refs = json_array(), *all;
    struct git g = git(d);
    buf out = {0};

    add(&g, "for-each-ref");
    add(&g, "--sort=-creatordate");
    add(&g, fields);
    add(&g, "refs/tocsin/");
    if (run(d, &g, &out, true, QUICK_S) == DEPLOY_OK && out.len) {
        buf_end(&out);
        for (char *line = strtok_r(out.data, "\n", &save);
             line && json_array_size(refs) < REFS_MAX; line = strtok_r(NULL, "\n", &save)) {
            json_t *ref = one_ref(d, line);

            if (ref)
                json_array_append_new(refs, ref);
        }
    }
    buf_free(&out);
    all = json_pack("{s:o,s:o,s:o}", "refs", refs, "ahead", ahead(d), "at", deploy_now());
    if (deploy_git_head(d, head) == 0)
        json_object_set_new(all, "head", json_string(head));
    return all;
}
