/*
 * search: finds a text in a stream that comes in pieces, in one pass and linear time.
 */
#ifndef TOCSIN_SEARCH_H
#define TOCSIN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEARCH_MAX 256 /* bytes of the text that is looked for */

struct search {
    size_t len;
    char text[SEARCH_MAX];
    uint16_t back[SEARCH_MAX]; /* after a mismatch: how much of the text still stands */
};

/* -1: the text is empty or longer than SEARCH_MAX. */
int search_init(struct search *s, const char *text, size_t len);

/* Look through the next piece. *at is 0 in the beginning and belongs to the stream; true
 * once the text has been seen. */
bool search_feed(const struct search *s, size_t *at, const char *bytes, size_t n);

#endif
