#include "cgroup.h"
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FS          "/sys/fs/cgroup"
#define PATH_BYTES  1024
#define PIDS_MAX    4096 /* of one app; more are not looked at one by one */
#define DEPTH_MAX   8
#define NO_LIMIT    (INT64_C(1) << 60) /* version 1 says "none" by a number like this */
#define MEMORY_STAT 8192

struct pids {
    int64_t pid[PIDS_MAX];
    int n;
};

static const char *const cpuacct_mounts[] = {"/cpuacct", "/cpu,cpuacct", "/cpuacct,cpu"};

void cgroup_of_unit(struct cgroup_paths *p, const char *path)
{
    char *const all[] = {p->unified, p->cpuacct, p->memory, p->pids, p->named};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        snprintf(all[i], CGROUP_PATH_MAX, "%s", path);
}

/* "4:cpu,cpuacct:/docker/1234" names the controllers of one hierarchy. */
static bool has_word(const char *words, size_t n, const char *word)
{
    size_t len = strlen(word);

    for (size_t at = 0; at < n;) {
        size_t part = strcspn(words + at, ",:");

        if (part == len && !strncmp(words + at, word, len))
            return true;
        at += part + 1;
    }
    return false;
}

int cgroup_of_pid(const struct conf *conf, struct cgroup_paths *p, int64_t pid)
{
    static const struct {
        const char *word;
        size_t offset;
    } places[] = {{"cpuacct", offsetof(struct cgroup_paths, cpuacct)},
                  {"memory", offsetof(struct cgroup_paths, memory)},
                  {"pids", offsetof(struct cgroup_paths, pids)},
                  {"name=systemd", offsetof(struct cgroup_paths, named)}};
    char path[64], text[4096];

    memset(p, 0, sizeof(*p));
    snprintf(path, sizeof(path), "/proc/%lld/cgroup", (long long)pid);
    if (proc_text(conf, path, text, sizeof(text)) <= 0)
        return -1;
    for (const char *line = text; line; line = text_next(line)) {
        const char *words = strchr(line, ':'), *where = words ? strchr(words + 1, ':') : NULL;
        int n = where ? (int)strcspn(where + 1, "\n") : 0;

        if (!where || n >= CGROUP_PATH_MAX || strstr(where, ".."))
            continue;
        words++;
        if (words == where)
            snprintf(p->unified, sizeof(p->unified), "%.*s", n, where + 1);
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
            if (has_word(words, (size_t)(where - words), places[i].word))
                snprintf((char *)p + places[i].offset, CGROUP_PATH_MAX, "%.*s", n, where + 1);
    }
    return 0;
}

/* ---- the processes of a group and of the groups in it */

static void add_pids(const struct conf *conf, const char *path, struct pids *pids, int depth)
{
    char file[PATH_BYTES], *text, *end;
    struct dirent *e;
    DIR *dir;

    snprintf(file, sizeof(file), "%s/cgroup.procs", path);
    if ((text = proc_all(conf, file, 65536))) {
        for (const char *s = text; pids->n < PIDS_MAX; s = end) {
            int64_t pid = strtoll(s, &end, 10);

            if (end == s)
                break;
            pids->pid[pids->n++] = pid;
        }
        free(text);
    }
    if (depth == DEPTH_MAX || proc_path(conf, file, sizeof(file), "%s", path) ||
        !(dir = opendir(file)))
        return;
    while ((e = readdir(dir)))
        if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
            snprintf(file, sizeof(file), "%s/%s", path, e->d_name) < (int)sizeof(file))
            add_pids(conf, file, pids, depth + 1);
    closedir(dir);
}

/* The first hierarchy that knows them. */
static void find_pids(const struct conf *conf, const struct cgroup_paths *p, struct pids *pids)
{
    const struct {
        const char *mount, *path;
    } places[] = {{"", p->unified},
                  {"/unified", p->unified},
                  {"/systemd", p->named},
                  {"/memory", p->memory},
                  {"/pids", p->pids}};
    char path[PATH_BYTES];

    pids->n = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && pids->n == 0; i++)
        if (places[i].path[0] == '/' && places[i].path[1]) {
            snprintf(path, sizeof(path), FS "%s%s", places[i].mount, places[i].path);
            add_pids(conf, path, pids, 0);
        }
}

/* utime, stime and the same of children that were waited for; in ns */
static int64_t pid_cpu(const struct conf *conf, int64_t pid)
{
    static long hz;
    char path[64], text[1024], *s;
    unsigned long long t[4];

    if (!hz)
        hz = sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    if (proc_text(conf, path, text, sizeof(text)) <= 0 || !(s = strrchr(text, ')')) ||
        sscanf(s + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
               &t[0], &t[1], &t[2], &t[3]) != 4)
        return 0;
    return (int64_t)((t[0] + t[1] + t[2] + t[3]) * (1000000000ULL / (unsigned long long)hz));
}

