/*
 * env_diff: what changes between two env files, line by line, with the secrets hidden; and
 * which keys are new, other or gone.
 */
#ifndef AGENT_ENV_DIFF_H
#define AGENT_ENV_DIFF_H

#include "env_mask.h"

struct env_row {
    char op;          /* '+', '-', ' ' */
    int line;         /* of the new file, or of the old one for '-' */
    const char *text; /* masked; not ended by a zero */
    size_t n;
};

struct env_diff {
    struct env_row *row;
    int n;
    bool *added;       /* by line of the new file, from 1: it was not there before */
    buf before, after; /* what the rows point into */
};

/* All lines, or, when there are very many, those that changed with some around them. */
void env_diff_make(struct env_diff *diff, const struct env_mask *mask,
                   const struct env_text *old, const struct env_text *new);
void env_diff_free(struct env_diff *diff);

enum env_change { ENV_ADDED, ENV_CHANGED, ENV_REMOVED };

/* Told of each key whose value (the one that counts) is not what it was. */
void env_diff_keys(const struct env_text *old, const struct env_text *new,
                   void (*tell)(void *arg, enum env_change change, const char *key, size_t n),
                   void *arg);

#endif
