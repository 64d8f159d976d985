/*
 * safe_file: files that root's configuration names, in folders that belong to somebody else.
 *
 * Nothing follows a link, at no place of the path; nothing but a plain file of an allowed
 * owner with one name is read or replaced. A file is replaced by rename, so that it is the
 * old one or the new one at every moment; what it was is kept in .tocsin-backups beside it,
 * a folder only we can enter, where the new file is written as well.
 */
#ifndef AGENT_SAFE_FILE_H
#define AGENT_SAFE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define SAFE_FOLDER     ".tocsin-backups"
#define SAFE_OWNERS     4
#define SAFE_STAMP_SIZE 40

struct safe_fail {
    int status; /* as HTTP has it: 403 409 412 413 423 500 507 */
    char text[300];
};

struct safe_rule {
    uid_t owner[SAFE_OWNERS]; /* whose the file may be */
    int nowners;
    size_t max; /* bytes */
};

struct safe_place { /* a folder, open, and a name in it */
    int dir;
    char name[NAME_MAX + 1];
    struct stat folder;
};

struct safe_file {
    bool exists;
    struct stat st;
    char *bytes;
    size_t n;
};

/* Open the folder of an absolute path. 0, or -1 with *fail. */
int safe_open(struct safe_place *place, const char *path, struct safe_fail *fail);
void safe_close(struct safe_place *place);

/* Read the file; it need not be there (then st has whose it would be). free(file->bytes)
 * afterwards. */
int safe_read(const struct safe_place *place, const struct safe_rule *rule,
              struct safe_file *file, struct safe_fail *fail);
/* Its facts alone: 0 and file->exists, or -1 when it is not one that may be read. */
int safe_look(const struct safe_place *place, const struct safe_rule *rule,
              struct safe_file *file, struct safe_fail *fail);
/* Could we replace it and leave it with its owner? */
bool safe_writable(const struct safe_place *place, const struct safe_file *file);

/*
 * Put the bytes in the place of `old`, which was read a moment ago; 412 when it is another by
 * now. Owner, mode and extended attributes stay; a new file gets those of old->st, and 0600.
 * `keep` backups are kept; the new one's stamp is written to it, or "" when there was none.
 */
int safe_replace(const struct safe_place *place, const struct safe_file *old,
                 const char *bytes, size_t n, int keep, char stamp[SAFE_STAMP_SIZE],
                 struct safe_fail *fail);

struct safe_backup {
    char stamp[SAFE_STAMP_SIZE]; /* 20261121T093000.123456Z-1 */
    off_t size;
};

/* The backups of the place's file, newest first; *list is to be freed. Their number, or -1. */
int safe_backups(const struct safe_place *place, struct safe_backup **list,
                 struct safe_fail *fail);
/* One of them; 404 when it is not there, whatever the stamp looks like. */
int safe_backup_read(const struct safe_place *place, const char *stamp, size_t max,
                     struct safe_file *file, struct safe_fail *fail);
bool safe_stamp_ok(const char *stamp);

/* ---- for tests */

/* Called after each step of safe_replace. */
extern void (*safe_step)(const char *step);
/* As on a kernel without openat2. */
extern bool safe_old_kernel;

/* ---- of safe_file.c, for safe_write.c and safe_backup.c */

__attribute__((format(printf, 3, 4))) int safe_refuse(struct safe_fail *fail, int status,
                                                      const char *format, ...);
/* Open a name in a folder, following nothing. -1 and errno. */
int safe_at(int dir, const char *name, int flags, mode_t mode);
/* All of an open file, at most max bytes. */
int safe_load(int fd, size_t max, struct safe_file *file, struct safe_fail *fail);
/* The backup folder, made when `make`; -1 with *fail, or with status 404 when there is none.
 */
int safe_folder(const struct safe_place *place, bool make, struct safe_fail *fail);
/* Take away all but the newest `keep`. */
void safe_prune(const struct safe_place *place, int folder, int keep);
/* A stamp for now, later than that of every backup there is. */
void safe_stamp(const struct safe_place *place, int folder, char stamp[SAFE_STAMP_SIZE]);
/* name.stamp */
void safe_backup_name(const struct safe_place *place, const char *stamp,
                      char name[NAME_MAX + 1]);

#endif
