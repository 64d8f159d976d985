#define _GNU_SOURCE
#include "deploy_asked.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BEGIN_S 30 /* so long a unit may take until it has written a report */

static int request_path(const struct conf *conf, const struct app *app, const char *end,
                        char *path, size_t size)
{
    int n = snprintf(path, size, "%s/deploy-%s.json%s", conf->state_dir, app->id, end);

    return n > 0 && (size_t)n < size ? 0 : -1;
}

int deploy_asked_write(const struct conf *conf, const struct app *app,
                       const struct deploy_request *request)
{
    json_t *all = json_pack("{s:s,s:s}", "id", request->id, "ref", request->ref);
    char path[PATH_MAX], new[PATH_MAX];
    int fd, r;

    if (request_path(conf, app, "", path, sizeof(path)) ||
        request_path(conf, app, ".new", new, sizeof(new)) ||
        (fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0) {
        json_decref(all);
        return -1;
    }
    r = json_dumpfd(all, fd, JSON_COMPACT);
    json_decref(all);
    if (close(fd) || r || rename(new, path))
        return -1;
    return 0;
}

/* What was asked for last, and how long ago; -1: nothing. */
static long read_request(const struct conf *conf, const struct app *app,
                         struct deploy_request *request)
{
    char path[PATH_MAX], text[DEPLOY_REQUEST_MAX];
    const char *why;
    struct stat st;
    ssize_t n;
    int fd;

    if (request_path(conf, app, "", path, sizeof(path)) ||
        (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0)
        return -1;
    n = read(fd, text, sizeof(text));
    if (fstat(fd, &st))
        n = -1;
    close(fd);
    if (n < 0 || deploy_request_parse(text, (size_t)n, request, &why))
        return -1;
    return labs(time(NULL) - st.st_mtime);
}

json_t *deploy_asked_report(const struct conf *conf, const struct app *app, const char *id,
                            bool starting)
{
    json_t *report = deploy_report(conf, app, id);
    struct deploy_request request;
    long age;

    if (report)
        return report;
    age = read_request(conf, app, &request);
    if (age < 0 || strcmp(request.id, id))
        return NULL;
    report = json_pack("{s:s,s:s,s:s,s:n,s:n,s:[],s:[],s:n,s:n,s:n,s:n}", "id", id, "state",
                       "running", "ref", request.ref, "from", "to", "subjects", "steps",
                       "step", "error", "started_at", "ended_at");
    if (!starting && age > BEGIN_S) {
        json_object_set_new(report, "state", json_string("failed"));
        json_object_set_new(report, "error",
                            json_string("the deploy unit did not begin: see its journal"));
    }
    return report;
}

static bool is_running(const json_t *report)
{
    const char *state = json_string_value(json_object_get(report, "state"));

    return state && !strcmp(state, "running");
}

void deploy_asked_running(const struct conf *conf, const struct app *app, bool starting,
                          char id[DEPLOY_ID_SIZE])
{
    json_t *last = deploy_load(conf, app, "last.json"), *report = NULL;
    const char *done = json_string_value(json_object_get(last, "last"));
    struct deploy_request request;

    *id = '\0';
    if (read_request(conf, app, &request) >= 0 && *request.ref &&
        is_running(report = deploy_asked_report(conf, app, request.id, starting)))
        strcpy(id, request.id);
    json_decref(report);
    report = NULL;
    if (!*id && done && deploy_id_ok(done) &&
        is_running(report = deploy_report(conf, app, done)))
        strcpy(id, done);
    json_decref(report);
    json_decref(last);
}

bool deploy_asked_fetching(const struct conf *conf, const struct app *app)
{
    json_t *last, *report;
    const char *id;
    bool deploys;

    if (!deploy_locked(conf, app))
        return false;
    last = deploy_load(conf, app, "last.json");
    id = json_string_value(json_object_get(last, "last"));
    report = id && deploy_id_ok(id) ? deploy_report(conf, app, id) : NULL;
    deploys = is_running(report);
    json_decref(report);
    json_decref(last);
    return !deploys;
}

void deploy_asked_forget(const struct conf *conf, const struct app *app)
{
    char path[PATH_MAX];

    if (request_path(conf, app, "", path, sizeof(path)) == 0)
        unlink(path);
}
