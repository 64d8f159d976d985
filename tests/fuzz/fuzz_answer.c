/* Answers of the gateway: read in pieces they are what they are at once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of the body, or -1; they go to the front of text. */
static ssize_t take(struct answer *a, char *text, size_t size, size_t step)
{
    size_t got = 0;

    answer_init(a);
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        char *piece = malloc(n); /* a block of its own: one byte too far is seen */
        ssize_t m;

        memcpy(piece, text + at, n);
        m = answer_take(a, piece, n);
        if (m > (ssize_t)n)
            abort();
        if (m > 0)
            memcpy(text + got, piece, (size_t)m);
        got += m > 0 ? (size_t)m : 0;
        free(piece);
        if (m < 0)
            return -1;
    }
    return (ssize_t)got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *whole = malloc(size + 1), *pieces = malloc(size + 1);
    struct answer a, b;
    ssize_t n, m;

    memcpy(whole, data, size);
    memcpy(pieces, data, size);
    n = take(&a, whole, size, size ? size : 1);
    m = take(&b, pieces, size, 3);
    if (n != m || a.status != b.status || a.over != b.over || strcmp(a.type, b.type) ||
        strcmp(a.etag, b.etag) || (n > 0 && memcmp(whole, pieces, (size_t)n)))
        abort();
    if (a.status && (a.status < 200 || a.status > 599))
        abort();
    free(whole);
    free(pieces);
    return 0;
}
