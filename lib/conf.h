/*
 * conf: files of "key = value" lines, read by a table.
 *
 * '#' begins a comment where a line or a word begins; a value may stand in double quotes.
 * An unknown key, a key that came before (unless it is a list) and a value outside its
 * range are refused with the line's number. Defaults come from the table, so that a
 * program has one place where they stand. A file may have sections, "[word NAME]", each
 * with a table of its own: conf_read_sections().
 */
#ifndef TOCSIN_CONF_H
#define TOCSIN_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum conf_type {
    CONF_TEXT,  /* char *, malloc'd; NULL when unset without default */
    CONF_INT,   /* int; min..max */
    CONF_BOOL,  /* bool: yes, no */
    CONF_TIME,  /* long, seconds: a number with s, m, h or d; min..max */
    CONF_LIST,  /* struct conf_list: each line adds one */
    CONF_PAIRS, /* struct conf_pairs: each line "key NAME = value" adds one */
};

struct conf_list {
    char **item;
    int n;
};

struct conf_pair {
    char *name, *value;
};

struct conf_pairs {
    struct conf_pair *item;
    int n;
};

struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset;      /* in the struct that is filled */
    const char *normal; /* the default, as it would be written; NULL: none */
    long min, max;      /* CONF_INT, CONF_TIME; CONF_TEXT: length when max > 0 */
};                      /* tables end with a NULL name */

struct conf_error {
    int line;       /* 0: the file itself */
    char text[256]; /* what is wrong, without the file's name */
};

/* Fill `into` (zeroed by the caller) from the defaults and the file; path NULL: defaults
 * alone. 0, or -1 with *error; `into` is then to be freed as well. */
int conf_read(const char *path, const struct conf_key *keys, void *into,
              struct conf_error *error);
/* The same from a stream, which the caller closes. */
int conf_read_from(FILE *f, const struct conf_key *keys, void *into, struct conf_error *error);

/* How a file with sections is read. Each function may be NULL but begin; those that return
 * -1 fill error->text, the line is set already. */
struct conf_sections {
    const struct conf_key *keys; /* of what stands before the first section, */
    void *into;                  /* zeroed, and where that goes */
    const char *word;            /* "[word NAME]" begins a section */
    const struct conf_key *section_keys;
    /* zeroed room for the section of that name; NULL: refused */
    void *(*begin)(void *arg, const char *name, struct conf_error *error);
    /* is the value fit? Before it is stored; section is NULL before the first; name is
     * NULL but for CONF_PAIRS */
    int (*check)(void *arg, void *section, const char *key, const char *name,
                 const char *value, struct conf_error *error);
    /* the section is whole; the line is the one it began at */
    int (*end)(void *arg, void *section, struct conf_error *error);
    void *arg;
};

/* 0 or -1; what was begun is the caller's to free in both cases. */
int conf_read_sections(FILE *f, const struct conf_sections *how, struct conf_error *error);

void conf_free(const struct conf_key *keys, void *into);

#endif
