/* dispatch: commands of several words, "status-data config add". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define ROWS_MAX 32

static const char *last_word(const char *name)
{
    const char *space = strrchr(name, ' ');

    return space ? space + 1 : name;
}

static int help(const struct command *self, const struct command *const *rows, size_t n,
                FILE *to, int status)
{
    size_t i;

    fprintf(to, "usage: tocsin %s COMMAND [OPTION…]\n\n%s.\n\ncommands:\n", self->name,
            self->summary);
    for (i = 0; i < n; i++)
        fprintf(to, "  %-14s %s\n", last_word(rows[i]->name), rows[i]->summary);
    fprintf(to, "\n`tocsin %s COMMAND --help` says more.\n", self->name);
    if (self->help)
        fprintf(to, "\n%s", self->help);
    return status;
}

int flags_dispatch(const struct command *self, const struct command *const *rows, size_t n,
                   int argc, char **argv)
{
    const char *known[ROWS_MAX], *near;
    size_t i;

    if (argc < 2)
        return help(self, rows, n, stderr, CLI_USAGE);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return help(self, rows, n, stdout, EXIT_SUCCESS);
    for (i = 0; i < n; i++)
        if (!strcmp(argv[1], last_word(rows[i]->name)))
            return rows[i]->run(rows[i], argc - 1, argv + 1);

    for (i = 0; i < n && i < ROWS_MAX; i++)
        known[i] = last_word(rows[i]->name);
    near = nearest(argv[1], known, i);
    if (near)
        complain("%s: unknown command '%s', did you mean '%s'?", self->name, argv[1], near);
    else
        complain("%s: unknown command '%s'", self->name, argv[1]);
    fprintf(stderr, "`tocsin %s --help` lists the commands.\n", self->name);
    return CLI_USAGE;
}
