/*
 * argv: a command line of the configuration as the words of an execve().
 *
 * Words stand between blanks; 'quotes' and "quotes" keep blanks, a backslash in double
 * quotes or outside keeps the next character. Nothing else means anything: there is no
 * shell, no variable, no wildcard. The first word is an absolute path.
 */
#ifndef AGENT_ARGV_H
#define AGENT_ARGV_H

#include <stddef.h>

#define ARGV_MAX 64

/* A NULL-ended array in one block, to be freed with free(); or NULL with the rule that is
 * broken in *why (static). */
char **argv_split(const char *line, const char **why);

#endif
