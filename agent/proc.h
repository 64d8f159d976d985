/*
 * proc: small files of the kernel, below conf->root (tests have trees of their own).
 */
#ifndef AGENT_PROC_H
#define AGENT_PROC_H

#include "agent_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* conf->root and what follows, in out. -1: too long. */
int proc_path(const struct conf *conf, char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The file's first size-1 bytes without trailing line ends; the length, or -1 and "". */
ssize_t proc_text(const struct conf *conf, const char *path, char *out, size_t size);

/* All of a file of at most `most` bytes, NUL-terminated, to be freed; or NULL. */
char *proc_all(const struct conf *conf, const char *path, size_t most);

/* A file that is one number; false: not there, not one ("max"). */
bool proc_number(const struct conf *conf, const char *path, uint64_t *out);

/* The number behind "key " or "key:" at the beginning of a line of text. */
bool text_number(const char *text, const char *key, uint64_t *out);

/* The line behind this one, or NULL. */
const char *text_next(const char *line);

#endif
