#define _GNU_SOURCE
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static int fail(char *why, size_t size, const char *fmt,
                                                      ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, size, fmt, ap);
    va_end(ap);
    return -1;
}

static int check(const struct stat *st, const char *path, bool own, char *why, size_t size)
{
    /* in a sticky folder (/tmp) nobody can rename what is another's */
    bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);

    if (st->st_uid != 0 && !(own && st->st_uid == geteuid()))
        return fail(why, size, "'%.150s' does not belong to root", path);
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !sticky)
        return fail(why, size, "'%.150s' can be written by others", path);
    return 0;
}

/* The folders above, from the nearest to the root. */
static int check_above(char *path, bool own, char *why, size_t size)
{
    struct stat st;
    char *slash;

    while ((slash = strrchr(path, '/'))) {
        slash[slash == path] = '\0';
        if (stat(path, &st))
            return fail(why, size, "cannot look at '%.150s': %s", path, strerror(errno));
        if (check(&st, path, own, why, size))
            return -1;
        if (slash == path)
            break;
    }
    return 0;
}

int trust_open(const char *path, bool own, char *why, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *real;
    struct stat st;

    if (fd < 0)
        return fail(why, size, "cannot open: %s", strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return fail(why, size, "is not a file");
    }
    if (check(&st, path, own, why, size) || !(real = realpath(path, NULL))) {
        close(fd);
        return -1;
    }
    if (check_above(real, own, why, size)) {
        free(real);
        close(fd);
        return -1;
    }
    free(real);
    return fd;
}
