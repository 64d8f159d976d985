/*
 * names: each text once, and a number for it: the services of a store.
 *
 * Starts as zeroes, ends with names_free(). Numbers go from 0 upward; texts stay where they
 * are until then.
 */
#ifndef TOCSIN_NAMES_H
#define TOCSIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

struct name {
    const char *text;
    size_t len;
    uint64_t hash;
    int64_t last;  /* for who goes through the rows in turn */
    int32_t mark;  /* what `last` belongs to */
    uint32_t next; /* the name that came after this one the last time */
    bool verbatim; /* it needs no escapes in JSON; for store_own.c */
};

struct names {
    struct arena *memory;
    struct name *item;
    uint32_t *slot; /* of a hash table: number + 1 */
    size_t n, room, slots;
    uint32_t before; /* the last one asked for */
};

/* The number of the text, which is added when it is new. */
uint32_t names_id(struct names *names, const char *text, size_t len);
/* The one that came after the last one asked for, the last time; NULL: there are none. */
static inline const struct name *names_next(const struct names *names)
{
    return names->n > 0 ? &names->item[names->item[names->before].next] : NULL;
}
void names_free(struct names *names);

#endif
