#define _GNU_SOURCE
#include "account.h"
#include "enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 1100
#define USER       "tocsin-agent"

/* the key last: with the certificate of before it could not serve */
static const char *const files[] = {"ca.pem", "cert.pem", "host", "key.pem"};

static int fail(const char *what, const char *path)
{
    fprintf(stderr, "tocsin-agent: cannot %s '%s': %s\n", what, path, strerror(errno));
    return -1;
}

static int path_of(const struct conf *conf, char out[PATH_BYTES], const char *name)
{
    return snprintf(out, PATH_BYTES, "%s/%s", conf->state_dir, name) < PATH_BYTES ? 0 : -1;
}

static int sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

    if (fd < 0)
        return -1;
    r = fsync(fd);
    close(fd);
    return r;
}

static int make_state_dir(const struct conf *conf)
{
    struct account a;

    if (mkdir(conf->state_dir, 0700))
        return errno == EEXIST ? 0 : fail("make", conf->state_dir);
    if (geteuid() == 0 && account_find(USER, &a) == 0 && chown(conf->state_dir, a.uid, a.gid))
        return fail("give away", conf->state_dir);
    return 0;
}

int enrol_become(const struct conf *conf)
{
    struct stat st;

    if (make_state_dir(conf))
        return -1;
    if (lstat(conf->state_dir, &st) || !S_ISDIR(st.st_mode)) {
        errno = errno ? errno : ENOTDIR;
        return fail("use", conf->state_dir);
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        fprintf(stderr, "tocsin-agent: '%s' can be written by others\n", conf->state_dir);
        return -1;
    }
    if (geteuid() != 0 || st.st_uid == 0)
        return 0;
    if (setgroups(0, NULL) || setresgid(st.st_gid, st.st_gid, st.st_gid) ||
        setresuid(st.st_uid, st.st_uid, st.st_uid))
        return fail("become the owner of", conf->state_dir);
    return 0;
}

static void remove_dir(const char *dir)
{
    static const char *const all[] = {"ca.pem",  "cert.pem", "host", "key.pem",
                                      "promise", "new",      NULL};
    char path[PATH_BYTES + 16];

    for (const char *const *name = all; *name; name++) {
        snprintf(path, sizeof(path), "%s/%s", dir, *name);
        unlink(path);
    }
    rmdir(dir);
}

int enrol_make_dir(const struct conf *conf)
{
    char path[PATH_BYTES];

    if (path_of(conf, path, "enrol"))
        return -1;
    remove_dir(path);
    return mkdir(path, 0700) ? fail("make", path) : 0;
}

int enrol_write(const struct conf *conf, const char *name, const char *text, size_t n)
{
    char fresh[PATH_BYTES], path[PATH_BYTES], part[64];
    int fd;

    snprintf(part, sizeof(part), "enrol/%s", name);
    if (path_of(conf, path, part) || path_of(conf, fresh, "enrol/new"))
        return -1;
    unlink(fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail("write", fresh);
    if (write(fd, text, n) != (ssize_t)n || fsync(fd)) {
        close(fd);
        unlink(fresh);
        return fail("write", fresh);
    }
    close(fd);
    return rename(fresh, path) ? fail("write", path) : 0;
}

int enrol_finish(const struct conf *conf)
{
    char ready[PATH_BYTES], from[PATH_BYTES], to[PATH_BYTES], part[64];

    if (path_of(conf, ready, "enrol.ready"))
        return -1;
    if (access(ready, F_OK))
        return 0;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(part, sizeof(part), "enrol.ready/%s", files[i]);
        if (path_of(conf, from, part) || path_of(conf, to, files[i]))
            return -1;
        if (rename(from, to) && errno != ENOENT)
            return fail("move", from);
    }
    remove_dir(ready);
    return sync_dir(conf->state_dir) ? fail("keep", conf->state_dir) : 0;
}

int enrol_commit(const struct conf *conf)
{
    char from[PATH_BYTES], to[PATH_BYTES], promise[PATH_BYTES];

    if (path_of(conf, from, "enrol") || path_of(conf, to, "enrol.ready") ||
        path_of(conf, promise, "enrol/promise"))
        return -1;
    unlink(promise);
    if (sync_dir(from) || rename(from, to) || sync_dir(conf->state_dir))
        return fail("keep", from);
    return enrol_finish(conf);
}

bool enrol_done(const struct conf *conf)
{
    char path[PATH_BYTES];

    return path_of(conf, path, "cert.pem") == 0 && access(path, F_OK) == 0;
}

EVP_PKEY *enrol_read_key(const struct conf *conf, const char *name)
{
    char path[PATH_BYTES];
    EVP_PKEY *key;
    FILE *f;

    if (path_of(conf, path, name))
        return NULL;
    if (!(f = fopen(path, "re"))) {
        fail("read", path);
        return NULL;
    }
    key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    if (!key)
        fprintf(stderr, "tocsin-agent: '%s' is no key\n", path);
    return key;
}
