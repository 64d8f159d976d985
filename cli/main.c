/* tocsin: the command line. Finds the command in the table and runs it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

/* clang-format off */
static const struct command *const commands[] = {
#ifndef TOCSIN_FILES_ONLY
    &cmd_admin_create, &cmd_demo,
    &cmd_fleet,
    &cmd_migrate,
#endif
    &cmd_probe,
#ifndef TOCSIN_FILES_ONLY
    &cmd_setup_code,
#endif
    &cmd_status_data,
    &cmd_version,
};
/* clang-format on */

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

void complain(const char *format, ...)
{
    va_list args;

    fputs("tocsin: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static void usage(const struct command *cmd, FILE *to)
{
    fprintf(to, "usage: tocsin %s%s%s\n", cmd->name, *cmd->args ? " " : "", cmd->args);
}

int cli_option(const struct command *self, int argc, char **argv, const struct option *options,
               int *status)
{
    int opt = getopt_long(argc, argv, "", options, NULL);

    *status = -1;
    if (opt == 'h') {
        usage(self, stdout);
        printf("\n%s.\n", self->summary);
        if (self->help)
            printf("\n%s", self->help);
        *status = EXIT_SUCCESS;
        return -1;
    }
    if (opt == -1 && optind < argc) {
        complain("%s: unexpected argument '%s'", self->name, argv[optind]);
        opt = '?';
    }
    if (opt == '?') {
        usage(self, stderr);
        *status = CLI_USAGE;
        return -1;
    }
    return opt;
}

static int help(FILE *to, int status)
{
    size_t i;

    fputs("usage: tocsin COMMAND [OPTION…]\n\ncommands:\n", to);
    for (i = 0; i < NCOMMANDS; i++)
        fprintf(to, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`tocsin COMMAND --help` says more.\n", to);
    return status;
}

int main(int argc, char **argv)
{
    const char *known[NCOMMANDS], *near;
    size_t i;

    if (argc < 2)
        return help(stderr, CLI_USAGE);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return help(stdout, EXIT_SUCCESS);
    if (!strcmp(argv[1], "--version"))
        argv[1] = (char *)"version";
    for (i = 0; i < NCOMMANDS; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return commands[i]->run(commands[i], argc - 1, argv + 1);

    for (i = 0; i < NCOMMANDS; i++)
        known[i] = commands[i]->name;
    if ((near = nearest(argv[1], known, NCOMMANDS)))
        complain("unknown command '%s', did you mean '%s'?", argv[1], near);
    else
        complain("unknown command '%s'", argv[1]);
    return help(stderr, CLI_USAGE);
}
