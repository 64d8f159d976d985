#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 2048

static bool hushed;

void log_hush(void)
{
    hushed = true;
}

/* One write a line. What strangers sent is in it: control characters become '?'. */
void log_line(enum log_level level, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    int n = 0, from, more;

    if (hushed)
        return;
    if (!isatty(STDERR_FILENO))
        n = snprintf(line, sizeof(line), "<%d>", (int)level);
    from = n;
    va_start(ap, fmt);
    more = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
    va_end(ap);
    if (more < 0)
        return;
    n += more < (int)sizeof(line) - n - 1 ? more : (int)sizeof(line) - n - 2;
    for (int i = from; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nobody left to tell */
}
