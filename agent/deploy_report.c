#define _GNU_SOURCE
#include "deploy_report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX (1 << 20)

int deploy_path(const struct conf *conf, const struct app *app, const char *name, char *path,
                size_t size)
{
    int n = snprintf(path, size, "%s/%s%s%s", conf->deploys, app->id, *name ? "/" : "", name);

    return n > 0 && (size_t)n < size ? 0 : -1;
}

json_t *deploy_now(void)
{
    char text[32];
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    return json_sprintf("%s.%03ldZ", text, now.tv_nsec / 1000000);
}

/* ---- reading */

json_t *deploy_load(const struct conf *conf, const struct app *app, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    json_t *all = NULL;
    int fd;

    if (deploy_path(conf, app, name, path, sizeof(path)) ||
        (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
        all = json_loadfd(fd, 0, NULL);
    close(fd);
    if (json_is_object(all))
        return all;
    json_decref(all);
    return NULL;
}

/* Asked without taking it: who asks must not be in the way of who wants it. */
bool deploy_locked(const struct conf *conf, const struct app *app)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    char path[PATH_MAX];
    bool held;
    int fd;

    if (deploy_path(conf, app, "lock", path, sizeof(path)) ||
        (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0)
        return false;
    held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return held;
}

static bool is_running(const json_t *report)
{
    const char *state = json_string_value(json_object_get(report, "state"));

    return state && !strcmp(state, "running");
}

void deploy_report_killed(json_t *report)
{
    const char *step = json_string_value(json_object_get(report, "step"));
    json_t *steps = json_object_get(report, "steps"), *one;
    size_t i;

    if (!is_running(report))
        return;
    json_array_foreach(steps, i, one) if (is_running(one))
        json_object_set_new(one, "state", json_string("failed"));
    json_object_set_new(report, "state", json_string("failed"));
    json_object_set_new(report, "error",
                        step ? json_sprintf("killed in step '%s': the app may be between two "
                                            "commits, deploy again",
                                            step)
                             : json_string("killed"));
}

json_t *deploy_report(const struct conf *conf, const struct app *app, const char *id)
{
    char name[DEPLOY_ID_SIZE + 5];
    json_t *report;

    snprintf(name, sizeof(name), "%.36s.json", id);
    report = deploy_load(conf, app, name);
    if (!report || !is_running(report) || deploy_locked(conf, app))
        return report;
    /* it may have ended between both looks */
    json_decref(report);
    if ((report = deploy_load(conf, app, name)))
        deploy_report_killed(report);
    return report;
}

/* ---- writing */

int deploy_lock(const struct conf *conf, const struct app *app)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[PATH_MAX];
    int fd, err;

    if (deploy_path(conf, app, "", path, sizeof(path)) ||
        (mkdir(conf->deploys, 0750) && errno != EEXIST) ||
        (mkdir(path, 0750) && errno != EEXIST) ||
        deploy_path(conf, app, "lock", path, sizeof(path)) ||
        (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
        return -1;
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    err = errno == EACCES || errno == EAGAIN ? EWOULDBLOCK : errno;
    close(fd);
    errno = err;
    return -1;
}

static int sync_folder(const struct conf *conf, const struct app *app)
{
    char path[PATH_MAX];
    int fd, r;

    if (deploy_path(conf, app, "", path, sizeof(path)) ||
        (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    r = fsync(fd);
    close(fd);
    return r;
}

int deploy_save(const struct conf *conf, const struct app *app, const char *name,
                const json_t *what, bool durable)
{
    char path[PATH_MAX], new[PATH_MAX];
    int fd, r;

    if (deploy_path(conf, app, name, path, sizeof(path)) ||
        deploy_path(conf, app, "new", new, sizeof(new)) ||
        (fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
        return -1;
    r = json_dumpfd(what, fd, JSON_COMPACT);
    if (!r && durable)
        r = fsync(fd);
    if (close(fd) || r || rename(new, path))
        return -1;
    return durable ? sync_folder(conf, app) : 0;
}

struct old {
    char name[DEPLOY_ID_SIZE + 5];
    time_t at;
};

static int newest_first(const void *a, const void *b)
{
    const struct old *x = a, *y = b;

    return (x->at < y->at) - (x->at > y->at);
}

void deploy_prune(const struct conf *conf, const struct app *app)
{
    char path[PATH_MAX];
    struct old *all = NULL;
    struct dirent *entry;
    int n = 0;
    DIR *dir;

    if (deploy_path(conf, app, "", path, sizeof(path)) || !(dir = opendir(path)))
        return;
    while ((entry = readdir(dir))) {
        struct old *more;
        struct stat st;

        if (strlen(entry->d_name) != DEPLOY_ID_SIZE + 4 ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        if (!(more = realloc(all, (size_t)(n + 1) * sizeof(*all))))
            break;
        all = more;
        snprintf(all[n].name, sizeof(all[n].name), "%.40s", entry->d_name);
        all[n++].at = st.st_mtime;
    }
    if (n)
        qsort(all, (size_t)n, sizeof(*all), newest_first);
    for (int i = DEPLOY_REPORTS_KEPT; i < n; i++)
        unlinkat(dirfd(dir), all[i].name, 0);
    closedir(dir);
    free(all);
}
