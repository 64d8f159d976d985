/* known: names out of the configuration and of flags. */
#include "known.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KNOWN_MAX 10000

static void add(struct issue_rules *rules, struct arena **m, const char *name,
                const char *display, const char *url)
{
    int i;

    for (i = 0; i < rules->systems; i++)
        if (!strcmp(rules->name[i], name))
            return;
    if (rules->systems == KNOWN_MAX)
        return;
    if (!rules->name) {
        rules->name = arena_alloc(m, KNOWN_MAX * sizeof(*rules->name));
        rules->display = arena_alloc(m, KNOWN_MAX * sizeof(*rules->display));
        rules->url = arena_alloc(m, KNOWN_MAX * sizeof(*rules->url));
    }
    rules->name[rules->systems] = arena_str(m, name);
    rules->url[rules->systems] = arena_str(m, url);
    rules->display[rules->systems++] = arena_str(m, display ? display : name);
}

/* The names alone: whether the rest makes sense is no matter here. */
static int add_file(struct issue_rules *rules, struct arena **m, const char *path)
{
    json_error_t e;
    json_t *root = json_load_file(path, 0, &e), *list = json_object_get(root, "systems"), *one;
    size_t i;

    if (!json_is_array(list)) {
        complain("%s: %s", path, root ? "has no list of systems" : e.text);
        json_decref(root);
        return -1;
    }
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "system"));

        if (name && *name)
            add(rules, m, name, json_string_value(json_object_get(one, "displayName")),
                json_string_value(json_object_get(one, "url")));
    }
    json_decref(root);
    return 0;
}

int known_systems(struct issue_rules *rules, struct arena **m, const char *config,
                  const struct flag_list *more)
{
    const char *env = getenv("SYSTEM_LABELS");
    size_t i;

    for (i = 0; i < more->n; i++)
        add(rules, m, more->item[i], NULL, NULL);
    while (!more->n && env && *env) {
        size_t n = strcspn(env, ",");
        const char *name = env + strspn(env, " ");

        if (n > (size_t)(name - env))
            add(rules, m, arena_copy(m, name, n - (size_t)(name - env)), NULL, NULL);
        env += n + (env[n] == ',');
    }
    if (!config && access(".monitorrc.json", R_OK) == 0)
        config = ".monitorrc.json";
    return config ? add_file(rules, m, config) : 0;
}
