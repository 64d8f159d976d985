/* tocsin status-data config: edits .monitorrc.json. Finds its command in the table. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "status_data.h"

static int list(const struct command *self, int argc, char **argv)
{
    const char *path = ".monitorrc.json", *name, *url;
    const struct flag flags[] = {
        {"config", FLAG_TEXT, &path, "FILE", "the file (.monitorrc.json)"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);
    json_t *root, *one;
    json_error_t e;
    size_t i;

    if (status >= 0)
        return status;
    if (!(root = json_load_file(path, 0, &e))) {
        complain("%s:%d: %s", path, e.line, e.text);
        return EXIT_FAILURE;
    }
    json_array_foreach(json_object_get(root, "systems"), i, one)
    {
        if (json_unpack(one, "{s:s, s:s}", "system", &name, "url", &url) == 0)
            printf("%s %s\n", name, url);
    }
    json_decref(root);
    return EXIT_SUCCESS;
}

static const struct command config_list = {
    .name = "status-data config list",
    .args = "[--config FILE]",
    .summary = "the systems that are watched",
    .run = list,
};

static const struct command *const rows[] = {
    &config_list,
};

static int run(const struct command *self, int argc, char **argv)
{
    return flags_dispatch(self, rows, sizeof(rows) / sizeof(*rows), argc, argv);
}

const struct command data_config = {
    .name = "status-data config",
    .args = "COMMAND [OPTION…]",
    .summary = "which systems are watched: edits .monitorrc.json",
    .run = run,
};
