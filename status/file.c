/* file: temporary file in the same folder, rename, and fsync of both. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"

#define SLUG_KEPT 80 /* of a slug that is too long; a hash of the whole name follows */

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t size,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, size, format, args);
    va_end(args);
    return -1;
}

/* Where the name begins in a path: its folder is what stands before. */
static size_t folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

int file_new_open(struct file_new *f, const char *path, char *error, size_t size)
{
    static unsigned count;
    size_t folder = folder_of(path);

    f->fd = -1;
    if (snprintf(f->path, sizeof(f->path), "%s", path) >= (int)sizeof(f->path) ||
        snprintf(f->temp, sizeof(f->temp), "%.*s.tmp.%ld.%u", (int)folder, path,
                 (long)getpid(),
                 __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED)) >= (int)sizeof(f->temp))
        return fail(error, size, "cannot write '%.200s…': the path is too long", path);
    unlink(f->temp); /* left by a process of the same number that was killed */
    f->fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (f->fd < 0)
        return fail(error, size, "cannot write '%s': %s", path, strerror(errno));
    return 0;
}

int file_new_write(struct file_new *f, const void *data, size_t len, char *error, size_t size)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = write(f->fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(error, size, "cannot write '%s': %s", f->path,
                        strerror(n ? errno : ENOSPC));
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int file_sync_folder(const char *path)
{
    char folder[4096];
    size_t n = folder_of(path);
    int fd, rv;

    snprintf(folder, sizeof(folder), "%.*s", n ? (int)n : 1, n ? path : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rv = fsync(fd);
    if (rv < 0 && errno == EINVAL) /* a file system that cannot */
        rv = 0;
    close(fd);
    return rv;
}

int file_new_commit(struct file_new *f, bool durable, char *error, size_t size)
{
    int rv = durable ? fsync(f->fd) : 0;

    if (close(f->fd) < 0)
        rv = -1;
    f->fd = -1;
    if (rv == 0)
        rv = rename(f->temp, f->path);
    if (rv < 0) {
        fail(error, size, "cannot write '%s': %s", f->path, strerror(errno));
        unlink(f->temp);
        return -1;
    }
    if (durable && file_sync_folder(f->path) < 0)
        return fail(error, size, "cannot write '%s': %s", f->path, strerror(errno));
    return 0;
}

void file_new_abort(struct file_new *f)
{
    if (f->fd < 0)
        return;
    close(f->fd);
    unlink(f->temp);
    f->fd = -1;
}

static int replace(const char *path, const void *data, size_t len, bool durable, char *error,
                   size_t size)
{
    struct file_new f;

    if (file_new_open(&f, path, error, size) < 0)
        return -1;
    if (file_new_write(&f, data, len, error, size) < 0) {
        file_new_abort(&f);
        return -1;
    }
    return file_new_commit(&f, durable, error, size);
}

static bool same(const char *path, const void *data, size_t len)
{
    char piece[16384];
    struct stat st;
    size_t done = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == len)
        while (done < len) {
            ssize_t n = read(fd, piece, sizeof(piece));

            if (n <= 0 || (size_t)n > len - done ||
                memcmp(piece, (const char *)data + done, (size_t)n))
                break;
            done += (size_t)n;
        }
    else
        done = len + 1;
    close(fd);
    return done == len;
}

int file_replace(const char *path, const void *data, size_t len, char *error, size_t size)
{
    return replace(path, data, len, true, error, size);
}

int file_replace_if_changed(const char *path, const void *data, size_t len, char *error,
                            size_t size)
{
    if (same(path, data, len))
        return 0;
    return replace(path, data, len, true, error, size) < 0 ? -1 : 1;
}

int file_refresh(const char *path, const void *data, size_t len, char *error, size_t size)
{
    if (same(path, data, len))
        return 0;
    return replace(path, data, len, false, error, size) < 0 ? -1 : 1;
}

static char *read_all(int fd, size_t max, size_t *len)
{
    size_t room = 65536, n = 0;
    struct stat st;
    char *data = NULL, *more;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uintmax_t)st.st_size <= max)
        room = (size_t)st.st_size + 1;
    for (;;) {
        ssize_t got;

        if (!data || n == room) {
            room = data ? room * 2 : room;
            if (!(more = realloc(data, room + 1)))
                break;
            data = more;
        }
        got = read(fd, data + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        if ((size_t)got > max - n) {
            errno = EFBIG;
            break;
        }
        n += (size_t)got;
        if (got == 0) {
            data[n] = 0;
            *len = n;
            return data;
        }
    }
    free(data);
    return NULL;
}

char *file_read(const char *path, size_t max, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), why;
    char *data;

    if (fd < 0)
        return NULL;
    data = read_all(fd, max, len);
    why = errno;
    close(fd);
    errno = why;
    return data;
}

int file_mkdirs(const char *dir, char *error, size_t size)
{
    char path[4096];
    struct stat st;
    char *p;

    if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
        return fail(error, size, "cannot make folder '%.200s…': the path is too long", dir);
    for (p = path + 1; *path; p++) {
        char was = *p;

        if (was && was != '/')
            continue;
        *p = 0;
        if (mkdir(path, 0777) < 0 &&
            (errno != EEXIST || stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
            return fail(error, size, "cannot make folder '%s': %s", path,
                        strerror(errno == EEXIST ? ENOTDIR : errno));
        *p = was;
        if (!was)
            break;
    }
    return 0;
}

/* ---------------------------------------------------------------- names */

static size_t plain_part(const char *name, char *out, size_t size)
{
    size_t n = 0;

    for (; *name && n < size; name++) {
        char c = *name;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (c == ' ' || c == '-') {
            if (n > 0 && out[n - 1] != '-')
                out[n++] = '-';
        }
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[n++] = c;
    }
    while (n > 0 && out[n - 1] == '-')
        n--;
    return n;
}

static size_t hex_part(const char *name, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "entity-");

    for (; *name && n + 2 < size; name++)
        n += (size_t)snprintf(out + n, size - n, "%02x", (unsigned char)*name);
    return n;
}

void file_slug(const char *name, char *out, size_t size)
{
    char slug[256];
    size_t n = plain_part(name, slug, sizeof(slug));

    if (n == 0)
        n = hex_part(name, slug, sizeof(slug));
    if (n < FILE_SLUG_SIZE)
        snprintf(out, size, "%.*s", (int)n, slug);
    else
        snprintf(out, size, "%.*s-%016" PRIx64, SLUG_KEPT, slug,
                 hash64(name, strlen(name), 0));
}
