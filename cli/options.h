/*
 * options: the flags of a command as a table, read and explained from it.
 *
 *     const struct flag flags[] = {
 *         {"output-dir", FLAG_TEXT, &dir, "DIR", "folder of the data (status-data)"},
 *         {"window", FLAG_INT, &window, "DAYS", "days to sum up (90)", 1, 3660},
 *         {NULL},
 *     };
 *     int status = flags_read(self, flags, argc, argv);
 *
 *     if (status >= 0)
 *         return status;
 *
 * `--flag value` and `--flag=value` are the same; `--help` is answered here; what is not in
 * the table is refused with the name that is nearest. Values that no flag names keep what
 * the caller put there.
 */
#ifndef TOCSIN_CLI_OPTIONS_H
#define TOCSIN_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

/* Rows end where the rest is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum flag_type {
    FLAG_SWITCH, /* bool */
    FLAG_TEXT,   /* const char *: not empty */
    FLAG_INT,    /* long in [least, most] */
    FLAG_MS,     /* long, milliseconds in [least, most]: "10000", "10s", "2m" */
    FLAG_LIST,   /* struct flag_list: "a,b"; given again it adds */
    FLAG_TIME,   /* int64_t, ms since 1970: "2026-11-21T10:00:00Z", "2026-11-21", "now", ms */
    FLAG_WORDS,  /* struct flag_list: what is no flag; `arg` is what help calls it */
};

struct flag_list {
    const char **item;
    size_t n;
};

struct flag {
    const char *name; /* without the dashes; for FLAG_WORDS anything */
    enum flag_type type;
    void *to;
    const char *arg;  /* "DIR"; NULL for a switch */
    const char *help; /* with the default in parentheses; NULL: an old name, not shown */
    long least, most; /* both 0: no limits but 0 … 2^31-1 */
};

/* -1: all is read, go on; else the exit status to end with, everything is said. */
int flags_read(const struct command *self, const struct flag *flags, int argc, char **argv);

/* Was `--name` given on this command line? (For "as the file says unless told.") */
bool flags_given(const char *name);

/* Now, in ms since 1970: what --as-of stands in for. */
int64_t clock_ms(void);

/*
 * A command of several words: finds argv[1] among the last words of the rows' names
 * ("status-data sync") and runs it. Answers --help and what is unknown itself.
 */
int flags_dispatch(const struct command *self, const struct command *const *rows, size_t n,
                   int argc, char **argv);

/* The one of `known` that `word` was most likely meant to be, NULL when none is near. */
const char *nearest(const char *word, const char *const *known, size_t n);

#endif
