/* arena: blocks that double, each filled from the front. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define BLOCK_MIN 4096
#define BLOCK_MAX (1 << 20)

struct arena {
    struct arena *before;
    size_t used, size;
    alignas(max_align_t) char data[];
};

static struct arena *block(struct arena *before, size_t least)
{
    size_t size = before ? before->size * 2 : BLOCK_MIN;
    struct arena *a;

    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < least)
        size = least;
    a = calloc(1, sizeof(*a) + size);
    if (!a)
        abort();
    a->before = before;
    a->size = size;
    return a;
}

void *arena_alloc(struct arena **a, size_t size)
{
    void *got;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!*a || (*a)->size - (*a)->used < size)
        *a = block(*a, size);
    got = (*a)->data + (*a)->used;
    (*a)->used += size;
    return got;
}

char *arena_copy(struct arena **a, const char *s, size_t len)
{
    return memcpy(arena_alloc(a, len + 1), s, len);
}

char *arena_str(struct arena **a, const char *s)
{
    return s ? arena_copy(a, s, strlen(s)) : NULL;
}

void arena_free(struct arena **a)
{
    while (*a) {
        struct arena *before = (*a)->before;

        free(*a);
        *a = before;
    }
}
