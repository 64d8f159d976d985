/* names: a hash table with open addressing over an array. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "names.h"

static void grow(struct names *t)
{
    size_t slots = t->slots ? t->slots * 2 : 256;

    free(t->slot);
    t->slot = calloc(slots, sizeof(*t->slot));
    t->room = slots / 2;
    t->item = realloc(t->item, t->room * sizeof(*t->item));
    if (!t->slot || !t->item)
        abort();
    t->slots = slots;
    for (size_t i = 0; i < t->n; i++) {
        size_t at = t->item[i].hash & (slots - 1);

        while (t->slot[at])
            at = (at + 1) & (slots - 1);
        t->slot[at] = (uint32_t)i + 1;
    }
}

static uint32_t find(struct names *t, const char *text, size_t len)
{
    uint64_t hash = hash64(text, len, 0);
    size_t at;

    if (t->n == t->room)
        grow(t);
    for (at = hash & (t->slots - 1); t->slot[at]; at = (at + 1) & (t->slots - 1)) {
        struct name *it = &t->item[t->slot[at] - 1];

        if (it->hash == hash && it->len == len && !memcmp(it->text, text, len))
            return t->slot[at] - 1;
    }
    t->item[t->n] = (struct name){
        .text = arena_copy(&t->memory, text, len),
        .len = len,
        .hash = hash,
        .mark = INT32_MIN,
    };
    t->slot[at] = (uint32_t)++t->n;
    return (uint32_t)t->n - 1;
}

uint32_t names_id(struct names *t, const char *text, size_t len)
{
    uint32_t id;
    const struct name *next =
        names_next(t); /* systems are checked in the same order each time */

    if (next && next->len == len && !memcmp(next->text, text, len)) {
        t->before = (uint32_t)(next - t->item);
        return t->before;
    }
    id = find(t, text, len);
    t->item[t->before].next = id;
    t->before = id;
    return id;
}

void names_free(struct names *t)
{
    arena_free(&t->memory);
    free(t->item);
    free(t->slot);
    memset(t, 0, sizeof(*t));
}
