/*
 * tocsin-agent polkit: the rule that lets the agent's user do what the configuration lists,
 * and nothing else. Root writes it to /etc/polkit-1/rules.d/.
 *
 * The agent's user starts, stops, restarts and resets the units of apps with restart = yes,
 * and starts and stops tocsin-deploy@ID.service of apps with deploy = yes.
 */
#include "words.h"

#include <stdio.h>

/* A unit's name has no character that means anything in a string, but the backslash. */
static void print_unit(const char *unit, bool *first)
{
    printf("%s\n        \"", *first ? "" : ",");
    for (; *unit; unit++)
        printf(*unit == '\\' ? "\\%c" : "%c", *unit);
    printf("\"");
    *first = false;
}

static void print_rule(const struct conf *conf)
{
    bool first = true;

    printf("// Made from %s by `tocsin-agent polkit`: make it anew when that changes.\n"
           "polkit.addRule(function (action, subject) {\n"
           "    if (subject.user !== \"tocsin-agent\")\n"
           "        return undefined;\n"
           "    if (action.id !== \"org.freedesktop.systemd1.manage-units\")\n"
           "        return polkit.Result.NO;\n"
           "    var apps = [",
           conf->path);
    for (int i = 0; i < conf->napps; i++)
        if (conf->app[i]->unit && conf->app[i]->restart)
            print_unit(conf->app[i]->unit, &first);
    printf("];\n    var deploys = [");
    first = true;
    for (int i = 0; i < conf->napps; i++)
        if (conf->app[i]->deploy) {
            char unit[APP_ID_MAX + 32];

            snprintf(unit, sizeof(unit), "tocsin-deploy@%s.service", conf->app[i]->id);
            print_unit(unit, &first);
        }
    printf("];\n"
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

int word_polkit(const struct asked *asked)
{
    struct conf conf;

    if (asked_conf(asked, &conf))
        return 1;
    print_rule(&conf);
    conf_drop(&conf);
    return fflush(stdout) ? 1 : 0;
}
