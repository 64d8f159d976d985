#define _GNU_SOURCE
#include "tocsind_conf.h"
#include "guard.h"
#include "log.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_MAX 99 /* sun_path has 108, and a new one is made as NAME.PID */
#define DAY        86400L
#define AT(f)      offsetof(struct tocsind_conf, f)
#define YEARS      (100 * 366 * DAY)

static const struct conf_key keys[] = {
    /* name                type       where                    default             min max */
    {"database", CONF_TEXT, AT(database), "dbname=tocsin user=tocsin_work", 1, 2000},
    {"poll_only", CONF_BOOL, AT(poll_only), "no", 0, 0},
    {"demo", CONF_BOOL, AT(demo), "no", 0, 0},
    {"checkers", CONF_INT, AT(checkers), "2", 0, 64},
    {"region", CONF_TEXT, AT(region), "local", 1, 40},
    {"concurrency", CONF_INT, AT(concurrency), "400", 1, 20000},
    {"allow_target", CONF_LIST, AT(allow_target), NULL, 0, 0},
    {"public_url", CONF_TEXT, AT(public_url), NULL, 0, 500},
    {"smtp_url", CONF_TEXT, AT(smtp_url), NULL, 0, 300},
    {"smtp_from", CONF_TEXT, AT(smtp_from), NULL, 0, 254},
    {"smtp_user", CONF_TEXT, AT(smtp_user), NULL, 0, 254},
    {"smtp_password_file", CONF_TEXT, AT(smtp_password_file), NULL, 0, 1000},
    {"smtp_starttls", CONF_TEXT, AT(smtp_starttls), "required", 1, 20},
    {"smtp_ca_file", CONF_TEXT, AT(smtp_ca_file), NULL, 0, 1000},
    {"sends", CONF_INT, AT(sends), "50", 1, 1000},
    {"status_dir", CONF_TEXT, AT(status_dir), NULL, 0, 500},
    {"status_data_dir", CONF_TEXT, AT(status_data_dir), NULL, 0, 500},
    {"status_data_page", CONF_TEXT, AT(status_data_page), "*", 1, 63},
    {"status_data_null_err", CONF_BOOL, AT(status_data_null_err), "no", 0, 0},
    {"fleet_dir", CONF_TEXT, AT(fleet_dir), NULL, 1, 500},
    {"fleet_socket", CONF_TEXT, AT(fleet_socket), NULL, 1, 100},
    {"fleet_socket_group", CONF_TEXT, AT(fleet_socket_group), NULL, 1, 64},
    {"fleet_poll", CONF_TIME, AT(fleet_poll), "30s", 1, 30},
    {"fleet_allow", CONF_LIST, AT(fleet_allow), NULL, 0, 0},
    {"keep_segments", CONF_TIME, AT(keep_segments), "6h", 2 * 3600, 7 * DAY},
    {"keep_hours", CONF_TIME, AT(keep_hours), "14d", DAY, YEARS},
    {"keep_days", CONF_TIME, AT(keep_days), "800d", DAY, YEARS},
    {"keep_deleted", CONF_TIME, AT(keep_deleted), "7d", 0, 366 * DAY},
    {"run_dir", CONF_TEXT, AT(run_dir), "/run/tocsin", 1, 1000},
    {"lock_file", CONF_TEXT, AT(lock_file), NULL, 0, 1000},
    {"log_level", CONF_TEXT, AT(log_level), "info", 1, 10},
    {"log_file", CONF_TEXT, AT(log_file), NULL, 0, 1000},
    {"allow_root", CONF_BOOL, AT(allow_root), "no", 0, 0},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

__attribute__((format(printf, 3, 4))) static int fail(char *why, size_t size, const char *fmt,
                                                      ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, size, fmt, ap);
    va_end(ap);
    return -1;
}

/* The first line of the file, without its end. */
static int read_password(struct tocsind_conf *c, char *why, size_t size)
{
    char line[512];
    FILE *f;

    if (!c->smtp_password_file)
        return 0;
    if (!(f = fopen(c->smtp_password_file, "re")))
        return fail(why, size, "smtp_password_file: cannot open '%s': %s",
                    c->smtp_password_file, strerror(errno));
    if (!fgets(line, sizeof(line), f))
        line[0] = '\0';
    fclose(f);
    line[strcspn(line, "\r\n")] = '\0';
    if (!line[0])
        return fail(why, size, "smtp_password_file: '%s' is empty", c->smtp_password_file);
    c->smtp_password = strdup(line);
    explicit_bzero(line, sizeof(line));
    return 0;
}

static bool has_scheme(const char *url, const char *a, const char *b)
{
    return !strncmp(url, a, strlen(a)) || !strncmp(url, b, strlen(b));
}

static int check_targets(const struct tocsind_conf *c, char *why, size_t size)
{
    struct guard g;

    guard_init(&g);
    for (int i = 0; i < c->allow_target.n; i++)
        if (guard_allow(&g, c->allow_target.item[i]))
            return fail(why, size,
                        "allow_target: '%s' is no network (10.0.0.0/8, fd00::/8), or "
                        "there are more than %d",
                        c->allow_target.item[i], GUARD_ALLOW_MAX);
    return 0;
}

void tocsind_conf_fleet(const struct tocsind_conf *c, struct guard *allow)
{
    static const char *const normal[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                         "100.64.0.0/10", "fc00::/7"};

    guard_init(allow);
    for (int i = 0; i < c->fleet_allow.n; i++)
        guard_allow(allow, c->fleet_allow.item[i]);
    for (size_t i = 0; c->fleet_allow.n == 0 && i < sizeof(normal) / sizeof(normal[0]); i++)
        guard_allow(allow, normal[i]);
}

