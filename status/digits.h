/* digits: decimal digits eight at a time. */
#ifndef TOCSIN_DIGITS_H
#define TOCSIN_DIGITS_H

#include <stdint.h>

/* The byte in each of eight. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Of eight characters as memory has them on a machine that keeps the low byte first: a high
 * bit at the lowest one that is no digit. Those above it may have one, too. */
static inline uint64_t digits_odd(uint64_t word)
{
    return ((word + EACH(0x46)) | (word - EACH('0'))) & EACH(0x80);
}

/* The number that eight digits make, each of which is a byte from 0 to 9. */
static inline uint32_t digits_value(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return (uint32_t)(((word & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
                       ((word >> 16) & UINT64_C(0x000000ff000000ff)) *
                           UINT64_C(0x0000271000000001)) >>
                      32);
}

#endif
