/* Between the parts of log_regex: the program that a pattern becomes. */
#ifndef AGENT_LOG_REGEX_IMPL_H
#define AGENT_LOG_REGEX_IMPL_H

#include "log_regex.h"

#include <stdint.h>

#define PROGRAM_MAX 3000 /* steps */
#define SETS_MAX    256

enum log_op { OP_SET, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_WORD, OP_NO_WORD, OP_MATCH };

struct log_step {
    uint8_t op;
    uint16_t x, y; /* where to; of OP_SET x is a set's number, and it goes on behind */
};

typedef struct {
    uint64_t bit[4];
} byte_set;

static inline bool set_has(const byte_set *s, unsigned c)
{
    return s->bit[c >> 6] >> (c & 63) & 1;
}

struct log_program {
    struct log_step step[PROGRAM_MAX];
    byte_set set[SETS_MAX];
    int nsteps, nsets;
};

/* 0, or -1 with *why. */
int log_program_make(struct log_program *p, const char *pattern, const char **why);
int log_program_words(struct log_program *p, const char *words, const char **why);

/* ---- of log_regex_set.c: characters as sequences of bytes */

#define RANGES_MAX 128

struct log_ranges {
    struct {
        uint32_t from, to;
    } at[RANGES_MAX];
    int n;
};

#define RUNE_MAX 0x10ffff

void ranges_add(struct log_ranges *r, uint32_t from, uint32_t to);
void ranges_fold(struct log_ranges *r);   /* the other case of ASCII letters, too */
void ranges_negate(struct log_ranges *r); /* of a sorted and merged one */
void ranges_tidy(struct log_ranges *r);   /* sort and merge */
/* 'd', 'w', 's' or their opposites in capitals. */
void ranges_class(struct log_ranges *r, char letter);

/* Up to four ranges of bytes that spell a range of characters of one length. */
struct log_spelling {
    unsigned char from[4], to[4];
    int n;
};
/* All of a range; how many. At most `max` are written; -1: there are more. */
int log_spell(uint32_t from, uint32_t to, struct log_spelling *out, int max);

/* ---- of log_regex_emit.c: a program while it is made. What goes wrong is said once, and ends
 * the reading. */

struct maker {
    struct log_program *p;
    const char *s, *end, *why;
    bool dry, fold;
    int depth, work;
};

void maker_wrong(struct maker *m, const char *why);
/* The number of the step; nothing is written while `dry`. */
int maker_emit(struct maker *m, int op, int x, int y);
void maker_ranges(struct maker *m, struct log_ranges *r);
void maker_rune(struct maker *m, uint32_t c);
int maker_end(struct maker *m, const char **why);

#endif
