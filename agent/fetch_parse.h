/*
 * fetch_parse: an HTTP/1.x answer, byte by byte as it comes, without a connection.
 */
#ifndef AGENT_FETCH_PARSE_H
#define AGENT_FETCH_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETCH_LINE_MAX  8192
#define FETCH_LINES_MAX 100

enum fetch_at {
    FETCH_STATUS,
    FETCH_HEADERS,
    FETCH_LENGTH, /* of a known length */
    FETCH_SIZE,   /* before a chunk, */
    FETCH_CHUNK,  /* in it, */
    FETCH_GAP,    /* behind it */
    FETCH_TRAILER,
    FETCH_REST, /* until the connection ends */
    FETCH_DONE,
    FETCH_WRONG,
};

struct fetch_parse {
    enum fetch_at at;
    int status;
    bool chunked, has_length, no_body; /* no_body: a HEAD was asked */
    uint64_t left;                     /* of the body or the chunk */
    char line[FETCH_LINE_MAX];
    size_t len;
    int lines;
    const char *error; /* FETCH_WRONG: why */
    void (*body)(void *arg, const char *bytes, size_t n);
    void *arg;
};

/* Eat n bytes; how many were eaten: less only when the answer is whole or wrong. */
size_t fetch_feed(struct fetch_parse *p, const char *bytes, size_t n);
/* The connection ended: is the answer whole? FETCH_DONE or FETCH_WRONG follow. */
void fetch_eof(struct fetch_parse *p);

#endif
