/*
 * buf: bytes that grow as they are added to, used again and again.
 *
 * Starts as zeroes, ends with buf_free(). Without memory the process ends, as under APR.
 */
#ifndef TOCSIN_BUF_H
#define TOCSIN_BUF_H

#include <stddef.h>

typedef struct {
    char *data; /* no zero at the end but by buf_end() */
    size_t len, size;
} buf;

void buf_add(buf *t, const char *data, size_t len);
void buf_puts(buf *t, const char *words);
/* Room for at least `more` bytes at data + len; the caller adds what he wrote to len. */
char *buf_room(buf *t, size_t more);
/* All of it as a C string, until more is added; the zero does not count. */
const char *buf_end(buf *t);
/* Empty; the room is kept unless it is great. */
void buf_clear(buf *t);
void buf_free(buf *t);

#endif
