/* safe_backup: the folder beside a file that has what the file was. */
#define _GNU_SOURCE
#include "safe_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAMP_LEN  23    /* 20261121T093000.123456Z */
#define BACKUP_MAX 10000 /* more are not looked at */

bool safe_stamp_ok(const char *stamp)
{
    static const char form[] = "00000000T000000.000000Z-";
    size_t n = strlen(stamp), digits;

    if (n <= STAMP_LEN + 1 || n >= SAFE_STAMP_SIZE)
        return false;
    for (size_t i = 0; i <= STAMP_LEN; i++)
        if (form[i] == '0' ? stamp[i] < '0' || stamp[i] > '9' : stamp[i] != form[i])
            return false;
    digits = strspn(stamp + STAMP_LEN + 1, "0123456789");
    return digits < 9 && STAMP_LEN + 1 + digits == n;
}

void safe_backup_name(const struct safe_place *place, const char *stamp,
                      char name[NAME_MAX + 1])
{
    snprintf(name, NAME_MAX + 1, "%.200s.%.40s", place->name, stamp);
}

/* Ours is ours alone: what somebody else has put there is not used. */
int safe_folder(const struct safe_place *place, bool make, struct safe_fail *fail)
{
    bool made = make && mkdirat(place->dir, SAFE_FOLDER, 0700) == 0;
    struct stat st;
    int fd;

    if (make && !made && errno != EEXIST)
        return safe_refuse(fail, errno == ENOSPC || errno == EDQUOT ? 507 : 403,
                           "cannot make " SAFE_FOLDER " beside the file: %s", strerror(errno));
    fd = safe_at(place->dir, SAFE_FOLDER, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 && errno == ENOENT && !make)
        return safe_refuse(fail, 404, "no such backup");
    if (fd < 0)
        return safe_refuse(fail, 403,
                           SAFE_FOLDER " beside the file is not a folder of ours: %s",
                           strerror(errno));
    if (fstat(fd, &st) || st.st_uid != geteuid() || ((st.st_mode & 077) && fchmod(fd, 0700))) {
        close(fd);
        return safe_refuse(
            fail, 403, SAFE_FOLDER " beside the file belongs to user %u, not to who writes",
            (unsigned)st.st_uid);
    }
    if (made && fsync(place->dir)) {
        close(fd);
        return safe_refuse(fail, 500, "cannot write the folder: %s", strerror(errno));
    }
    return fd;
}

static int newest_first(const void *a, const void *b)
{
    const struct safe_backup *x = a, *y = b;
    int c = strncmp(y->stamp, x->stamp, STAMP_LEN);

    return c ? c : atoi(y->stamp + STAMP_LEN + 1) - atoi(x->stamp + STAMP_LEN + 1);
}

static int list_folder(const struct safe_place *place, int folder, struct safe_backup **list)
{
    size_t own = strlen(place->name);
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0, room = 0;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    *list = NULL;
    while (dir && n < BACKUP_MAX && (entry = readdir(dir))) {
        const char *stamp = entry->d_name + own + 1;
        struct stat st;

        if (strncmp(entry->d_name, place->name, own) || entry->d_name[own] != '.' ||
            !safe_stamp_ok(stamp) ||
            fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        if (n == room) {
            room = room ? room * 2 : 32;
            if (!(*list = realloc(*list, (size_t)room * sizeof(**list))))
                abort();
        }
        snprintf((*list)[n].stamp, sizeof((*list)[n].stamp), "%s", stamp);
        (*list)[n++].size = st.st_size;
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    if (n)
        qsort(*list, (size_t)n, sizeof(**list), newest_first);
    return n;
}

int safe_backups(const struct safe_place *place, struct safe_backup **list,
                 struct safe_fail *fail)
{
    int folder = safe_folder(place, false, fail), n;

    *list = NULL;
    if (folder < 0)
        return fail->status == 404 ? 0 : -1;
    n = list_folder(place, folder, list);
    close(folder);
    return n;
}

int safe_backup_read(const struct safe_place *place, const char *stamp, size_t max,
                     struct safe_file *file, struct safe_fail *fail)
{
    char name[NAME_MAX + 1];
    int folder, fd, r = 0;

    memset(file, 0, sizeof(*file));
    if (!safe_stamp_ok(stamp))
        return safe_refuse(fail, 404, "no such backup");
    if ((folder = safe_folder(place, false, fail)) < 0)
        return -1;
    safe_backup_name(place, stamp, name);
    fd = safe_at(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
    close(folder);
    if (fd < 0)
        return safe_refuse(fail, 404, "no such backup");
    if (fstat(fd, &file->st) || !S_ISREG(file->st.st_mode) || file->st.st_size > (off_t)max)
        r = safe_refuse(fail, 404, "no such backup");
    else
        r = safe_load(fd, max, file, fail);
    file->exists = r == 0;
    close(fd);
    return r;
}

void safe_prune(const struct safe_place *place, int folder, int keep)
{
    struct safe_backup *list;
    int n = list_folder(place, folder, &list);

    for (int i = keep < 1 ? 1 : keep; i < n; i++) {
        char name[NAME_MAX + 1];

        safe_backup_name(place, list[i].stamp, name);
        unlinkat(folder, name, 0);
    }
    free(list);
}

/* The order of the stamps is that of the writes, even when the clock was put back. */
void safe_stamp(const struct safe_place *place, int folder, char stamp[SAFE_STAMP_SIZE])
{
    char now[STAMP_LEN + 1], seconds[16];
    struct safe_backup *list;
    int n = list_folder(place, folder, &list), count = 1;
    struct timespec ts;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    strftime(seconds, sizeof(seconds), "%Y%m%dT%H%M%S", &tm);
    snprintf(now, sizeof(now), "%s.%06uZ", seconds, (unsigned)(ts.tv_nsec / 1000) % 1000000U);
    if (n && strncmp(list[0].stamp, now, STAMP_LEN) >= 0) {
        memcpy(now, list[0].stamp, STAMP_LEN);
        count = atoi(list[0].stamp + STAMP_LEN + 1) + 1;
    }
    snprintf(stamp, SAFE_STAMP_SIZE, "%s-%d", now, count);
    free(list);
}
