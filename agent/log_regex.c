/*
 * The machine. A state is a set of places in the program, and what kind of byte was before it;
 * a place is gone through only when the next byte is known, so that \b, ^ and $ need nothing
 * of their own. States are made when they are first needed, and all forgotten when they take
 * too much room.
 */
#include "log_regex_impl.h"
#include "hash.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MAX   (192 << 10) /* bytes of states */
#define STATES_MAX 1000
#define SLOTS      2048 /* of the table; a power of two */
#define NOT_YET    0    /* no state goes there yet */
#define FOUND      1
#define NOWHERE    0xffff /* the text ends here, and it was not in it */
#define FIRST      2      /* the first of the states that are one */

enum { AT_BEGIN, AFTER_WORD, AFTER_OTHER };

struct state {
    uint16_t *place; /* ascending */
    int nplaces;
    int before;
    uint16_t *next; /* by class of bytes; the last is the end of the text */
};

struct log_regex {
    struct log_program *program;
    unsigned char class_of[256];
    int nclasses;                  /* without the end */
    unsigned char one_of[256 + 1]; /* a byte of each class */
    struct state state[STATES_MAX];
    int nstates;
    uint16_t slot[SLOTS];
    size_t room;
    uint16_t first;
    /* for one step */
    uint64_t seen[(PROGRAM_MAX + 63) / 64], wanted[(PROGRAM_MAX + 63) / 64];
    uint16_t stack[PROGRAM_MAX * 2 + 2];
};

static bool is_word(unsigned c)
{
    return c < 0x80 && (isalnum((int)c) || c == '_');
}

/* Bytes that no step tells apart are one class. */
static void sort_bytes(struct log_regex *r)
{
    const struct log_program *p = r->program;

    for (unsigned c = 0; c < 256; c++) {
        int k, i;

        for (k = 0; k < r->nclasses; k++) {
            unsigned other = r->one_of[k];

            if (is_word(c) != is_word(other))
                continue;
            for (i = 0; i < p->nsets && set_has(&p->set[i], c) == set_has(&p->set[i], other);
                 i++)
                ;
            if (i == p->nsets)
                break;
        }
        if (k == r->nclasses)
            r->one_of[r->nclasses++] = (unsigned char)c;
        r->class_of[c] = (unsigned char)k;
    }
}

static void forget(struct log_regex *r)
{
    for (int i = FIRST; i < r->nstates; i++) {
        free(r->state[i].place);
        free(r->state[i].next);
    }
    memset(r->slot, 0, sizeof(r->slot));
    r->nstates = FIRST;
    r->room = 0;
}

static void mark(uint64_t *set, unsigned i)
{
    set[i / 64] |= 1ULL << (i % 64);
}

static bool marked(const uint64_t *set, unsigned i)
{
    return set[i / 64] >> (i % 64) & 1;
}

/* The places of r->wanted as a state; there may be one already. */
static uint16_t state_of(struct log_regex *r, int before)
{
    uint16_t place[PROGRAM_MAX];
    int n = 0, words = (r->program->nsteps + 63) / 64;
    size_t slot, row = (size_t)(r->nclasses + 1) * sizeof(uint16_t);
    struct state *s;

    for (int w = 0; w < words; w++)
        for (uint64_t bits = r->wanted[w]; bits; bits &= bits - 1)
            place[n++] = (uint16_t)(w * 64 + __builtin_ctzll(bits));
    slot = hash64(place, (size_t)n * sizeof(place[0]), (uint64_t)before) % SLOTS;
    for (; r->slot[slot]; slot = (slot + 1) % SLOTS) {
        s = &r->state[r->slot[slot]];
        if (s->before == before && s->nplaces == n &&
            !memcmp(s->place, place, (size_t)n * sizeof(place[0])))
            return r->slot[slot];
    }
    s = &r->state[r->nstates];
    s->before = before;
    s->nplaces = n;
    s->place = malloc((size_t)n * sizeof(place[0]) + 1);
    s->next = calloc(1, row);
    if (!s->place || !s->next)
        abort();
    memcpy(s->place, place, (size_t)n * sizeof(place[0]));
    r->room += row + (size_t)n * sizeof(place[0]);
    r->slot[slot] = (uint16_t)r->nstates;
    return (uint16_t)r->nstates++;
}

