#include "argv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The next word of *from into *to; false: a quote is not closed. */
static bool word(const char **from, char **to)
{
    const char *s = *from;
    char *out = *to, quote = 0;

    for (; *s && (quote || (*s != ' ' && *s != '\t')); s++) {
        if (*s == quote)
            quote = 0;
        else if (!quote && (*s == '"' || *s == '\''))
            quote = *s;
        else if (*s == '\\' && quote != '\'' && s[1])
            *out++ = *++s;
        else
            *out++ = *s;
    }
    *out++ = '\0';
    *from = s;
    *to = out;
    return !quote;
}

char **argv_split(const char *line, const char **why)
{
    char **argv = malloc((ARGV_MAX + 1) * sizeof(*argv) + strlen(line) + 2), *to;
    int n = 0;

    *why = "out of memory";
    if (!argv)
        return NULL;
    to = (char *)(argv + ARGV_MAX + 1);
    for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
        *why = n == ARGV_MAX ? "has more than 64 words" : NULL;
        if (!*why) {
            argv[n++] = to;
            *why = word(&line, &to) ? NULL : "has a quote that is not closed";
        }
        if (*why) {
            free(argv);
            return NULL;
        }
    }
    argv[n] = NULL;
    *why = n > 0 && argv[0][0] == '/' ? NULL : "must begin with an absolute path";
    if (*why) {
        free(argv);
        return NULL;
    }
    return argv;
}
