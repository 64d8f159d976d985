#define _GNU_SOURCE
#include "safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SUFFIX_MAX 48 /* what a backup's name has more */

bool safe_old_kernel;

int safe_refuse(struct safe_fail *fail, int status, const char *format, ...)
{
    va_list ap;

    fail->status = status;
    va_start(ap, format);
    vsnprintf(fail->text, sizeof(fail->text), format, ap);
    va_end(ap);
    return -1;
}

/* ---- opening without following */

static int openat2_with(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    int more = flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NOCTTY; /* no more with O_PATH */
    struct open_how how = {.flags = (uint64_t)(flags | more),
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = resolve};
    long fd;

    if (safe_old_kernel) {
        errno = ENOSYS;
        return -1;
    }
    do
        fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    while (fd < 0 && errno == EINTR);
    return (int)fd;
}

/* Before 5.6, or in a container that does not know the call. */
static bool unknown_call(int fd)
{
    return fd < 0 && (errno == ENOSYS || errno == EPERM);
}

/* Which mount an open file is on; -1: not known. By device it cannot be told: overlayfs gives
 * folders and files different ones. */
static long mount_of(int fd)
{
    char path[64], text[512], *at;
    ssize_t n = -1;
    int info;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    if ((info = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
        n = read(info, text, sizeof(text) - 1);
        close(info);
    }
    if (n < 0)
        return -1;
    text[n] = '\0';
    return (at = strstr(text, "mnt_id:")) ? atol(at + 7) : -1;
}

int safe_at(int dir, const char *name, int flags, mode_t mode)
{
    int fd = openat2_with(dir, name, flags, mode,
                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                              RESOLVE_NO_XDEV);
    long mount;

    if (!unknown_call(fd))
        return fd;
    if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..")) {
        errno = EXDEV;
        return -1;
    }
    fd = openat(dir, name, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode);
    if (fd >= 0 && ((mount = mount_of(dir)) < 0 || mount_of(fd) != mount)) {
        close(fd);
        errno = EXDEV;
        return -1;
    }
    return fd;
}

/* Folder by folder, none of them a link. */
static int walk(int at, char *path)
{
    char *save = NULL;

    for (char *part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int err = errno;

        close(at);
        if (next < 0) {
            errno = err;
            return -1;
        }
        at = next;
    }
    return at;
}

static int open_folder(const char *folder)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), at, fd;
    char path[PATH_MAX];

    if (root < 0)
        return -1;
    at = openat2_with(root, *folder ? folder : ".", O_PATH | O_DIRECTORY, 0,
                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (unknown_call(at)) {
        snprintf(path, sizeof(path), "%s", folder);
        at = walk(root, path);
    }
    else {
        close(root);
    }
    if (at < 0)
        return -1;
    fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(at);
    return fd;
}

static bool clean_path(const char *path)
{
    if (*path != '/' || strlen(path) >= PATH_MAX)
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        size_t n = strcspn(++part, "/");

        if (n == 0 || n > NAME_MAX || (n == 1 && *part == '.') ||
            (n == 2 && !memcmp(part, "..", 2)))
            return false;
    }
    return true;
}

int safe_open(struct safe_place *place, const char *path, struct safe_fail *fail)
{
    const char *name = strrchr(path, '/');
    char folder[PATH_MAX];

    place->dir = -1;
    if (!clean_path(path))
        return safe_refuse(
            fail, 403, "the path in agent.conf must be absolute, without '.', '..' or '//'");
    if (strlen(++name) > NAME_MAX - SUFFIX_MAX)
        return safe_refuse(fail, 403, "the file's name is too long");
    snprintf(place->name, sizeof(place->name), "%s", name);
    snprintf(folder, sizeof(folder), "%.*s", name > path + 1 ? (int)(name - path - 2) : 0,
             path + 1);
    place->dir = open_folder(folder);
    if (place->dir >= 0 && fstat(place->dir, &place->folder) == 0)
        return 0;
    if (errno == ELOOP || errno == ENOTDIR)
        return safe_refuse(fail, 403,
                           "a link stands in the file's path, or what is no folder");
    if (errno == ENOENT)
        return safe_refuse(fail, 409, "the file's folder does not exist");
    if (errno == EACCES)
        return safe_refuse(fail, 403, "the agent may not read the file's folder");
    return safe_refuse(fail, 500, "cannot open the file's folder: %s", strerror(errno));
}

