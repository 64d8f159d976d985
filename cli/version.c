/* tocsin version: what is installed. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static int run(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {CLI_OPTIONS_END};
    int status;

    cli_option(self, argc, argv, options, &status);
    if (status != -1)
        return status;
    puts("tocsin " PACKAGE_VERSION);
    return EXIT_SUCCESS;
}

const struct command cmd_version = {
    .name = "version",
    .args = "",
    .summary = "print the version",
    .run = run,
};
