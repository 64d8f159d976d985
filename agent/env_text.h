/*
 * env_text: a file of KEY=value lines, taken apart without losing a byte, and edited.
 *
 * The bytes stay as they were read; items point into them. A value is what both systemd's
 * EnvironmentFile= and a shell read; where the two differ there is a problem with its line,
 * and the value is systemd's, but that " #" ends it, as in shells. What is neither comment
 * nor KEY=value is an odd item, and kept as it is.
 */
#ifndef AGENT_ENV_TEXT_H
#define AGENT_ENV_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define ENV_MAX      (1 << 20) /* bytes of a file */
#define ENV_KEY_MAX  256
#define ENV_PROBLEMS 100 /* more are not told */

enum env_kind { ENV_BLANK, ENV_COMMENT, ENV_ENTRY, ENV_ODD };

struct env_item { /* a line, or the lines of one value */
    enum env_kind kind;
    int line, lines;       /* the first, and how many */
    size_t start, end;     /* of bytes, with the line end */
    size_t eol;            /* where the last line's end begins */
    size_t name, name_end; /* the key; of other items what stands before '=', or nothing */
    size_t raw, raw_end;   /* the value as written, with its quotes */
    char *value;           /* of an entry: the value as meant, n bytes and a zero */
    size_t n;
    char quote; /* ' or " around all of the value, or 0 */
    bool exported;
    bool open;  /* odd, because its quote is never closed */
    int behind; /* 1 + the open item that this odd line or comment may be a part of, or 0 */
};

struct env_problem {
    int line;
    char text[160];
};

struct env_text {
    char *bytes;
    size_t len;
    struct env_item *item;
    int n, lines;
    struct env_problem problem[ENV_PROBLEMS];
    int nproblems;
    int open; /* the line of a quote that is never closed, or 0 */
    bool crlf;
};

struct env_fail { /* why something was refused: a line or a key, or neither */
    int line;
    char key[ENV_KEY_MAX + 1];
    char text[200];
};

struct env_set {
    const char *key, *value;
    size_t n; /* of value */
};

struct env_edit {
    const struct env_set *set;
    int nset;
    const char *const *unset;
    int nunset;
    bool (*hidden)(void *arg, const struct env_item *item); /* its comment goes with it */
    void *arg;
};

/* Take bytes apart; t is to be freed in each case. -1 with the line when they are too many,
 * have a NUL or are not UTF-8. */
int env_parse(struct env_text *t, const char *bytes, size_t n, struct env_fail *fail);
void env_free(struct env_text *t);

/* The entry that counts (the last of its key), or NULL. */
const struct env_item *env_find(const struct env_text *t, const char *key);
bool env_name_is(const struct env_text *t, const struct env_item *item, const char *key);
bool env_key_ok(const char *key, size_t n);

/*
 * Write t with the edits into out. A value that is the same already changes nothing; a new
 * one keeps the line's place, export and kind of quotes where they can hold it; new keys go
 * to the end, in their order; unset takes away every line of the key. -1: *fail.
 */
int env_edit(const struct env_text *t, const struct env_edit *edit, buf *out,
             struct env_fail *fail);

/* value as it is to be written: like `like` (', " or 0) where that is possible. */
void env_quote(buf *out, const char *value, size_t n, char like);

/* The first byte of what is no UTF-8 or a NUL; n when all is well. */
size_t env_bad_byte(const char *bytes, size_t n);

__attribute__((format(printf, 4, 5))) int env_refuse(struct env_fail *fail, int line,
                                                     const char *key, const char *format, ...);

#endif
