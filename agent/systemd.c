#include "systemd.h"
#include "proc.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 5000
#define OUTPUT_MAX  (1 << 20)
#define PROPERTIES                                                                            \
    "Id,LoadState,ActiveState,SubState,StateChangeTimestampMonotonic,InvocationID,NRestarts," \
    "MainPID,ExecMainCode,ExecMainStatus,ControlGroup,TasksCurrent,MemoryMax"

struct systemd_ask {
    struct facts *const *facts;
    int n;
    void (*fn)(void *, const char *);
    void *arg;
    char error[256];
};

void facts_clear(struct facts *f)
{
    memset(f, 0, sizeof(*f));
    f->state = "unknown";
    f->restarts = f->pid = f->tasks = f->memory_max = f->cpu_ns = f->memory = -1;
    f->exit_code = f->exit_signal = -1;
}

static const char *state_word(const char *active)
{
    static const struct {
        const char *active, *word;
    } words[] = {
        {"active", "running"},
        {"reloading", "reloading"},
        {"refreshing", "reloading"},
        {"activating", "activating"},
        {"deactivating", "deactivating"},
        {"failed", "failed"},
        {"inactive", "stopped"},
        {"maintenance", "failed"},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(words[i].active, active))
            return words[i].word;
    return "unknown";
}

/* "[not set]" and 2^64-1 both mean none, as does "infinity". */
static int64_t number(const char *value)
{
    char *end;
    unsigned long long n;

    errno = 0;
    n = strtoull(value, &end, 10);
    return end == value || *end || errno || n > INT64_MAX ? -1 : (int64_t)n;
}

/* of a block, for what can be said only when it is whole */
struct block {
    char load[16], active[16];
    int64_t code, status;
};

static void property(struct facts *f, struct block *b, const char *key, const char *value)
{
    if (!strcmp(key, "LoadState"))
        snprintf(b->load, sizeof(b->load), "%s", value);
    else if (!strcmp(key, "ActiveState"))
        snprintf(b->active, sizeof(b->active), "%s", value);
    else if (!strcmp(key, "SubState"))
        snprintf(f->sub, sizeof(f->sub), "%s", value);
    else if (!strcmp(key, "InvocationID"))
        snprintf(f->invocation, sizeof(f->invocation), "%s", value);
    else if (!strcmp(key, "StateChangeTimestampMonotonic"))
        f->since_us = number(value) > 0 ? number(value) : 0;
    else if (!strcmp(key, "NRestarts"))
        f->restarts = number(value);
    else if (!strcmp(key, "MainPID"))
        f->pid = number(value) > 0 ? number(value) : -1;
    else if (!strcmp(key, "ExecMainCode"))
        b->code = number(value);
    else if (!strcmp(key, "ExecMainStatus"))
        b->status = number(value);
    else if (!strcmp(key, "ControlGroup") && value[0] == '/' && value[1] &&
             !strstr(value, ".."))
        cgroup_of_unit(&f->cgroup, value);
    else if (!strcmp(key, "TasksCurrent"))
        f->tasks = number(value);
    else if (!strcmp(key, "MemoryMax"))
        f->memory_max = number(value);
}

static void whole(struct facts *f, const struct block *b)
{
    f->state = state_word(b->active);
    if (!strcmp(b->load, "not-found") && !strcmp(f->state, "stopped"))
        f->state = "missing";
    /* CLD_EXITED; CLD_KILLED, CLD_DUMPED */
    if (b->code == 1)
        f->exit_code = (int)b->status;
    else if (b->code == 2 || b->code == 3)
        f->exit_signal = (int)b->status;
}

int systemd_parse(const char *text, struct facts *const *facts, int n)
{
    struct block b = {.code = -1};
    char line[1024], *value;
    int i = 0;
    bool any = false;

    for (const char *s = text; s && i < n; s = text_next(s)) {
        size_t len = strcspn(s, "\n");

        if (len == 0) { /* between two blocks */
            if (any)
                whole(facts[i++], &b);
            b = (struct block){.code = -1};
            any = false;
            continue;
        }
        if (len >= sizeof(line))
            continue;
        memcpy(line, s, len);
        line[len] = '\0';
        if (!(value = strchr(line, '=')))
            continue;
        *value++ = '\0';
        property(facts[i], &b, line, value);
        any = true;
    }
    if (any && i < n)
        whole(facts[i++], &b);
    return i;
}

static void on_end(void *arg, const struct run_end *end)
{
    struct systemd_ask *a = arg;

    if (end->late)
        snprintf(a->error, sizeof(a->error), "systemctl did not answer");
    else if (end->code != 0)
        snprintf(a->error, sizeof(a->error), "systemctl: %.200s",
                 end->err[0] ? end->err : "failed");
    else if (systemd_parse(end->out, a->facts, a->n) != a->n)
        snprintf(a->error, sizeof(a->error), "systemctl did not speak of every unit");
    a->error[strcspn(a->error, "\n")] = '\0';
    if (a->error[0])
        for (int i = 0; i < a->n; i++)
            facts_clear(a->facts[i]);
    a->fn(a->arg, a->error[0] ? a->error : NULL);
    free(a);
}

struct systemd_ask *systemd_ask(struct agent *agent, const char *const *units,
                                struct facts *const *facts, int n,
                                void (*fn)(void *, const char *), void *arg)
{
    const char *argv[APPS_MAX + 8] = {
        agent->conf->systemctl, "show", "--no-pager", "-p", PROPERTIES, "--"};
    struct systemd_ask *a = calloc(1, sizeof(*a));
    struct run_spec spec = {
        .argv = argv, .deadline_ms = DEADLINE_MS, .most = OUTPUT_MAX, .end = on_end, .arg = a};

    if (!a)
        return NULL;
    for (int i = 0; i < n; i++)
        argv[6 + i] = units[i];
    *a = (struct systemd_ask){.facts = facts, .n = n, .fn = fn, .arg = arg};
    if (run_start(agent, &spec))
        return a;
    free(a);
    return NULL;
}
