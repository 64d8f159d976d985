#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048

static const char *const words[] = {"error", "warning", "info", "debug"};
static const char *tag = "tocsind";
static enum log_level least = LOG_LEVEL_INFO;

void log_init(const char *t, enum log_level l)
{
    tag = t;
    least = l;
}

int log_open(const char *path)
{
    int fd, r;

    if (!path)
        return 0;
    if ((fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)) < 0)
        return -1;
    r = dup2(fd, STDERR_FILENO);
    close(fd);
    return r < 0 ? -1 : 0;
}

int log_level_parse(const char *word)
{
    for (int i = 0; i <= LOG_LEVEL_DEBUG; i++)
        if (!strcmp(words[i], word))
            return i;
    return -1;
}

/* One write(2) a line: lines of several processes never mix. */
__attribute__((format(printf, 2, 0))) static void line(enum log_level level, const char *fmt,
                                                       va_list ap)
{
    char buf[LINE_BYTES];
    struct timespec ts;
    struct tm tm;
    size_t n;
    int more;

    if (level > least)
        return;
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    n = strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(buf + n, sizeof(buf) - n, ".%03ldZ %s %s[%d] ", ts.tv_nsec / 1000000,
                          words[level], tag, (int)getpid());
    more = vsnprintf(buf + n, sizeof(buf) - n - 1, fmt, ap);
    for (size_t end = n; more > 0 && buf[end]; end++)
        if ((unsigned char)buf[end] < ' ' || buf[end] == 0x7f)
            buf[end] = ' ';
    n = strlen(buf);
    while (n > 0 && buf[n - 1] == ' ')
        n--;
    buf[n++] = '\n';
    if (write(STDERR_FILENO, buf, n) < 0)
        return; /* nowhere to say it */
}

#define LOG_FUNCTION(name, level)                                                             \
    void name(const char *fmt, ...)                                                           \
    {                                                                                         \
        va_list ap;                                                                           \
        va_start(ap, fmt);                                                                    \
        line(level, fmt, ap);                                                                 \
        va_end(ap);                                                                           \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