static int64_t pid_memory(const struct conf *conf, int64_t pid)
{
    char path[64], text[256];
    unsigned long long pages;

    snprintf(path, sizeof(path), "/proc/%lld/statm", (long long)pid);
    if (proc_text(conf, path, text, sizeof(text)) <= 0 ||
        sscanf(text, "%*u %llu", &pages) != 1)
        return 0;
    return (int64_t)(pages * (unsigned long long)sysconf(_SC_PAGESIZE));
}

/* Open files of a process: since Linux 6.2 the folder's size is their number, for everyone;
 * before, only who may look into it can count. -1: not known. */
static int64_t pid_fds(const struct conf *conf, int64_t pid)
{
    static int sized = -1;
    char path[PATH_BYTES];
    struct stat st;
    int64_t n = 0;
    DIR *dir;

    if (sized < 0)
        sized = stat("/proc/self/fd", &st) == 0 && st.st_size > 0 && !conf->root[1];
    if (proc_path(conf, path, sizeof(path), "/proc/%lld/fd", (long long)pid))
        return -1;
    if (sized)
        return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
    if (!(dir = opendir(path)))
        return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

/* ---- figures of the controllers */

static bool read_at(const struct conf *conf, const char *mount, const char *path,
                    const char *file, uint64_t *out)
{
    char full[PATH_BYTES];

    if (!path[0])
        return false;
    snprintf(full, sizeof(full), FS "%s%s/%s", mount, path[1] ? path : "", file);
    return proc_number(conf, full, out);
}

static bool stat_at(const struct conf *conf, const char *mount, const char *path,
                    const char *file, const char *key, uint64_t *out)
{
    char full[PATH_BYTES], text[MEMORY_STAT];

    if (!path[0])
        return false;
    snprintf(full, sizeof(full), FS "%s%s/%s", mount, path[1] ? path : "", file);
    return proc_text(conf, full, text, sizeof(text)) > 0 && text_number(text, key, out);
}

static void read_cpu(const struct conf *conf, const struct cgroup_paths *p,
                     struct cgroup_usage *u)
{
    uint64_t n;

    if (stat_at(conf, "", p->unified, "cpu.stat", "usage_usec", &n) ||
        stat_at(conf, "/unified", p->unified, "cpu.stat", "usage_usec", &n)) {
        u->cpu_ns = (int64_t)n * 1000;
        u->source = '2';
        return;
    }
    for (size_t i = 0; i < sizeof(cpuacct_mounts) / sizeof(cpuacct_mounts[0]); i++)
        if (read_at(conf, cpuacct_mounts[i], p->cpuacct, "cpuacct.usage", &n)) {
            u->cpu_ns = (int64_t)n;
            u->source = '1';
            return;
        }
}

/* What could be dropped is not what the app needs: its files in the cache. */
static void read_memory(const struct conf *conf, const struct cgroup_paths *p,
                        struct cgroup_usage *u)
{
    uint64_t n, cache = 0;

    if (read_at(conf, "", p->unified, "memory.current", &n)) {
        stat_at(conf, "", p->unified, "memory.stat", "inactive_file", &cache);
        u->memory = n > cache ? (int64_t)(n - cache) : 0;
        if (read_at(conf, "", p->unified, "memory.max", &n))
            u->memory_max = (int64_t)n;
    }
    else if (read_at(conf, "/memory", p->memory, "memory.usage_in_bytes", &n)) {
        stat_at(conf, "/memory", p->memory, "memory.stat", "total_inactive_file", &cache);
        u->memory = n > cache ? (int64_t)(n - cache) : 0;
        if (read_at(conf, "/memory", p->memory, "memory.limit_in_bytes", &n) && n < NO_LIMIT)
            u->memory_max = (int64_t)n;
    }
}

void cgroup_read(const struct conf *conf, const struct cgroup_paths *p, struct cgroup_usage *u)
{
    static struct pids pids; /* 32 KiB that a stack need not have */
    int64_t cpu = 0, memory = 0, fds = 0;
    uint64_t n;

    *u = (struct cgroup_usage){-1, -1, -1, -1, -1, 0};
    read_cpu(conf, p, u);
    read_memory(conf, p, u);
    if (read_at(conf, "", p->unified, "pids.current", &n) ||
        read_at(conf, "/pids", p->pids, "pids.current", &n))
        u->tasks = (int64_t)n;
    find_pids(conf, p, &pids);
    for (int i = 0; i < pids.n; i++) {
        int64_t open_files = pid_fds(conf, pids.pid[i]);

        if (u->cpu_ns < 0)
            cpu += pid_cpu(conf, pids.pid[i]);
        if (u->memory < 0)
            memory += pid_memory(conf, pids.pid[i]);
        fds = fds < 0 || open_files < 0 ? -1 : fds + open_files;
    }
    if (pids.n == 0)
        return;
    u->fds = fds;
    if (u->cpu_ns < 0) {
        u->cpu_ns = cpu;
        u->source = 'p';
    }
    if (u->memory < 0)
        u->memory = memory;
}
