/*
 * cli: what the commands of `tocsin` share.
 *
 * A command is a row: its name, what it takes, a sentence, and a function that gets the
 * arguments after the name. It returns the exit status: EXIT_SUCCESS, EXIT_FAILURE when
 * it could not do its work (said on stderr), CLI_USAGE when it was called wrongly.
 */
#ifndef TOCSIN_CLI_H
#define TOCSIN_CLI_H

#include <getopt.h>

#define CLI_USAGE 2

struct command {
    const char *name;
    const char *args;    /* "[--dry-run]", for the usage line */
    const char *summary; /* a sentence, lower case, without full stop */
    const char *help;    /* paragraphs for `tocsin NAME --help`, or NULL */
    int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command cmd_admin_create;
extern const struct command cmd_demo;
extern const struct command cmd_fleet;
extern const struct command cmd_migrate;
extern const struct command cmd_probe;
extern const struct command cmd_setup_code;
extern const struct command cmd_status_data;
extern const struct command cmd_version;

/* One line on stderr: "tocsin: …". */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * getopt_long for a command: answers --help itself (*status EXIT_SUCCESS) and refuses
 * unknown flags and left-over words (*status CLI_USAGE); -1 at the end with *status -1.
 */
int cli_option(const struct command *self, int argc, char **argv, const struct option *options,
               int *status);

/* Every command's table of options ends with these. */
#define CLI_OPTIONS_END                                                                       \
    {"help", no_argument, NULL, 'h'},                                                         \
    {                                                                                         \
        NULL, 0, NULL, 0                                                                      \
    }

#endif
