/* What may stand in a key of agent.conf, beyond its type. */
#include "argv.h"
#include "agent_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool made_of(const char *s, size_t most, const char *more)
{
    size_t n = 0;

    for (; s[n]; n++)
        if (!isalnum((unsigned char)s[n]) && !strchr(more, s[n]))
            return false;
    return n > 0 && n <= most;
}

bool app_id_ok(const char *id)
{
    for (const char *s = id; *s; s++)
        if (isupper((unsigned char)*s))
            return false;
    return made_of(id, APP_ID_MAX, "._-") && isalnum((unsigned char)id[0]);
}

static const char *unit(const char *v)
{
    size_t n = strlen(v);

    return n > 8 && !strcmp(v + n - 8, ".service") && made_of(v, 255, ":_.@\\-") &&
                   v[0] != '-' && v[0] != '.'
               ? NULL
               : "must be the name of a unit that ends in .service";
}

static const char *container(const char *v)
{
    return made_of(v, 128, "_.-") && isalnum((unsigned char)v[0])
               ? NULL
               : "must be the name of a container";
}

/* No "..", so that what root reads is what is opened. */
static const char *path(const char *v)
{
    for (const char *s = v; (s = strstr(s, "/..")); s += 3)
        if (!s[3] || s[3] == '/')
            return "must not contain '..'";
    return v[0] == '/' && strlen(v) < 1024 ? NULL : "must be an absolute path";
}

static const char *user(const char *v)
{
    return made_of(v, 32, "_.-") && (isalpha((unsigned char)v[0]) || v[0] == '_')
               ? NULL
               : "must be the name of a user";
}

static const char *health(const char *v)
{
    static const char rule[] = "must be http:// and a numeric private or loopback address";
    struct addr a;
    char host[ADDR_TEXT];
    size_t n;

    if (strncmp(v, "http://", 7))
        return rule;
    n = strcspn(v + 7, "/?");
    if (n >= sizeof(host))
        return rule;
    memcpy(host, v + 7, n);
    host[n] = '\0';
    for (const char *s = v; *s; s++)
        if (*s <= ' ' || *s > '~')
            return "must not contain blanks";
    return addr_parse(&a, host, 80) == 0 && addr_is_private(&a) ? NULL : rule;
}

static const char *command(const char *v)
{
    const char *why;
    char **argv = argv_split(v, &why);

    free(argv);
    return why;
}

static const char *step(const char *v)
{
    size_t n = strcspn(v, ":");
    char name[41];

    if (n == 0 || n > 40 || v[n] != ':')
        return "must be 'name: /path args'";
    memcpy(name, v, n);
    name[n] = '\0';
    return made_of(name, 40, "_- .") ? command(v + n + 1) : "must be 'name: /path args'";
}

/* Blank-separated patterns of refs: what git takes for a name, with '*'. */
static const char *refs(const char *v)
{
    return made_of(v, 1000, "/._-*+ ") && !strstr(v, "..") && v[0] != '-' && !strstr(v, " -")
               ? NULL
               : "must be names of branches and tags, where '*' stands for any characters";
}

static const char *repo(const char *v)
{
    if (v[0] == '-' || strchr(v, ' '))
        return "must be an address that git fetches from";
    return strstr(v, "::") ? "must not name a remote helper of git" : NULL;
}

static const char *words(const char *v)
{
    return made_of(v, 1000, "_ ") ? NULL : "must be words";
}

static const struct {
    const char *key;
    const char *(*rule)(const char *value);
} rules[] = {
    {"state_dir", path},
    {"docker_socket", path},
    {"systemctl", path},
    {"journalctl", path},
    {"git", path},
    {"root", path},
    {"mask", words},
    {"unit", unit},
    {"container", container},
    {"dir", path},
    {"env", path},
    {"env_owner", user},
    {"health", health},
    {"health_command", command},
    {"deploy_user", user},
    {"deploy_repo", repo},
    {"deploy_refs", refs},
    {"deploy_step", step},
    {"env_socket", path},
    {"deploys", path},
};

const char *conf_rule(const char *key, const char *name, const char *value)
{
    if (name && !(made_of(name, 40, "_-") && isalnum((unsigned char)name[0])))
        return "must have a short word for a name";
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (!strcmp(rules[i].key, key))
            return rules[i].rule(value);
    return NULL;
}
