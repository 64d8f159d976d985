#define _GNU_SOURCE
#include "folder.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MARK       ".page"
#define ACCESS     ".access"
#define ACCESS_MAX 262144
#define TEMP       ".tmp."
#define LEFT_S     60 /* a file that was begun longer ago belongs to a process that is gone */
#define DEEP       3
#define PATH_SIZE  4096

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t size,
                                                      const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(error, size, fmt, ap);
    va_end(ap);
    return -1;
}

bool folder_name_ok(const char *slug)
{
    size_t n = strlen(slug);

    return n > 0 && n <= 63 && strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
           slug[0] != '-' && slug[n - 1] != '-' && strcmp(slug, FOLDER_ASSETS) != 0;
}

/* ---------------------------------------------------------------- making it ours */

static bool has(int fd, const char *name)
{
    struct stat st;

    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool is_left(const char *name, const struct stat *st)
{
    return !strncmp(name, TEMP, strlen(TEMP)) && st->st_mtime < time(NULL) - LEFT_S;
}

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Links go, and what was begun and never finished. Closes fd. */
static void tidy(int fd, int deep)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;

    if (!d) {
        close(fd);
        return;
    }
    while ((e = readdir(d))) {
        struct stat st;
        int sub;

        if (is_dots(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISLNK(st.st_mode) || is_left(e->d_name, &st))
            unlinkat(dirfd(d), e->d_name, 0);
        else if (S_ISDIR(st.st_mode) && deep > 0 &&
                 (sub = openat(dirfd(d), e->d_name,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) >= 0)
            tidy(sub, deep - 1);
    }
    closedir(d);
}

/* But for what a process that was killed here may have left. Closes fd. */
static bool is_empty(int fd)
{
    DIR *d = fdopendir(fd);
    const struct dirent *e;
    bool empty = d != NULL;

    if (!d)
        close(fd);
    while (d && (e = readdir(d)))
        if (!is_dots(e->d_name) && strncmp(e->d_name, TEMP, strlen(TEMP)) != 0)
            empty = false;
    if (d)
        closedir(d);
    return empty;
}

static bool same(const char *path, const char *text)
{
    size_t len;
    char *now = file_read(path, ACCESS_MAX, &len);
    bool is = now && len == strlen(text) && !memcmp(now, text, len);

    free(now);
    return is;
}

/* Who holds the file may know a password's hash: the group that reads it is httpd's. */
static int write_access(const char *folder, const char *access, char *error, size_t size)
{
    char path[PATH_SIZE + 16];
    struct file_new f;

    snprintf(path, sizeof(path), "%s/%s", folder, ACCESS);
    if (same(path, access))
        return 0;
    if (file_new_open(&f, path, error, size) < 0)
        return -1;
    if (fchmod(f.fd, 0640) < 0) {
        file_new_abort(&f);
        return fail(error, size, "cannot write '%s': %s", path, strerror(errno));
    }
    if (file_new_write(&f, access, strlen(access), error, size) < 0) {
        file_new_abort(&f);
        return -1;
    }
    return file_new_commit(&f, true, error, size);
}

static int take(const char *path, char *error, size_t size)
{
    char mark[PATH_SIZE + 16];
    int fd;

    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return fail(error, size, "cannot make the folder '%s': %s", path, strerror(errno));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(error, size, "'%s' is a link or no folder: %s", path, strerror(errno));
    if (has(fd, MARK)) {
        tidy(fd, 1);
        return 0;
    }
    if (!is_empty(fd))
        return fail(error, size,
                    "the folder '%s' is not ours: give the page another name, or take the "
                    "folder away",
                    path);
    snprintf(mark, sizeof(mark), "%s/%s", path, MARK);
    return file_refresh(mark, "tocsin\n", 7, error, size) < 0 ? -1 : 0;
}

int folder_take(const char *root, const char *slug, const char *access, char *path,
                size_t path_size, char *error, size_t size)
{
    if (!folder_name_ok(slug))
        return fail(error, size, "the name '%.63s' is none for a folder", slug);
    if (snprintf(path, path_size, "%s/%s", root, slug) >= (int)path_size)
        return fail(error, size, "the path of '%s' is too long", slug);
    if (take(path, error, size) < 0)
        return -1;
    return access ? write_access(path, access, error, size) : 0;
}

void folder_open_to_all(const char *path, const char *access)
{
    char file[PATH_SIZE + 16];

    if (access)
        return;
    snprintf(file, sizeof(file), "%s/%s", path, ACCESS);
    unlink(file);
}

/* ---------------------------------------------------------------- taking it away */

/* What guards the folder and what makes it ours go last, so that a removal that is cut off
 * leaves nothing open and goes on the next time. */
static bool is_last(const char *name)
{
    return !strcmp(name, MARK) || !strcmp(name, ACCESS);
}

static int empty_out(int fd, int deep)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int rv = 0;

    if (!d) {
        close(fd);
        return -1;
    }
    while ((e = readdir(d))) {
        int sub;

        if (is_dots(e->d_name) || is_last(e->d_name))
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0 || errno == ENOENT)
            continue;
        sub = deep > 0 ? openat(dirfd(d), e->d_name,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                       : -1;
        if (sub < 0 || empty_out(sub, deep - 1) < 0 ||
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0)
            rv = -1;
    }
    closedir(d);
    return rv;
}

int folder_remove(const char *root, const char *slug, char *error, size_t size)
{
    char path[PATH_SIZE];
    int fd, rv;

    if (!folder_name_ok(slug) ||
        snprintf(path, sizeof(path), "%s/%s", root, slug) >= (int)sizeof(path))
        return 0;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (!has(fd, MARK)) {
        close(fd);
        return 0;
    }
    rv = empty_out(dup(fd), DEEP);
    if (rv == 0) {
        unlinkat(fd, ACCESS, 0);
        unlinkat(fd, MARK, 0);
        rv = rmdir(path);
    }
    close(fd);
    return rv < 0 ? fail(error, size, "cannot remove '%s': %s", path, strerror(errno)) : 1;
}

void folder_each(const char *root, void (*each)(const char *slug, void *arg), void *arg)
{
    DIR *d = opendir(root);
    struct dirent *e;

    if (!d)
        return;
    while ((e = readdir(d))) {
        int fd;

        if (!folder_name_ok(e->d_name))
            continue;
        fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (has(fd, MARK))
            each(e->d_name, arg);
        close(fd);
    }
    closedir(d);
}
