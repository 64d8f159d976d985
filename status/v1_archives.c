/*
 * v1_archives: DIR/status/v1/archives, which is DIR/archives again. Links to the same files
 * cost nothing and grow with them; where links cannot be made, copies. What only the 1.x
 * tree has (another program wrote it) is taken over into DIR/archives first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "day.h"
#include "file.h"
#include "v1_in.h"

#define ARCHIVE_MAX (UINT32_MAX >> 1)

static int copy(struct v1_work *w, const char *from, const char *to)
{
    size_t len;
    char *data = file_read(from, ARCHIVE_MAX, &len);
    int rv;

    if (!data)
        return store_fail(w->s, "cannot read '%s': %s", from, strerror(errno));
    rv = file_refresh(to, data, len, w->s->error, sizeof(w->s->error));
    free(data);
    return rv < 0 ? -1 : 0;
}

/* Is all that `to` has in `from` already? A plain file may have grown since. */
static bool is_begin_of(const char *to, const char *from, bool gz)
{
    size_t n = 0, m = 0;
    char *a = file_read(to, ARCHIVE_MAX, &n), *b = file_read(from, ARCHIVE_MAX, &m);
    bool so = a && b && (n == m || (n < m && !gz)) && !memcmp(a, b, n);

    free(a);
    free(b);
    return so;
}

/* Adds the readings of `to` that the day does not have to the day. */
static enum whole take_over(struct v1_work *w, int day, const char *to, bool gz)
{
    struct rows rows = {0};
    enum whole whole = store_read_file(w->s, to, gz, 0, &rows);

    if (store_merge(w->s, day, rows.row, rows.n) < 0)
        whole = BROKEN;
    rows_free(&rows);
    return whole;
}

static int link_again(struct v1_work *w, const char *from, const char *to)
{
    char folder[STORE_PATH];

    snprintf(folder, sizeof(folder), "%s", to);
    *strrchr(folder, '/') = 0;
    if (file_mkdirs(folder, w->s->error, sizeof(w->s->error)) < 0)
        return -1;
    if (unlink(to) < 0 && errno != ENOENT)
        return store_fail(w->s, "cannot replace '%s': %s", to, strerror(errno));
    return link(from, to) == 0 ? 0 : copy(w, from, to);
}

static void name_both(const struct v1_work *w, int day, bool gz, char *from, char *to)
{
    store_day_path(w->s, day, gz, from);
    snprintf(to, STORE_PATH, "%s/%s", w->dir, from + strlen(w->s->dir) + 1);
}

/* 1: `to` holds what `from` holds, or nothing of its own; 0: it is broken and stays. */
static int adopt(struct v1_work *w, int day, bool gz)
{
    char from[STORE_PATH], to[STORE_PATH];
    struct stat there, here;

    name_both(w, day, gz, from, to);
    if (lstat(to, &there) < 0)
        return 1;
    if (stat(from, &here) == 0 &&
        ((here.st_ino == there.st_ino && here.st_dev == there.st_dev) ||
         is_begin_of(to, from, gz)))
        return 1;
    return take_over(w, day, to, gz) != BROKEN;
}

static int follow(struct v1_work *w, int day, bool gz)
{
    char from[STORE_PATH], to[STORE_PATH];
    struct stat there, here;

    name_both(w, day, gz, from, to);
    if (stat(from, &here) < 0) {
        if (unlink(to) < 0 && errno != ENOENT && errno != ENOTDIR)
            return store_fail(w->s, "cannot remove '%s': %s", to, strerror(errno));
        return 0;
    }
    if (lstat(to, &there) == 0 && here.st_size == there.st_size &&
        ((here.st_ino == there.st_ino && here.st_dev == there.st_dev) ||
         is_begin_of(to, from, gz)))
        return 0;
    return link_again(w, from, to);
}

int v1_link_archives(struct v1_work *w)
{
    char folder[STORE_PATH];
    int first, last, first1, last1;

    snprintf(folder, sizeof(folder), "%s/archives", w->dir);
    store_days(w->s, &first, &last);
    if (store_days_in(folder, &first1, &last1)) {
        first = first1 < first ? first1 : first;
        last = last1 > last ? last1 : last;
    }
    for (int day = first; day <= last; day++) {
        bool gz = adopt(w, day, true), plain = adopt(w, day, false);

        if ((gz && follow(w, day, true) < 0) || (plain && follow(w, day, false) < 0))
            return -1;
    }
    return 0;
}
