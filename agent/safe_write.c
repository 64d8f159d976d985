/*
 * safe_write: one file becomes another, or stays what it is.
 *
 * The order: lock, what an earlier crash left is taken away, backup, new file beside it with
 * the old one's owner, mode and attributes, all of it on the disk, rename, folders on the
 * disk, backups pruned. A crash between any two steps leaves the old file or the new one.
 */
#define _GNU_SOURCE
#include "safe_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define LOCK_MS   5000
#define ATTR_LIST 4096
#define ATTR_SIZE 65536
#define LEFTOVER                                                                              \
    "new." /* what begins so in the folder is of a write under way, or of none                \
            */

static void no_step(const char *step)
{
    (void)step;
}

void (*safe_step)(const char *step) = no_step;

static int fail_disk(struct safe_fail *fail, const char *what)
{
    bool full = errno == ENOSPC || errno == EDQUOT;

    return safe_refuse(fail, full ? 507 : 500, "cannot write %s: %s", what,
                       full ? "no space left" : strerror(errno));
}

/* Of two writers the second waits, but not for ever. */
static int take_lock(int folder, struct safe_fail *fail)
{
    int fd = safe_at(folder, "lock", O_RDWR | O_CREAT, 0600);
    struct timespec pause = {.tv_nsec = 5000000};

    if (fd < 0)
        return fail_disk(fail, "the lock");
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += 5) {
        if (errno != EWOULDBLOCK || waited >= LOCK_MS) {
            close(fd);
            return safe_refuse(fail, 423, "the file is being written by another call");
        }
        nanosleep(&pause, NULL);
    }
    return fd;
}

static void clean(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (!strncmp(entry->d_name, LEFTOVER, sizeof(LEFTOVER) - 1))
            unlinkat(folder, entry->d_name, 0);
    if (dir)
        closedir(dir);
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        bytes += put;
        n -= (size_t)put;
    }
    return 0;
}

/* Attributes of the old file: access lists, labels of SELinux, what the owner put there. */
static int copy_attributes(int from, int to)
{
    char list[ATTR_LIST], *value = NULL;
    ssize_t n = from < 0 ? 0 : flistxattr(from, list, sizeof(list)), size;
    int r = 0;

    if (n <= 0)
        return n < 0 && errno != ENOTSUP ? -1 : 0;
    if (!(value = malloc(ATTR_SIZE)))
        return -1;
    for (const char *name = list; name < list + n && !r; name += strlen(name) + 1) {
        char there[256];
        ssize_t already = fgetxattr(to, name, there, sizeof(there));

        size = fgetxattr(from, name, value, ATTR_SIZE);
        if (size < 0 || (already == size && !memcmp(there, value, (size_t)size)))
            continue;
        r = fsetxattr(to, name, value, (size_t)size, 0);
    }
    free(value);
    return r;
}

/* A file in our folder that is whole and on the disk. like: whose attributes it gets. */
static int write_new(int folder, const char *name, const char *bytes, size_t n,
                     const struct stat *like, int attributes, struct safe_fail *fail)
{
    int fd = safe_at(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

    if (fd < 0)
        return fail_disk(fail, "a new file");
    safe_step("created");
    if (write_all(fd, bytes, n)) {
        fail_disk(fail, "the file");
        goto out;
    }
    safe_step("written");
    if (like && fchown(fd, like->st_uid, like->st_gid)) {
        safe_refuse(
            fail, 403,
            "the file belongs to user %u and group %u, and the agent cannot leave it so",
            (unsigned)like->st_uid, (unsigned)like->st_gid);
        goto out;
    }
    safe_step("owned");
    if (like && (copy_attributes(attributes, fd) || fchmod(fd, like->st_mode & 0777))) {
        safe_refuse(fail, 500, "cannot keep the file's mode and attributes: %s",
                    strerror(errno));
        goto out;
    }
    safe_step("moded");
    if (fsync(fd)) {
        fail_disk(fail, "the file");
        goto out;
    }
    safe_step("synced");
    return close(fd) ? fail_disk(fail, "the file") : 0;
out:
    close(fd);
    return -1;
}

static int write_backup(const struct safe_place *place, int folder,
                        const struct safe_file *old, char stamp[SAFE_STAMP_SIZE],
                        struct safe_fail *fail)
{
    char name[NAME_MAX + 1];

    *stamp = '\0';
    if (!old->exists)
        return 0;
    if (write_new(folder, LEFTOVER "backup", old->bytes, old->n, NULL, -1, fail))
        return -1;
    safe_stamp(place, folder, stamp);
    safe_backup_name(place, stamp, name);
    if (renameat(folder, LEFTOVER "backup", folder, name) || fsync(folder))
        return fail_disk(fail, "the backup");
    safe_step("backed up");
    return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Is it still what was read? */
static int check_still(const struct safe_place *place, const struct safe_file *old,
                       struct safe_fail *fail)
{
    struct stat now;
    bool there = fstatat(place->dir, place->name, &now, AT_SYMLINK_NOFOLLOW) == 0;

    if (there != old->exists || (there && !same_file(&now, &old->st)))
        return safe_refuse(fail, 412, "the file was changed by somebody else meanwhile");
    return 0;
}

/* Where there was none, none may have come. */
static int rename_new(const struct safe_place *place, int folder, bool replace)
{
    if (!replace) {
        if (renameat2(folder, LEFTOVER "file", place->dir, place->name, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EINVAL && errno != ENOSYS) /* not every file system can */
            return -1;
    }
    return renameat(folder, LEFTOVER "file", place->dir, place->name);
}

static int write_file(const struct safe_place *place, int folder, const struct safe_file *old,
                      const char *bytes, size_t n, struct safe_fail *fail)
{
    struct stat like = old->st;
    int attributes = -1, r;

    if (old->exists)
        attributes = safe_at(place->dir, place->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
    else
        like.st_mode = 0600;
    r = write_new(folder, LEFTOVER "file", bytes, n, &like, attributes, fail);
    if (attributes >= 0)
        close(attributes);
    if (r || check_still(place, old, fail))
        return -1;
    safe_step("checked");
    if (rename_new(place, folder, old->exists)) {
        if (errno == EEXIST)
            return safe_refuse(fail, 412, "the file was made by somebody else meanwhile");
        return fail_disk(fail, "the file");
    }
    safe_step("renamed");
    if (fsync(place->dir) || fsync(folder))
        return fail_disk(fail, "the folder");
    safe_step("folder synced");
    return 0;
}

int safe_replace(const struct safe_place *place, const struct safe_file *old,
                 const char *bytes, size_t n, int keep, char stamp[SAFE_STAMP_SIZE],
                 struct safe_fail *fail)
{
    int folder = safe_folder(place, true, fail), lock, r;

    *stamp = '\0';
    if (folder < 0)
        return -1;
    safe_step("folder");
    if ((lock = take_lock(folder, fail)) < 0) {
        close(folder);
        return -1;
    }
    safe_step("locked");
    clean(folder);
    r = check_still(place, old, fail);
    if (!r)
        r = write_backup(place, folder, old, stamp, fail);
    if (!r)
        r = write_file(place, folder, old, bytes, n, fail);
    clean(folder);
    if (!r)
        safe_prune(place, folder, keep);
    safe_step("pruned");
    close(lock);
    close(folder);
    return r;
}
