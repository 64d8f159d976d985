/*
 * tocsin-agent polkit: the rule that lets the agent's user do what the configuration lists,
 * and nothing else. The agent's unit has root write it (--write) whenever the agent starts,
 * so that it never says anything else than the configuration.
 *
 * The agent's user starts, stops, restarts and resets the units of apps with restart = yes,
 * and starts and stops tocsin-deploy@ID.service of apps with deploy = yes.
 */
#include "words.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES "/etc/polkit-1/rules.d/60-tocsin-agent.rules"

/* A unit's name has no character that means anything in a string, but the backslash. */
static void print_unit(FILE *f, const char *unit, bool *first)
{
    fprintf(f, "%s\n        \"", *first ? "" : ",");
    for (; *unit; unit++)
        fprintf(f, *unit == '\\' ? "\\%c" : "%c", *unit);
    fputs("\"", f);
    *first = false;
}

static void print_rule(FILE *f, const struct conf *conf)
{
    bool first = true;

    fprintf(f,
            "// Made from %s by `tocsin-agent polkit`: make it anew when that changes.\n"
            "polkit.addRule(function (action, subject) {\n"
            "    if (subject.user !== \"tocsin-agent\")\n"
            "        return undefined;\n"
            "    if (action.id !== \"org.freedesktop.systemd1.manage-units\")\n"
            "        return polkit.Result.NO;\n"
            "    var apps = [",
            conf->path);
    for (int i = 0; i < conf->napps; i++)
        if (conf->app[i]->unit && conf->app[i]->restart)
            print_unit(f, conf->app[i]->unit, &first);
    fprintf(f, "];\n    var deploys = [");
    first = true;
    for (int i = 0; i < conf->napps; i++)
        if (conf->app[i]->deploy) {
            char unit[APP_ID_MAX + 32];

            snprintf(unit, sizeof(unit), "tocsin-deploy@%s.service", conf->app[i]->id);
            print_unit(f, unit, &first);
        }
    fprintf(
        f, "];\n"
           "    var unit = action.lookup(\"unit\"), verb = action.lookup(\"verb\");\n"
           "    if (apps.indexOf(unit) >= 0 &&\n"
           "        [\"start\", \"stop\", \"restart\", \"reset-failed\"].indexOf(verb) >= 0)\n"
           "        return polkit.Result.YES;\n"
           "    if (deploys.indexOf(unit) >= 0 &&\n"
           "        [\"start\", \"stop\", \"reset-failed\"].indexOf(verb) >= 0)\n"
           "        return polkit.Result.YES;\n"
           "    return polkit.Result.NO;\n"
           "});\n");
}

/* By rename: polkitd sees it whole. Without a polkit there is nothing to do. */
static int write_rule(const struct conf *conf, const char *path)
{
    char fresh[1024];
    bool ok;
    FILE *f;

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (!(f = fopen(fresh, "we"))) {
        if (errno == ENOENT)
            return 0;
        fprintf(stderr, "tocsin-agent: cannot write '%s': %s\n", fresh, strerror(errno));
        return -1;
    }
    print_rule(f, conf);
    ok = fchmod(fileno(f), 0644) == 0 && !fflush(f) && fsync(fileno(f)) == 0;
    if (fclose(f) || !ok || rename(fresh, path)) {
        fprintf(stderr, "tocsin-agent: cannot write '%s': %s\n", path, strerror(errno));
        unlink(fresh);
        return -1;
    }
    return 0;
}

int word_polkit(const struct asked *asked)
{
    static const struct option longs[] = {{"write", optional_argument, NULL, 'w'},
                                          {NULL, 0, NULL, 0}};
    const char *to = NULL;
    struct conf conf;
    int c, r = 0;

    optind = 0;
    while ((c = getopt_long(asked->argc, asked->argv, "", longs, NULL)) != -1) {
        if (c != 'w') {
            fprintf(stderr, "usage: tocsin-agent polkit [--write[=FILE]]\n");
            return 2;
        }
        to = optarg ? optarg : RULES;
    }
    if (asked_conf(asked, &conf))
        return 1;
    if (to)
        r = write_rule(&conf, to);
    else
        print_rule(stdout, &conf);
    conf_drop(&conf);
    return r || fflush(stdout) ? 1 : 0;
}
