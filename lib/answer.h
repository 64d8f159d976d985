/*
 * answer: an answer in HTTP/1.1, read as its bytes come, from somebody who may lie.
 *
 * Start with answer_init(). Give it what was read by answer_take(), which leaves the bytes of
 * the body at the front of it, without chunks' framing. When the connection has closed,
 * answer_close() says whether anything is missing.
 */
#ifndef TOCSIN_ANSWER_H
#define TOCSIN_ANSWER_H

#include <stddef.h>
#include <sys/types.h>

#define ANSWER_LINE_MAX 512   /* bytes of a line that are looked at */
#define ANSWER_HEAD_MAX 16384 /* of all lines: of the head, and of what follows a body */

struct answer {
    int status;      /* 0 until the head is complete, then 200..599 */
    int over;        /* the body is complete */
    int retry_after; /* seconds; 0: not said */
    char type[64];   /* of the body, without parameters, in lower case */
    char etag[136];  /* with its quotes; empty: none */

    int state; /* what follows is answer.c's own */
    int said_length, chunked;
    long long left; /* bytes of the body, or of the chunk */
    size_t head, line;
    char text[ANSWER_LINE_MAX];
};

void answer_init(struct answer *a);
/* How many bytes of the body are at data now; -1: this is no answer. */
ssize_t answer_take(struct answer *a, char *data, size_t len);
/* The connection has closed: 1 when the answer is complete, which it is from now on. */
int answer_close(struct answer *a);

#endif