static uint16_t first_state(struct log_regex *r)
{
    memset(r->wanted, 0, sizeof(r->wanted));
    mark(r->wanted, 0);
    return r->first = state_of(r, AT_BEGIN);
}

/* Goes through all that is free from one place on; c < 0: the text is over. true: found. */
static bool walk(struct log_regex *r, unsigned from, int before, int c)
{
    const struct log_program *p = r->program;
    bool edge = (before == AFTER_WORD) != (c >= 0 && is_word((unsigned)c));
    int n = 0;

    r->stack[n++] = (uint16_t)from;
    while (n > 0) {
        unsigned at = r->stack[--n];
        const struct log_step *s = &p->step[at];

        if (marked(r->seen, at))
            continue;
        mark(r->seen, at);
        switch (s->op) {
        case OP_SET:
            if (c >= 0 && set_has(&p->set[s->x], (unsigned)c))
                mark(r->wanted, at + 1);
            break;
        case OP_SPLIT:
            r->stack[n++] = s->y;
            r->stack[n++] = s->x;
            break;
        case OP_JUMP:
            r->stack[n++] = s->x;
            break;
        case OP_BEGIN:
            if (before == AT_BEGIN)
                r->stack[n++] = (uint16_t)(at + 1);
            break;
        case OP_END:
            if (c < 0)
                r->stack[n++] = (uint16_t)(at + 1);
            break;
        case OP_WORD:
        case OP_NO_WORD:
            if (edge == (s->op == OP_WORD))
                r->stack[n++] = (uint16_t)(at + 1);
            break;
        case OP_MATCH:
            return true;
        }
    }
    return false;
}

/* The state behind this one for a class of bytes. */
static uint16_t step(struct log_regex *r, uint16_t from, int class)
{
    struct state *s = &r->state[from];
    int c = class < r->nclasses ? r->one_of[class] : -1;
    uint16_t to;

    memset(r->seen, 0, sizeof(r->seen));
    memset(r->wanted, 0, sizeof(r->wanted));
    for (int i = 0; i < s->nplaces; i++)
        if (walk(r, s->place[i], s->before, c))
            return s->next[class] = FOUND;
    if (c < 0)
        return s->next[class] = NOWHERE;
    mark(r->wanted, 0); /* it may begin anywhere */
    if (r->room > ROOM_MAX || r->nstates == STATES_MAX) {
        forget(r);
        to = state_of(r, is_word((unsigned)c) ? AFTER_WORD : AFTER_OTHER);
        memset(r->wanted, 0, sizeof(r->wanted));
        r->first = NOT_YET;
        return to;
    }
    to = state_of(r, is_word((unsigned)c) ? AFTER_WORD : AFTER_OTHER);
    return r->state[from].next[class] = to;
}

bool log_regex_match(struct log_regex *r, const char *text, size_t len)
{
    uint16_t at = r->first != NOT_YET ? r->first : first_state(r);

    for (size_t i = 0; i < len; i++) {
        int class = r->class_of[(unsigned char)text[i]];
        uint16_t to = r->state[at].next[class];

        if (to == NOT_YET)
            to = step(r, at, class);
        if (to == FOUND)
            return true;
        at = to;
    }
    if (r->state[at].next[r->nclasses] == NOT_YET)
        step(r, at, r->nclasses);
    return r->state[at].next[r->nclasses] == FOUND;
}

static struct log_regex *made(int (*make)(struct log_program *, const char *, const char **),
                              const char *pattern, const char **why)
{
    struct log_regex *r = calloc(1, sizeof(*r));
    struct log_program *p = calloc(1, sizeof(*p));

    if (!r || !p)
        abort();
    r->program = p;
    r->nstates = FIRST;
    if (make(p, pattern, why)) {
        log_regex_free(r);
        return NULL;
    }
    sort_bytes(r);
    return r;
}

struct log_regex *log_regex_new(const char *pattern, const char **why)
{
    return made(log_program_make, pattern, why);
}

struct log_regex *log_regex_words(const char *words, const char **why)
{
    return made(log_program_words, words, why);
}

void log_regex_free(struct log_regex *r)
{
    if (!r)
        return;
    forget(r);
    free(r->program);
    free(r);
}
