/* store: opening, the lock, and what is added to the archives. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "day.h"
#include "file.h"
#include "line.h"
#include "store_in.h"

#define LOCK_TURN_MS 3 /* between two tries for the lock */

int store_fail(struct store *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(s->error, sizeof(s->error), format, args);
    va_end(args);
    return -1;
}

const char *store_error(const struct store *s)
{
    return s->error;
}

const struct store_trouble *store_trouble(const struct store *s)
{
    return &s->trouble;
}

void store_tell(struct store *s, void (*tell)(void *arg, const char *sentence), void *arg)
{
    s->tell = tell;
    s->tell_arg = arg;
}

void store_day_path(const struct store *s, int day, bool gz, char *path)
{
    int y, m, d;

    day_to_date(day, &y, &m, &d);
    snprintf(path, STORE_PATH, "%s/archives/%04d/%02d/history-%04d-%02d-%02d.jsonl%s", s->dir,
             y, m, y, m, d, gz ? ".gz" : "");
}

/* ---------------------------------------------------------------- open and close */

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static int lock(struct store *s, int wait_ms)
{
    char path[STORE_PATH];
    int64_t until = now_ms() + wait_ms;

    snprintf(path, sizeof(path), "%s/.lock", s->dir);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (s->lock < 0)
        return store_fail(s, "cannot open '%s': %s", path, strerror(errno));
    while (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
        const struct timespec turn = {.tv_nsec = LOCK_TURN_MS * 1000000};

        if (errno != EWOULDBLOCK && errno != EINTR)
            return store_fail(s, "cannot lock '%s': %s", path, strerror(errno));
        if (now_ms() >= until)
            return store_fail(s, "'%s' is held by another writer for more than %d ms", path,
                              wait_ms);
        nanosleep(&turn, NULL);
    }
    return 0;
}

struct store *store_open(const char *dir, bool write, int wait_ms, char *error, size_t size)
{
    struct store *s = calloc(1, sizeof(*s));
    size_t len = strlen(dir);
    struct stat st;
    int rv = 0;

    if (!s)
        abort();
    s->lock = -1;
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len >= sizeof(s->dir))
        rv = store_fail(s, "'%.200s…' is too long a path", dir);
    else
        snprintf(s->dir, sizeof(s->dir), "%.*s", (int)len, dir);
    if (rv == 0 && write)
        rv = file_mkdirs(s->dir, s->error, sizeof(s->error)) < 0 || lock(s, wait_ms) < 0 ? -1
                                                                                         : 0;
    else if (rv == 0 && (stat(s->dir, &st) < 0 || !S_ISDIR(st.st_mode)))
        rv = store_fail(s, "cannot open folder '%s': %s", s->dir,
                        strerror(errno ? errno : ENOTDIR));
    if (rv == 0)
        return s;
    snprintf(error, size, "%s", s->error);
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    if (s->lock >= 0)
        close(s->lock); /* which gives the lock back */
    names_free(&s->names);
    buf_free(&s->scratch);
    free(s->told);
    free(s);
}

/* ---------------------------------------------------------------- adding */

/* A file that a crash or a full disk has left in the middle of a line gets a line end
 * first, so that no line of ours is lost to it. */
static bool ends_in_a_line(int fd, off_t size)
{
    char last;

    return size == 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

static int append_bytes(struct store *s, const char *path, buf *lines)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    size_t skip = 1; /* lines begin with a line end that is needed rarely */
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return store_fail(s, "cannot open '%s': %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return store_fail(s, "'%s' is no plain file", path);
    }
    if (!ends_in_a_line(fd, st.st_size))
        skip = 0;
    do
        n = write(fd, lines->data + skip, lines->len - skip);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)(lines->len - skip) || fsync(fd) < 0 ||
        (st.st_size == 0 && file_sync_folder(path) < 0)) {
        store_fail(s, "cannot write '%s': %s", path,
                   strerror(n >= 0 && !errno ? ENOSPC : errno));
        if (ftruncate(fd, st.st_size) < 0)
            n = -1; /* what is left is a line that readers skip */
        close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

static int append_day(struct store *s, int day, buf *lines)
{
    char path[STORE_PATH], folder[STORE_PATH];

    store_day_path(s, day, false, path);
    snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = 0;
    if (file_mkdirs(folder, s->error, sizeof(s->error)) < 0)
        return -1;
    errno = 0;
    return append_bytes(s, path, lines);
}

static int check_readings(struct store *s, const struct reading *r, size_t n)
{
    if (s->lock < 0)
        return store_fail(s, "'%s' is open for reading only", s->dir);
    for (size_t i = 0; i < n; i++) {
        if (r[i].t < 0 || r[i].t > LINE_T_MAX)
            return store_fail(s, "a reading's time lies outside 1970 to 9999");
        if (!*r[i].svc || strlen(r[i].svc) > LINE_NAME_MAX)
            return store_fail(s, "a reading's name has no text, or more than %d bytes",
                              LINE_NAME_MAX);
    }
    return 0;
}

int store_append(struct store *s, const struct reading *r, size_t n)
{
    bool *done = calloc(n ? n : 1, sizeof(*done));
    buf lines = {0};
    int rv = check_readings(s, r, n);

    if (!done)
        abort();
    for (size_t i = 0; i < n && rv == 0; i++) {
        int day = day_of_ms(r[i].t);

        if (done[i])
            continue;
        buf_clear(&lines);
        buf_puts(&lines, "\n");
        for (size_t k = i; k < n; k++)
            if (!done[k] && day_of_ms(r[k].t) == day) {
                line_add(&lines, &r[k], false);
                buf_puts(&lines, "\n");
                done[k] = true;
            }
        rv = append_day(s, day, &lines);
    }
    buf_free(&lines);
    free(done);
    return rv;
}
