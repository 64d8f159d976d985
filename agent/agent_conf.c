#define _GNU_SOURCE
#include "agent_conf.h"
#include "argv.h"
#include "hash.h"
#include "trust.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_MAX (1 << 20)
#define AT(f)    offsetof(struct conf, f)
#define OF(f)    offsetof(struct app, f)

static const struct conf_key keys[] = {
    /* name            type       where       default              min max */
    {"listen", CONF_TEXT, AT(listen), NULL, 1, 60},
    {"allow_public", CONF_BOOL, AT(allow_public), "no", 0, 0},
    {"allow_root", CONF_BOOL, AT(allow_root), "no", 0, 0},
    {"name", CONF_TEXT, AT(name), NULL, 1, 100},
    {"state_dir", CONF_TEXT, AT(state_dir), "/var/lib/tocsin-agent", 1, 1000},
    {"mask", CONF_TEXT, AT(mask), NULL, 1, 1000},
    {"docker_socket", CONF_TEXT, AT(docker_socket), "/run/docker.sock", 1, 100},
    {"env_socket", CONF_TEXT, AT(env_socket), "/run/tocsin-env.sock", 1, 100},
    {"deploys", CONF_TEXT, AT(deploys), "/var/lib/tocsin-deploy", 1, 1000},
    {"env_keep_backups", CONF_INT, AT(env_keep_backups), "20", 1, 1000},
    {"systemctl", CONF_TEXT, AT(systemctl), "/usr/bin/systemctl", 1, 1000},
    {"journalctl", CONF_TEXT, AT(journalctl), "/usr/bin/journalctl", 1, 1000},
    {"git", CONF_TEXT, AT(git), "/usr/bin/git", 1, 1000},
    {"root", CONF_TEXT, AT(root), "/", 1, 1000},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

static const struct conf_key app_keys[] = {
    {"name", CONF_TEXT, OF(name), NULL, 1, 100},
    {"unit", CONF_TEXT, OF(unit), NULL, 1, 255},
    {"container", CONF_TEXT, OF(container), NULL, 1, 128},
    {"dir", CONF_TEXT, OF(dir), NULL, 1, 1000},
    {"env", CONF_PAIRS, OF(env), NULL, 0, 0},
    {"env_owner", CONF_TEXT, OF(env_owner), NULL, 1, 32},
    {"health", CONF_TEXT, OF(health), NULL, 1, 1000},
    {"health_command", CONF_TEXT, OF(health_command), NULL, 1, 2000},
    {"health_timeout", CONF_TIME, OF(health_timeout), "3s", 1, 8},
    {"ports", CONF_TEXT, OF(ports_text), NULL, 1, 200},
    {"deploy", CONF_BOOL, OF(deploy), "no", 0, 0},
    {"deploy_user", CONF_TEXT, OF(deploy_user), NULL, 1, 32},
    {"deploy_repo", CONF_TEXT, OF(deploy_repo), NULL, 1, 1000},
    {"deploy_refs", CONF_TEXT, OF(deploy_refs), "main", 1, 1000},
    {"deploy_step", CONF_LIST, OF(deploy_step), NULL, 0, 0},
    {"deploy_health", CONF_TIME, OF(deploy_health), "30s", 0, 600},
    {"deploy_timeout", CONF_TIME, OF(deploy_timeout), "15m", 1, 86400},
    {"log", CONF_BOOL, OF(log), "yes", 0, 0},
    {"restart", CONF_BOOL, OF(restart), "yes", 0, 0},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

__attribute__((format(printf, 2, 3))) static int fail(struct conf_error *e, const char *fmt,
                                                      ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return -1;
}

static void *begin(void *arg, const char *id, struct conf_error *e)
{
    struct conf *c = arg;
    struct app *a;

    if (!app_id_ok(id))
        fail(e, "an app's id is made of a-z, 0-9, '.', '_' and '-', 63 at most");
    else if (conf_app(c, id))
        fail(e, "'[app %s]' is there twice", id);
    else if (c->napps == APPS_MAX)
        fail(e, "more than %d apps", APPS_MAX);
    else if (!(a = calloc(1, sizeof(*a))))
        fail(e, "out of memory");
    else {
        a->id = strdup(id);
        a->index = c->napps;
        c->app[c->napps++] = a;
        return a;
    }
    return NULL;
}

static int listens(struct conf *c, const char *value, struct conf_error *e)
{
    if (addr_parse(&c->address, value, 0))
        return fail(e, "'listen' must be ADDRESS:PORT with a numeric address");
    return 0;
}

static int check(void *arg, void *section, const char *key, const char *name,
                 const char *value, struct conf_error *e)
{
    const char *rule = conf_rule(key, name, value);

    if (rule)
        return fail(e, name ? "'%s %.40s' %s" : "'%s'%.0s %s", key, name ? name : "", rule);
    return !section && !strcmp(key, "listen") ? listens(arg, value, e) : 0;
}

static int read_ports(struct app *a, struct conf_error *e)
{
    const char *s = a->ports_text ? a->ports_text : "";
    char *end;

    for (s += strspn(s, " ,"); *s; s = end + strspn(end, " ,")) {
        long n = strtol(s, &end, 10);

        if (end == s || n < 1 || n > 65535 || (*end && *end != ' ' && *end != ','))
            return fail(e, "'ports' of app %s must be numbers from 1 to 65535", a->id);
        if (a->nports == APP_PORTS_MAX)
            return fail(e, "'ports' of app %s are more than %d", a->id, APP_PORTS_MAX);
        a->port[a->nports++] = (int)n;
    }
    return 0;
}

/* The rules between the keys of an app. */
static int end(void *arg, void *section, struct conf_error *e)
{
    struct conf *c = arg;
    struct app *a = section;
    const char *why;

    if (!a->unit == !a->container)
        return fail(e, "app %s needs one of 'unit' and 'container'", a->id);
    if (a->health && a->health_command)
        return fail(e, "app %s has both 'health' and 'health_command'", a->id);
    if (a->deploy && (!a->dir || !a->deploy_user))
        return fail(e, "app %s is deployed: it needs 'dir' and 'deploy_user'", a->id);
    for (int i = 0; i < c->napps; i++) {
        const struct app *other = c->app[i];

        if (other != a &&
            ((a->unit && other->unit && !strcmp(a->unit, other->unit)) ||
             (a->container && other->container && !strcmp(a->container, other->container))))
            return fail(e, "apps %s and %s are the same", other->id, a->id);
    }
    if (a->health_command && !(a->health_argv = argv_split(a->health_command, &why)))
        return fail(e, "'health_command' %s", why);
    if (!a->name)
        a->name = strdup(a->id);
    return read_ports(a, e);
}

/* All of the file, in memory: its hash is of what was parsed. */
static char *read_all(int fd, size_t *size, struct conf_error *e)
{
    char *text = malloc(CONF_MAX + 1);
    ssize_t n;

    *size = 0;
    while (text && *size <= CONF_MAX && (n = read(fd, text + *size, CONF_MAX + 1 - *size)) > 0)
        *size += (size_t)n;
    if (text && *size > 0 && *size <= CONF_MAX)
        return text;
    fail(e, *size == 0 ? "is empty" : "is larger than 1 MiB");
    free(text);
    return NULL;
}

static int parse(struct conf *c, char *text, size_t size, struct conf_error *e)
{
    const struct conf_sections how = {.keys = keys,
                                      .into = c,
                                      .word = "app",
                                      .section_keys = app_keys,
                                      .begin = begin,
                                      .check = check,
                                      .end = end,
                                      .arg = c};
    FILE *f = fmemopen(text, size, "r");
    int r;

    if (!f)
        return fail(e, "cannot read: %s", strerror(errno));
    r = conf_read_sections(f, &how, e);
    fclose(f);
    if (r)
        return -1;
    if (!c->listen)
        return fail(e, "'listen' is missing");
    if (!c->allow_public && !addr_is_private(&c->address))
        return fail(e,
                    "'listen' is no private address: choose one, or say allow_public = yes");
    snprintf(c->rev, sizeof(c->rev), "%016llx", (unsigned long long)hash64(text, size, 1));
    return 0;
}

int conf_load(struct conf *c, const char *path, bool own, struct conf_error *e)
{
    char *text;
    size_t size;
    int fd, r;

    memset(c, 0, sizeof(*c));
    memset(e, 0, sizeof(*e));
    c->path = strdup(path);
    c->own = own;
    if ((fd = trust_open(path, own, e->text, sizeof(e->text))) < 0)
        return -1;
    text = read_all(fd, &size, e);
    close(fd);
    if (!text)
        return -1;
    r = parse(c, text, size, e);
    free(text);
    return r;
}

void conf_drop(struct conf *c)
{
    for (int i = 0; i < c->napps; i++) {
        conf_free(app_keys, c->app[i]);
        free(c->app[i]->health_argv);
        free(c->app[i]->id);
        free(c->app[i]);
    }
    conf_free(keys, c);
    free(c->path);
    memset(c, 0, sizeof(*c));
}

const struct app *conf_app(const struct conf *c, const char *id)
{
    for (int i = 0; i < c->napps; i++)
        if (!strcmp(c->app[i]->id, id))
            return c->app[i];
    return NULL;
}

const char *app_env_path(const struct app *a, const char *word)
{
    for (int i = 0; i < a->env.n; i++)
        if (!strcmp(a->env.item[i].name, word))
            return a->env.item[i].value;
    return NULL;
}
