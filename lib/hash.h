/*
 * hash: a quick 64-bit hash (MurmurHash64A) for tables and ETags. Not for secrets: who
 * knows the seed can make collisions.
 */
#ifndef TOCSIN_HASH_H
#define TOCSIN_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash64(const void *data, size_t len, uint64_t seed);

#endif
