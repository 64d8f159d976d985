/*
 * utf8: bytes of a stranger, made fit to be stored and shown as text.
 */
#ifndef TOCSIN_UTF8_H
#define TOCSIN_UTF8_H

#include <stddef.h>

/*
 * Copy n bytes into out (size bytes, NUL-terminated): what is no UTF-8, and control
 * characters but tab and line feed, become U+FFFD; carriage returns go. It ends at a whole
 * character. Returns the length.
 */
size_t utf8_clean(char *out, size_t size, const char *bytes, size_t n);

#endif
