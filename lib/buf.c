/*
 * buf: bytes that grow as they are added to.
 */
#include "buf.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 4096
#define KEPT  (1 << 20) /* one great burst is no reason to keep the room */

char *buf_room(buf *t, size_t more)
{
    size_t size = t->size ? t->size : FIRST;

    while (size - t->len < more)
        size *= 2;
    if (size > t->size) {
        t->data = realloc(t->data, size);
        if (!t->data)
            abort();
        t->size = size;
    }
    return t->data + t->len;
}

void buf_add(buf *t, const char *data, size_t len)
{
    if (len == 0)
        return; /* data may be NULL then, which memcpy may not be given */
    memcpy(buf_room(t, len), data, len);
    t->len += len;
}

void buf_puts(buf *t, const char *words)
{
    buf_add(t, words, strlen(words));
}

const char *buf_end(buf *t)
{
    *buf_room(t, 1) = '\0';
    return t->data;
}

void buf_clear(buf *t)
{
    t->len = 0;
    if (t->size > KEPT)
        buf_free(t);
}

void buf_free(buf *t)
{
    free(t->data);
    memset(t, 0, sizeof(*t));
}
