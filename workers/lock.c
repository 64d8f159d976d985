#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TEXT_MAX (16 + LOCK_IDS_MAX * 37)

static int is_uuid(const char *s)
{
    return strspn(s, "0123456789abcdef-") == 36 && s[36] == '\0';
}

static void take_ids(struct lock *lock, char *text)
{
    char *save = NULL, *word = strtok_r(text, "\n", &save); /* the pid */

    lock->n = 0;
    while (word && lock->n < LOCK_IDS_MAX && (word = strtok_r(NULL, "\n", &save)))
        if (is_uuid(word))
            memcpy(lock->id[lock->n++], word, 37);
}

int lock_take(struct lock *lock, const char *path, char *why, unsigned long size)
{
    char text[TEXT_MAX + 1];
    ssize_t n;

    if ((lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) < 0) {
        snprintf(why, size, "cannot open the lock file '%s': %s", path, strerror(errno));
        return -1;
    }
    n = pread(lock->fd, text, TEXT_MAX, 0);
    text[n > 0 ? n : 0] = '\0';
    if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0) {
        take_ids(lock, text);
        return 0;
    }
    if (errno == EWOULDBLOCK)
        snprintf(why, size, "another tocsind runs here: process %d holds '%s'", atoi(text),
                 path);
    else
        snprintf(why, size, "cannot lock '%s': %s", path, strerror(errno));
    close(lock->fd);
    lock->fd = -1;
    return -1;
}

void lock_write(struct lock *lock, char (*ids)[37], int n)
{
    char text[TEXT_MAX + 1];
    int at = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    for (int i = 0; i < n && i < LOCK_IDS_MAX; i++)
        at += snprintf(text + at, sizeof(text) - (size_t)at, "%s\n", ids[i]);
    /* longer text first, then cut: who reads between sees too many ids, never too few */
    if (pwrite(lock->fd, text, (size_t)at, 0) == at && ftruncate(lock->fd, at))
        return;
}

void lock_free(struct lock *lock)
{
    if (lock->fd < 0)
        return;
    if (ftruncate(lock->fd, 0))
        lock->n = 0;
    close(lock->fd);
    lock->fd = -1;
}
