/*
 * log_line: one line of what an app said, wherever it was kept, and its JSON.
 */
#ifndef AGENT_LOG_LINE_H
#define AGENT_LOG_LINE_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_TEXT_MAX   32768 /* bytes of a line that are kept */
#define LOG_CURSOR_MAX 400   /* journald's have some 130 */
#define LOG_LEVEL      6     /* of a line that says none */
#define LOG_LEVEL_ERR  3     /* so bad and worse is stderr, where nothing else tells */

struct log_line {
    const char *cursor; /* NUL-terminated */
    int64_t us;         /* since 1970 */
    int level;          /* 0 emergency to 7 debug */
    bool err;           /* it came by stderr */
    long pid;           /* 0: nobody knows */
    const char *text;   /* bytes; not NUL-terminated, and no UTF-8 for sure */
    size_t len;
    size_t cut; /* bytes of it that are not here */
};

/*
 * Adds {"c","t","p","s","m","n","cut"}. What is no UTF-8 becomes U+FFFD, a zero the picture of
 * one (U+2400): JSON could say it, but whoever keeps strings in C would lose the rest.
 */
void log_line_json(buf *out, const struct log_line *line);

/* A string of JSON with its quotes, by the same rules. */
void log_json_text(buf *out, const char *text, size_t len);

/* Text as log_line_json says it, without the quotes and signs of JSON. It is given back as it
 * is when it is clean already; otherwise out has it (which is emptied first). */
void log_text_clean(buf *out, const char **text, size_t *len);

/* The bytes of the character at s, or 0 when there is none in n bytes. */
size_t log_utf8(const char *s, size_t n);

/* The bytes of s up to max that end with a whole character. */
size_t log_utf8_fit(const char *s, size_t n, size_t max);

#endif
