/*
 * hash: see hash.h.
 */
#include <string.h>

#include "hash.h"

#define M UINT64_C(0xc6a4a7935bd1e995)

static uint64_t mix(uint64_t k)
{
    k *= M;
    k ^= k >> 47;
    return k * M;
}

uint64_t hash64(const void *data, size_t len, uint64_t seed)
{
    const unsigned char *p = data, *end = p + (len & ~(size_t)7);
    uint64_t h = seed ^ (len * M), k;

    for (; p < end; p += 8) {
        memcpy(&k, p, 8);
        h = (h ^ mix(k)) * M;
    }
    k = 0;
    memcpy(&k, p, len & 7);
    if (len & 7)
        h = (h ^ k) * M;
    h ^= h >> 47;
    h *= M;
    return h ^ (h >> 47);
}
