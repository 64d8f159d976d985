/* Sets of characters, and the bytes that spell them. */
#include "log_regex_impl.h"

#include <stdlib.h>
#include <string.h>

void ranges_add(struct log_ranges *r, uint32_t from, uint32_t to)
{
    if (r->n < RANGES_MAX && from <= to) {
        r->at[r->n].from = from;
        r->at[r->n++].to = to;
    }
}

static int in_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

void ranges_tidy(struct log_ranges *r)
{
    int n = 0;

    if (r->n == 0)
        return;
    qsort(r->at, (size_t)r->n, sizeof(r->at[0]), in_order);
    for (int i = 1; i < r->n; i++)
        if (r->at[i].from <= r->at[n].to + 1) {
            if (r->at[i].to > r->at[n].to)
                r->at[n].to = r->at[i].to;
        }
        else {
            r->at[++n] = r->at[i];
        }
    r->n = n + 1;
}

void ranges_negate(struct log_ranges *r)
{
    struct log_ranges out = {0};
    uint32_t next = 0;

    for (int i = 0; i < r->n; i++) {
        if (r->at[i].from > next)
            ranges_add(&out, next, r->at[i].from - 1);
        next = r->at[i].to + 1;
    }
    if (next <= RUNE_MAX)
        ranges_add(&out, next, RUNE_MAX);
    *r = out;
}

void ranges_fold(struct log_ranges *r)
{
    int n = r->n;

    for (int i = 0; i < n; i++)
        for (int capital = 0; capital < 2; capital++) {
            uint32_t low = capital ? 'A' : 'a', from = r->at[i].from, to = r->at[i].to;

            from = from < low ? low : from;
            to = to > low + 25 ? low + 25 : to;
            if (from <= to)
                ranges_add(r, from ^ 0x20, to ^ 0x20);
        }
}

void ranges_class(struct log_ranges *r, char letter)
{
    struct log_ranges one = {0};

    switch (letter | 0x20) {
    case 'd':
        ranges_add(&one, '0', '9');
        break;
    case 'w':
        ranges_add(&one, '0', '9');
        ranges_add(&one, 'A', 'Z');
        ranges_add(&one, '_', '_');
        ranges_add(&one, 'a', 'z');
        break;
    default:
        ranges_add(&one, '\t', '\r');
        ranges_add(&one, ' ', ' ');
        ranges_add(&one, 0xa0, 0xa0);
        break;
    }
    if (letter < 'a')
        ranges_negate(&one);
    for (int i = 0; i < one.n; i++)
        ranges_add(r, one.at[i].from, one.at[i].to);
}

static int encode(uint32_t c, unsigned char out[4])
{
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xc0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xe0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

/* The greatest end of a range from `from` that one spelling says. */
static uint32_t spell_end(uint32_t from, uint32_t to)
{
    static const uint32_t lengths[] = {0x7f, 0x7ff, 0xffff, RUNE_MAX};

    for (int i = 0; i < 4; i++)
        if (from <= lengths[i] && to > lengths[i])
            to = lengths[i];
    /* the low bits of both ends must be all of them, or their high bits the same */
    for (int bits = 6; to > 0x7f && bits <= 18; bits += 6) {
        uint32_t mask = (1u << bits) - 1;

        if ((from & ~mask) == (to & ~mask))
            continue;
        if (from & mask)
            return (from | mask) < to ? from | mask : to;
        if ((to & mask) != mask)
            to = (to & ~mask) - 1;
    }
    return to;
}

int log_spell(uint32_t from, uint32_t to, struct log_spelling *out, int max)
{
    int n = 0;

    while (from <= to) {
        uint32_t end = spell_end(from, to);

        if (n == max)
            return -1;
        out[n].n = encode(from, out[n].from);
        encode(end, out[n].to);
        n++;
        from = end + 1;
    }
    return n;
}