void safe_close(struct safe_place *place)
{
    if (place->dir >= 0)
        close(place->dir);
    place->dir = -1;
}

/* ---- what may be read */

static bool allowed(const struct safe_rule *rule, uid_t owner)
{
    for (int i = 0; i < rule->nowners; i++)
        if (rule->owner[i] == owner)
            return true;
    return false;
}

static int check(const struct stat *st, const struct safe_rule *rule, struct safe_fail *fail)
{
    if (S_ISLNK(st->st_mode))
        return safe_refuse(fail, 403, "the file is a link");
    if (!S_ISREG(st->st_mode))
        return safe_refuse(fail, 403, "not a plain file");
    if (!allowed(rule, st->st_uid))
        return safe_refuse(
            fail, 403,
            "the file belongs to user %u: env_owner in agent.conf says whose it "
            "may be",
            (unsigned)st->st_uid);
    if (st->st_nlink > 1)
        return safe_refuse(fail, 403, "the file has another name (a hard link)");
    if (st->st_size > (off_t)rule->max)
        return safe_refuse(fail, 413, "the file is larger than %zu bytes", rule->max);
    return 0;
}

/* Looked at before it is opened: to open a device can do something. */
int safe_look(const struct safe_place *place, const struct safe_rule *rule,
              struct safe_file *file, struct safe_fail *fail)
{
    memset(file, 0, sizeof(*file));
    if (place->folder.st_mode & S_IWOTH)
        return safe_refuse(fail, 403, "everybody may write the file's folder");
    if (place->folder.st_uid != 0 && !allowed(rule, place->folder.st_uid))
        return safe_refuse(
            fail, 403,
            "the file's folder belongs to user %u: env_owner in agent.conf says "
            "whose it may be",
            (unsigned)place->folder.st_uid);
    if (fstatat(place->dir, place->name, &file->st, AT_SYMLINK_NOFOLLOW)) {
        if (errno == ENOENT) { /* one that is made now is his whose the folder is */
            file->st.st_uid = place->folder.st_uid;
            file->st.st_gid = place->folder.st_gid;
            return 0;
        }
        return safe_refuse(fail, errno == EACCES ? 403 : 500, "cannot look at the file: %s",
                           strerror(errno));
    }
    file->exists = true;
    return check(&file->st, rule, fail);
}

int safe_load(int fd, size_t max, struct safe_file *file, struct safe_fail *fail)
{
    size_t size = (size_t)file->st.st_size;
    ssize_t got;

    if (!(file->bytes = malloc(size + 2)))
        return safe_refuse(fail, 500, "out of memory");
    while ((got = read(fd, file->bytes + file->n, size + 1 - file->n)) > 0) {
        file->n += (size_t)got;
        if (file->n > size) { /* it grew */
            if (file->n > max)
                return safe_refuse(fail, 413, "the file is larger than %zu bytes", max);
            return safe_refuse(fail, 409, "the file is being written");
        }
    }
    if (got < 0)
        return safe_refuse(fail, 500, "cannot read the file: %s", strerror(errno));
    file->bytes[file->n] = '\0';
    return 0;
}

int safe_read(const struct safe_place *place, const struct safe_rule *rule,
              struct safe_file *file, struct safe_fail *fail)
{
    struct stat st;
    int fd, r;

    if (safe_look(place, rule, file, fail))
        return -1;
    if (!file->exists)
        return (file->bytes = calloc(1, 1)) ? 0 : safe_refuse(fail, 500, "out of memory");
    fd = safe_at(place->dir, place->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
    if (fd < 0)
        return safe_refuse(
            fail, errno == ELOOP || errno == EXDEV || errno == EACCES ? 403 : 500, "%s",
            errno == ELOOP    ? "the file is a link"
            : errno == EXDEV  ? "the file is on another file system than its folder"
            : errno == EACCES ? "the agent may not read the file"
                              : strerror(errno));
    if (fstat(fd, &st) || st.st_ino != file->st.st_ino || st.st_dev != file->st.st_dev)
        r = safe_refuse(fail, 409, "the file was replaced while it was opened");
    else if (!(r = check(&st, rule, fail))) {
        file->st = st;
        r = safe_load(fd, rule->max, file, fail);
    }
    close(fd);
    return r;
}

bool safe_writable(const struct safe_place *place, const struct safe_file *file)
{
    if (faccessat(place->dir, ".", W_OK | X_OK, AT_EACCESS))
        return false;
    return geteuid() == 0 || !file->exists || file->st.st_uid == geteuid();
}
