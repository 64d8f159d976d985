/*
 * arena: memory that is given back all at once.
 *
 * What a status page is made of lives exactly as long as the page. Without memory the
 * process ends, as under APR.
 */
#ifndef TOCSIN_ARENA_H
#define TOCSIN_ARENA_H

#include <stddef.h>

struct arena; /* NULL is an empty one */

/* `size` bytes of zeroes, aligned for anything; lives until arena_free(). */
void *arena_alloc(struct arena **a, size_t size);
/* A copy of `len` bytes and a zero. */
char *arena_copy(struct arena **a, const char *s, size_t len);
/* A copy of a C string; of NULL: NULL. */
char *arena_str(struct arena **a, const char *s);
void arena_free(struct arena **a);

#endif
