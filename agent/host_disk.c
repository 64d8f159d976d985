/* Disks: what is mounted from a device of this machine. A network's or a program's file
 * system is never asked: a server that is gone would hold us, and every poll. */
#include "host.h"
#include "proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define MOUNTS_MAX (1 << 20)
#define SECTOR     512

static const char *const kinds[] = {
    "ext2",  "ext3",  "ext4", "xfs",      "btrfs",  "zfs",      "f2fs",    "vfat",
    "exfat", "ntfs3", "jfs",  "reiserfs", "nilfs2", "bcachefs", "overlay",
};

struct mount {
    char device[32]; /* "8:1" */
    char source[256];
    char path[512];
    char kind[16];
};

static bool is_local(const char *kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!strcmp(kinds[i], kind))
            return true;
    return false;
}

/* \040 stands for a blank in mountinfo. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++)
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
            s[3] >= '0' && s[3] <= '7') {
            *to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        }
        else {
            *to++ = *s;
        }
    *to = '\0';
}

/* "36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/root rw" */
static bool parse(const char *line, struct mount *m)
{
    char text[2048];
    const char *behind;
    size_t n = strcspn(line, "\n");

    if (n >= sizeof(text))
        return false;
    memcpy(text, line, n);
    text[n] = '\0';
    if (sscanf(text, "%*d %*d %31s %*s %511s", m->device, m->path) != 2 ||
        !(behind = strstr(text, " - ")) ||
        sscanf(behind, " - %15s %255s", m->kind, m->source) != 2)
        return false;
    unescape(m->path);
    /* what a container's engine mounts is on the disk below it; a root may be an overlay */
    return is_local(m->kind) && (strcmp(m->kind, "overlay") || !strcmp(m->path, "/"));
}

/* Containers have single files of their host's mounted over theirs. */
static bool is_folder(const struct conf *conf, const char *path)
{
    char full[1024];
    struct stat st;

    return proc_path(conf, full, sizeof(full), "%s", path) == 0 && stat(full, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

/* The same file system again, by a bind mount: the one with the shortest path stays. */
static int find(const struct mount *list, int n, const struct mount *m)
{
    bool anonymous = !strncmp(m->device, "0:", 2) && !strncmp(m->source, "/dev/", 5);

    for (int i = 0; i < n; i++)
        if (!strcmp(list[i].device, m->device) ||
            (anonymous && !strcmp(list[i].source, m->source)))
            return i;
    return -1;
}

static int read_mounts(const struct conf *conf, struct mount *list)
{
    char *text = proc_all(conf, "/proc/self/mountinfo", MOUNTS_MAX);
    struct mount m;
    int n = 0;

    for (const char *line = text; line && n < HOST_DISKS_MAX; line = text_next(line)) {
        int i;

        if (!parse(line, &m) || !is_folder(conf, m.path))
            continue;
        if ((i = find(list, n, &m)) < 0)
            list[n++] = m;
        else if (strlen(m.path) < strlen(list[i].path))
            list[i] = m;
    }
    free(text);
    return n;
}

/* Sectors read and written, of /proc/diskstats, by "8:1" or by the device's name. */
static bool sectors(const char *stats, const struct mount *m, uint64_t *in, uint64_t *out)
{
    const char *base = strrchr(m->source, '/');

    for (const char *line = stats; line; line = text_next(line)) {
        unsigned major, minor;
        char name[64], device[32];
        unsigned long long r, w;

        if (sscanf(line, " %u %u %63s %*u %*u %llu %*u %*u %*u %llu", &major, &minor, name, &r,
                   &w) != 5)
            continue;
        snprintf(device, sizeof(device), "%u:%u", major, minor);
        if (strcmp(device, m->device) && (!base || strcmp(name, base + 1)))
            continue;
        *in = r * SECTOR;
        *out = w * SECTOR;
        return true;
    }
    return false;
}

static json_t *describe(const struct conf *conf, const struct mount *m)
{
    char path[1024];
    struct statvfs st;
    int64_t unit, used_inodes;

    if (proc_path(conf, path, sizeof(path), "%s", m->path) || statvfs(path, &st) ||
        st.f_blocks == 0)
        return NULL;
    unit = (int64_t)st.f_frsize;
    used_inodes = (int64_t)(st.f_files - st.f_ffree);
    return json_pack(
        "{s:s,s:I,s:I,s:I,s:o}", "mount", m->path, "total", (json_int_t)st.f_blocks * unit,
        "used", (json_int_t)(st.f_blocks - st.f_bfree) * unit, "free",
        (json_int_t)st.f_bavail * unit, "inodes_used_pct",
        real_or_null(st.f_files ? 100.0 * (double)used_inodes / (double)st.f_files : -1, 2));
}

json_t *host_disks(const struct conf *conf, struct host_rates *r, double seconds)
{
    static struct mount list[HOST_DISKS_MAX];
    struct host_rates fresh = {.n = 0};
    char *stats = proc_all(conf, "/proc/diskstats", MOUNTS_MAX);
    json_t *all = json_array(), *one;
    int n = read_mounts(conf, list);

    for (int i = 0; i < n; i++) {
        struct host_rate *before = host_rate(r, list[i].device), *now = &fresh.of[fresh.n];
        bool known;

        if (!(one = describe(conf, &list[i])))
            continue;
        memcpy(now->name, list[i].device, sizeof(now->name));
        now->used = sectors(stats, &list[i], &now->in, &now->out);
        known = now->used && before && before->used;
        json_object_set_new(one, "read_bps",
                            host_per_second(known, known ? before->in : 0, now->in, seconds));
        json_object_set_new(
            one, "write_bps",
            host_per_second(known, known ? before->out : 0, now->out, seconds));
        json_array_append_new(all, one);
        fresh.n++;
    }
    free(stats);
    *r = fresh;
    return all;
}
