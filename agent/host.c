#include "host.h"
#include "clock.h"
#include "proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define AGAIN_MS 500 /* sooner than that, rates are those of before */
#define TEXT_MAX 4096

enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, TIMES };

struct host {
    const struct agent *agent;
    struct utsname kernel;
    uint64_t times[TIMES];
    bool have_times;
    struct host_rates disks, nets;
    int64_t read_us;
    json_t *cpu, *disk_list, *net_list; /* of the last call */
};

json_t *number_or_null(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

json_t *real_or_null(double n, int digits)
{
    double scale = digits == 4 ? 1e4 : digits == 3 ? 1e3 : 1e2;

    return n < 0 || n != n ? json_null()
                           : json_real((double)(int64_t)(n * scale + 0.5) / scale);
}

struct host_rate *host_rate(struct host_rates *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->of[i].name, name))
            return &r->of[i];
    return NULL;
}

json_t *host_per_second(bool known, uint64_t before, uint64_t now, double seconds)
{
    return known && now >= before && seconds > 0
               ? json_integer((json_int_t)((double)(now - before) / seconds + 0.5))
               : json_null();
}

/* ---- processor */

static json_t *cpu(struct host *h)
{
    static const struct {
        const char *name;
        int part[3];
    } parts_of[] = {{"user", {USER, NICE, -1}},
                    {"sys", {SYSTEM, IRQ, SOFTIRQ}},
                    {"io", {IOWAIT, -1, -1}},
                    {"steal", {STEAL, -1, -1}}};
    unsigned long long now[TIMES] = {0};
    uint64_t delta[TIMES], all = 0;
    char text[512];
    json_t *o = json_object();
    bool ok = proc_text(h->agent->conf, "/proc/stat", text, sizeof(text)) > 0 &&
              sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &now[0], &now[1],
                     &now[2], &now[3], &now[4], &now[5], &now[6], &now[7]) >= 5;

    for (int i = 0; i < TIMES; i++) {
        /* iowait may go back by a tick; that is no time */
        delta[i] = now[i] > h->times[i] ? now[i] - h->times[i] : 0;
        all += delta[i];
        h->times[i] = now[i];
    }
    for (size_t i = 0; i < sizeof(parts_of) / sizeof(parts_of[0]); i++) {
        uint64_t sum = 0;

        for (int k = 0; k < 3; k++)
            sum += parts_of[i].part[k] >= 0 ? delta[parts_of[i].part[k]] : 0;
        json_object_set_new(o, parts_of[i].name,
                            ok && h->have_times && all > 0
                                ? real_or_null((double)sum / (double)all, 4)
                                : json_null());
    }
    h->have_times = ok;
    return o;
}

static long cores(const struct conf *conf)
{
    char *text = proc_all(conf, "/proc/stat", 1 << 20);
    long n = 0;

    for (const char *line = text; line; line = text_next(line))
        n += !strncmp(line, "cpu", 3) && line[3] >= '0' && line[3] <= '9';
    free(text);
    return n > 0 ? n : -1;
}

/* ---- memory, load, pressure */

static int64_t kib(const char *text, const char *key)
{
    uint64_t n;

    return text_number(text, key, &n) ? (int64_t)n * 1024 : -1;
}

static json_t *memory(const struct conf *conf)
{
    char text[TEXT_MAX];
    int64_t total, available, cache, swap, swap_free;

    proc_text(conf, "/proc/meminfo", text, sizeof(text));
    total = kib(text, "MemTotal");
    available = kib(text, "MemAvailable");
    cache = kib(text, "Cached");
    swap = kib(text, "SwapTotal");
    swap_free = kib(text, "SwapFree");
    if (cache >= 0 && kib(text, "Buffers") > 0)
        cache += kib(text, "Buffers");
    if (cache >= 0 && kib(text, "SReclaimable") > 0)
        cache += kib(text, "SReclaimable");
    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "total", number_or_null(total), "used",
                     number_or_null(total >= 0 && available >= 0 ? total - available : -1),
                     "cache", number_or_null(cache), "swap_total", number_or_null(swap),
                     "swap_used",
                     number_or_null(swap >= 0 && swap_free >= 0 ? swap - swap_free : -1));
}

static json_t *load(const struct conf *conf)
{
    char text[128];
    double l[3] = {-1, -1, -1};

    if (proc_text(conf, "/proc/loadavg", text, sizeof(text)) > 0 &&
        sscanf(text, "%lf %lf %lf", &l[0], &l[1], &l[2]) != 3)
        l[0] = l[1] = l[2] = -1;
    return json_pack("[o,o,o]", real_or_null(l[0], 2), real_or_null(l[1], 2),
                     real_or_null(l[2], 2));
}

