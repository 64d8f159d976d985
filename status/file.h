/*
 * file: files that are whole at any moment, old or new, and names that stay in their folder.
 *
 * Each function returns -1 with a sentence in `error` that names the file.
 */
#ifndef TOCSIN_FILE_H
#define TOCSIN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define FILE_SLUG_SIZE 104 /* room that every slug fits in, with its zero */

/* A file that is being written beside the one it will replace. */
struct file_new {
    int fd;
    char path[4096], temp[4096];
};

int file_new_open(struct file_new *f, const char *path, char *error, size_t size);
int file_new_write(struct file_new *f, const void *data, size_t len, char *error, size_t size);
/* fsync, rename, fsync of the folder; without `durable` only rename. On failure the old
 * file stays. */
int file_new_commit(struct file_new *f, bool durable, char *error, size_t size);
/* Forgets it; nothing happens after file_new_commit(), whatever that returned. */
void file_new_abort(struct file_new *f);

/* All of the above at once: durable when it returns 0. */
int file_replace(const char *path, const void *data, size_t len, char *error, size_t size);
/* The same unless the file has these bytes already. 1: written, 0: left alone. */
int file_replace_if_changed(const char *path, const void *data, size_t len, char *error,
                            size_t size);
/* As file_replace_if_changed() without fsync: for what is made again after a crash anyway,
 * such as the many files of a page. */
int file_refresh(const char *path, const void *data, size_t len, char *error, size_t size);

/* The bytes of a file and a zero, for free(); NULL with errno set: ENOENT, EFBIG when it is
 * longer than `max`, … */
char *file_read(const char *path, size_t max, size_t *len);

/* fsync of the folder that `path` stands in: a new file's name is safe then. -1: errno. */
int file_sync_folder(const char *path);

/* Makes `dir` and what is above it. */
int file_mkdirs(const char *dir, char *error, size_t size);

/*
 * A file name for any text: lower case, letters, digits and single '-' only; "entity-" and
 * hexadecimal digits when nothing is left of it ("日本" is "entity-e697a5e69cac"). A long one
 * is cut and ends in a hash. Different texts may have the same slug ("API", "a.p.i").
 */
void file_slug(const char *name, char *out, size_t size);

#endif
