/*
 * lock: one master on a host, by flock(2) on a file.
 *
 * The file holds the master's pid, and below it the uuids of its processes, so that the
 * next master knows whom a killed one left behind.
 */
#ifndef TOCSIND_LOCK_H
#define TOCSIND_LOCK_H

#define LOCK_IDS_MAX 200

struct lock {
    int fd;
    char id[LOCK_IDS_MAX][37]; /* left behind by the last holder, who is dead */
    int n;
};

/* 0; or -1 with a sentence that names the holder. */
int lock_take(struct lock *lock, const char *path, char *why, unsigned long size);

/* Write our pid and n uuids. */
void lock_write(struct lock *lock, char (*ids)[37], int n);

/* Empty the file and let go: nobody is left behind. */
void lock_free(struct lock *lock);

#endif