static json_t *pressure(const struct conf *conf)
{
    static const char *const names[] = {"cpu", "memory", "io"};
    json_t *o = json_object();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[64], text[256];
        double n = -1;

        snprintf(path, sizeof(path), "/proc/pressure/%s", names[i]);
        if (proc_text(conf, path, text, sizeof(text)) > 0 &&
            sscanf(text, "some avg10=%lf", &n) != 1)
            n = -1;
        json_object_set_new(o, names[i], real_or_null(n, 2));
    }
    return o;
}

/* ---- what it is */

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" */
static json_t *os_name(const struct conf *conf)
{
    char text[TEXT_MAX], name[200] = "";

    if (proc_text(conf, "/etc/os-release", text, sizeof(text)) <= 0)
        proc_text(conf, "/usr/lib/os-release", text, sizeof(text));
    for (const char *line = text; line; line = text_next(line))
        if (!strncmp(line, "PRETTY_NAME=", 12)) {
            const char *from = line + 12;
            size_t n;

            from += *from == '"' || *from == '\'';
            n = strcspn(from, "\"'\n");
            snprintf(name, sizeof(name), "%.*s", (int)n, from);
        }
    return name[0] ? json_string(name) : json_null();
}

/* Debian's mark; or a kernel whose modules were removed by its successor's package. */
static bool reboot_needed(const struct host *h)
{
    const struct conf *conf = h->agent->conf;
    char path[1024];
    struct stat st;
    struct dirent *e;
    bool others = false;
    DIR *dir;

    if (proc_path(conf, path, sizeof(path), "/run/reboot-required") == 0 &&
        stat(path, &st) == 0)
        return true;
    if (proc_path(conf, path, sizeof(path), "/lib/modules") || !(dir = opendir(path)))
        return false;
    while ((e = readdir(dir)) && !others)
        others = e->d_name[0] != '.';
    closedir(dir);
    return others &&
           proc_path(conf, path, sizeof(path), "/lib/modules/%s", h->kernel.release) == 0 &&
           stat(path, &st) != 0;
}

static int64_t boot_at(const struct conf *conf)
{
    char *text = proc_all(conf, "/proc/stat", 1 << 20);
    uint64_t n = 0;
    bool ok = text && text_number(text, "btime", &n);

    free(text);
    return ok ? (int64_t)n : -1;
}

static int64_t uptime(const struct conf *conf)
{
    char text[64];
    double n;

    return proc_text(conf, "/proc/uptime", text, sizeof(text)) > 0 &&
                   sscanf(text, "%lf", &n) == 1
               ? (int64_t)n
               : -1;
}

static void read_rates(struct host *h)
{
    int64_t now = clock_us();
    double seconds = h->read_us ? (double)(now - h->read_us) / 1e6 : 0;

    if (h->read_us && now - h->read_us < AGAIN_MS * 1000)
        return;
    json_decref(h->cpu);
    json_decref(h->disk_list);
    json_decref(h->net_list);
    h->cpu = cpu(h);
    h->disk_list = host_disks(h->agent->conf, &h->disks, seconds);
    h->net_list = host_nets(h->agent->conf, &h->nets, seconds);
    h->read_us = now;
}

struct host *host_new(const struct agent *agent)
{
    struct host *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->agent = agent;
    uname(&h->kernel);
    read_rates(h);
    return h;
}

void host_free(struct host *h)
{
    if (!h)
        return;
    json_decref(h->cpu);
    json_decref(h->disk_list);
    json_decref(h->net_list);
    free(h);
}

json_t *host_describe(struct host *h)
{
    const struct conf *conf = h->agent->conf;

    read_rates(h);
    return json_pack(
        "{s:s,s:o,s:s,s:s,s:o,s:o,s:o,s:b,s:O,s:o,s:o,s:o,s:O,s:O}", "name",
        conf->name ? conf->name : h->kernel.nodename, "os", os_name(conf), "arch",
        h->kernel.machine, "kernel", h->kernel.release, "cores", number_or_null(cores(conf)),
        "uptime_s", number_or_null(uptime(conf)), "boot_at", number_or_null(boot_at(conf)),
        "reboot_needed", reboot_needed(h), "cpu", h->cpu, "memory", memory(conf), "load",
        load(conf), "pressure", pressure(conf), "disks", h->disk_list, "nets", h->net_list);
}
