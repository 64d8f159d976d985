#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 2048

int proc_path(const struct conf *conf, char *out, size_t size, const char *fmt, ...)
{
    size_t n = strlen(conf->root);
    va_list ap;
    int more;

    while (n > 0 && conf->root[n - 1] == '/')
        n--;
    if (n >= size)
        return -1;
    memcpy(out, conf->root, n);
    va_start(ap, fmt);
    more = vsnprintf(out + n, size - n, fmt, ap);
    va_end(ap);
    return more >= 0 && (size_t)more < size - n ? 0 : -1;
}

static ssize_t read_file(const struct conf *conf, const char *path, char *out, size_t size)
{
    char full[PATH_BYTES];
    size_t n = 0;
    ssize_t more = -1;
    int fd;

    out[0] = '\0';
    if (proc_path(conf, full, sizeof(full), "%s", path) ||
        (fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        return -1;
    while (n < size - 1 && (more = read(fd, out + n, size - 1 - n)) > 0)
        n += (size_t)more;
    close(fd);
    out[n] = '\0';
    return more < 0 && n == 0 ? -1 : (ssize_t)n;
}

ssize_t proc_text(const struct conf *conf, const char *path, char *out, size_t size)
{
    ssize_t n = read_file(conf, path, out, size);

    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
        out[--n] = '\0';
    return n;
}

char *proc_all(const struct conf *conf, const char *path, size_t most)
{
    char *text = malloc(most + 1), *less;
    ssize_t n = text ? read_file(conf, path, text, most + 1) : -1;

    if (n < 0) {
        free(text);
        return NULL;
    }
    return (less = realloc(text, (size_t)n + 1)) ? less : text;
}

bool proc_number(const struct conf *conf, const char *path, uint64_t *out)
{
    char text[64], *end;

    if (proc_text(conf, path, text, sizeof(text)) <= 0 || text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && !*end;
}

const char *text_next(const char *line)
{
    const char *end = strchr(line, '\n');

    return end && end[1] ? end + 1 : NULL;
}

bool text_number(const char *text, const char *key, uint64_t *out)
{
    size_t n = strlen(key);

    for (const char *line = text; line; line = text_next(line))
        if (!strncmp(line, key, n) && (line[n] == ' ' || line[n] == ':' || line[n] == '\t')) {
            const char *s = line + n + 1 + strspn(line + n + 1, " \t");
            char *end;

            *out = strtoull(s, &end, 10);
            return end != s;
        }
    return false;
}