static int check_fleet(struct tocsind_conf *c, char *why, size_t size)
{
    struct guard g;

    guard_init(&g);
    for (int i = 0; i < c->fleet_allow.n; i++)
        if (guard_allow(&g, c->fleet_allow.item[i]))
            return fail(why, size,
                        "fleet_allow: '%s' is no network (10.0.0.0/8, fd00::/8), or there "
                        "are more than %d",
                        c->fleet_allow.item[i], GUARD_ALLOW_MAX);
    if (c->fleet_dir && c->fleet_dir[0] != '/')
        return fail(why, size, "fleet_dir: '%s' must begin with a slash", c->fleet_dir);
    if (c->fleet_dir && access(c->fleet_dir, R_OK | X_OK))
        return fail(why, size,
                    "fleet_dir: cannot open '%s': %s (`tocsin fleet init` makes it)",
                    c->fleet_dir, strerror(errno));
    if (!c->fleet_socket && asprintf(&c->fleet_socket, "%s/fleet.sock", c->run_dir) < 0)
        return fail(why, size, "out of memory");
    if (c->fleet_dir && (c->fleet_socket[0] != '/' || strlen(c->fleet_socket) > SOCKET_MAX))
        return fail(why, size,
                    "fleet_socket: '%s' must begin with a slash and have at most %d bytes",
                    c->fleet_socket, SOCKET_MAX);
    if (c->fleet_dir && c->fleet_socket_group && !getgrnam(c->fleet_socket_group))
        return fail(why, size, "fleet_socket_group: there is no group '%s'",
                    c->fleet_socket_group);
    return 0;
}

/* What the publisher writes must not depend on where tocsind was started. */
static int check_status(const struct tocsind_conf *c, char *why, size_t size)
{
    if (c->status_dir && c->status_dir[0] != '/')
        return fail(why, size, "status_dir: '%s' must begin with a slash", c->status_dir);
    if (c->status_data_dir && c->status_data_dir[0] != '/')
        return fail(why, size, "status_data_dir: '%s' must begin with a slash",
                    c->status_data_dir);
    if (c->status_dir && c->status_data_dir && !strcmp(c->status_dir, c->status_data_dir))
        return fail(why, size, "status_data_dir: must be another folder than status_dir");
    if (strcmp(c->status_data_page, "*") &&
        strspn(c->status_data_page, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
            strlen(c->status_data_page))
        return fail(why, size, "status_data_page: '%s' is neither the name of a page nor *",
                    c->status_data_page);
    return 0;
}

static int check(struct tocsind_conf *c, char *why, size_t size)
{
    size_t n;

    if (check_targets(c, why, size) || check_status(c, why, size) || check_fleet(c, why, size))
        return -1;

    if (strspn(c->region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(c->region) ||
        c->region[0] == '-')
        return fail(why, size, "region: '%s' may hold a-z, 0-9 and '-' only", c->region);
    if (log_level_parse(c->log_level) < 0)
        return fail(why, size, "log_level: '%s' is none of error, warning, info, debug",
                    c->log_level);
    if (strcmp(c->smtp_starttls, "required") && strcmp(c->smtp_starttls, "opportunistic") &&
        strcmp(c->smtp_starttls, "off"))
        return fail(why, size, "smtp_starttls: '%s' is none of required, opportunistic, off",
                    c->smtp_starttls);
    if (c->smtp_url && !has_scheme(c->smtp_url, "smtp://", "smtps://"))
        return fail(why, size, "smtp_url: must begin with smtp:// or smtps://");
    if (c->smtp_url && strchr(c->smtp_url, '@'))
        return fail(why, size,
                    "smtp_url: name and password belong into smtp_user and "
                    "smtp_password_file");
    if (c->smtp_from && !strchr(c->smtp_from, '@'))
        return fail(why, size, "smtp_from: '%s' is no address", c->smtp_from);
    if (c->public_url && !has_scheme(c->public_url, "http://", "https://"))
        return fail(why, size, "public_url: must begin with http:// or https://");
    for (n = c->public_url ? strlen(c->public_url) : 0; n > 0 && c->public_url[n - 1] == '/';)
        c->public_url[--n] = '\0';
    if (!c->lock_file && asprintf(&c->lock_file, "%s/tocsind.lock", c->run_dir) < 0)
        return fail(why, size, "out of memory");
    return read_password(c, why, size);
}

struct tocsind_conf *tocsind_conf_read(const char *path, char *why, size_t size)
{
    struct tocsind_conf *c = calloc(1, sizeof(*c));
    struct conf_error e;
    char rule[400];

    if (!c) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    if (conf_read(path, keys, c, &e)) {
        if (e.line)
            snprintf(why, size, "%s:%d: %s", path, e.line, e.text);
        else
            snprintf(why, size, "%s: %s", path, e.text);
    }
    else if (check(c, rule, sizeof(rule))) {
        snprintf(why, size, "%s: %s", path ? path : "defaults", rule);
    }
    else {
        return c;
    }
    tocsind_conf_free(c);
    return NULL;
}

void tocsind_conf_free(struct tocsind_conf *c)
{
    if (!c)
        return;
    if (c->smtp_password)
        explicit_bzero(c->smtp_password, strlen(c->smtp_password));
    free(c->smtp_password);
    conf_free(keys, c);
    free(c);
}
