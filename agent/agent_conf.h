/*
 * agent_conf: /etc/tocsin/agent.conf, the allow-list. What is not in it does not exist for who
 * calls the agent: an app is its id, an env file its word, and no path or unit's name ever
 * comes from the network.
 */
#ifndef AGENT_AGENT_CONF_H
#define AGENT_AGENT_CONF_H

#include "conf.h"
#include "addr.h"

#include <stdbool.h>

#define APPS_MAX      200
#define APP_ID_MAX    63
#define APP_PORTS_MAX 16

struct app {
    char *id, *name;        /* name: the id when none is given */
    char *unit, *container; /* one of both, the other is NULL */
    char *dir;
    struct conf_pairs env; /* word → absolute path, cleaned of nothing: as root wrote it */
    char *env_owner;       /* a user's name, or NULL: as the file is */
    char *health;          /* http://…, or NULL */
    char *health_command;
    char **health_argv;  /* health_command's words, or NULL */
    long health_timeout; /* s */
    char *ports_text;
    int port[APP_PORTS_MAX], nports;
    bool deploy, log, restart;
    char *deploy_user, *deploy_repo, *deploy_refs;
    struct conf_list deploy_step; /* "name: /path args", each checked: argv_split() takes it */
    long deploy_health;           /* s */
    long deploy_timeout;          /* s, of each step */
    int index;                    /* in conf.app */
};

struct conf {
    char *path;
    char *listen;
    struct addr address;
    bool allow_public, allow_root;
    char *name; /* the host's, or NULL: its hostname */
    char *state_dir;
    char *mask; /* words, or NULL: the rule that is built in */
    char *docker_socket;
    char *env_socket; /* of the helper for env files */
    char *deploys;    /* folder where the deploy unit writes what it did */
    int env_keep_backups;
    /* where the system is found; other values are for trying things out */
    char *systemctl, *journalctl, *git, *root;
    struct app *app[APPS_MAX];
    int napps;
    char rev[17]; /* changes when the file changes */
    bool own;     /* --own: files may belong to who runs this, not only to root */
};

/*
 * Read and check all of it. own: the file and the folders above it may belong to the user
 * who runs this instead of to root; nobody else may be able to write them either way.
 * 0, or -1 with *error (line 0: the file itself). conf_drop() in both cases.
 */
int conf_load(struct conf *c, const char *path, bool own, struct conf_error *error);
void conf_drop(struct conf *c);

/* The app of that id, or NULL. */
const struct app *conf_app(const struct conf *c, const char *id);

/* The path of an app's env file by its word, or NULL. */
const char *app_env_path(const struct app *a, const char *word);

/* May the value stand in that key? NULL, or the rule it breaks ("must be …"; static). Of
 * agent_conf_rule.c. */
const char *conf_rule(const char *key, const char *name, const char *value);

/* [a-z0-9][a-z0-9._-]{0,62} */
bool app_id_ok(const char *id);

#endif
