#define _GNU_SOURCE
#include "git_head.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKED_MAX (4 << 20)

/* The file's first line; an app's folder is its owner's, so no link is followed and nothing
 * but a file is read. */
static bool first_line(int dir, const char *name, char *out, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    ssize_t n = -1;

    out[0] = '\0';
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = read(fd, out, size - 1);
    close(fd);
    if (n <= 0)
        return false;
    out[n] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static bool is_id(const char *s)
{
    size_t n = strspn(s, "0123456789abcdef");

    return (n == 40 || n == 64) && !s[n];
}

/* "ID refs/heads/main" in packed-refs */
static void packed(int dir, const char *ref, char id[GIT_HEAD_ID])
{
    int fd = openat(dir, "packed-refs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    size_t n = strlen(ref);
    char line[512];
    FILE *f;

    if (fd < 0)
        return;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > PACKED_MAX ||
        !(f = fdopen(fd, "r"))) {
        close(fd);
        return;
    }
    while (fgets(line, sizeof(line), f)) {
        char *name = strchr(line, ' ');

        if (!name || strncmp(name + 1, ref, n) || name[1 + n] != '\n')
            continue;
        *name = '\0';
        if (is_id(line))
            memcpy(id, line, strlen(line) + 1);
        break;
    }
    fclose(f);
}

void git_head(const char *dir, char id[GIT_HEAD_ID], char branch[GIT_HEAD_NAME])
{
    char path[1100], head[512], line[512];
    int fd;

    id[0] = branch[0] = '\0';
    snprintf(path, sizeof(path), "%s/.git", dir);
    if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
        return;
    if (first_line(fd, "HEAD", head, sizeof(head))) {
        if (is_id(head)) {
            memcpy(id, head, strlen(head) + 1);
        }
        else if (!strncmp(head, "ref: refs/heads/", 16) && !strstr(head, "..") &&
                 strlen(head + 16) < GIT_HEAD_NAME) {
            strcpy(branch, head + 16);
            if (first_line(fd, head + 5, line, sizeof(line)) && is_id(line))
                memcpy(id, line, strlen(line) + 1);
            else
                packed(fd, head + 5, id);
        }
    }
    close(fd);
}
