/*
 * text: a stranger's text, one character at a time, and as a JSON string.
 *
 * What is no UTF-8, and what XML and JSON may not hold, counts as U+FFFD.
 */
#ifndef TOCSIN_TEXT_H
#define TOCSIN_TEXT_H

#include <stdint.h>

#include "buf.h"

#define TEXT_BAD 0xfffd

/* The character at the front of `n` > 0 bytes, and how many bytes it takes. */
size_t text_char(const char *s, size_t n, uint32_t *character);
/* Adds a character as UTF-8. */
void text_add(buf *out, uint32_t character);
/* How many bytes at the front of `n` are the same in HTML, XML and JSON: ASCII without control
 * characters and & < > " ' \. */
size_t text_plain(const char *s, size_t n);

/* A JSON string with its quotes; of NULL: null. */
void text_json(buf *out, const char *s);
void text_int(buf *out, int64_t n);

#endif
