/*
 * store_own: lines as this program and the seed's write them, straight into rows.
 *
 *     {"t":1699123456789,"svc":"api","state":"up","code":200,"lat":145,"err":"Timeout"}
 *
 * The keys in their order, no spaces, no escapes: a million of them are nearly all that
 * summarize does. It could be left out: line_read() reads the same.
 */
#include <string.h>

#include "digits.h"
#include "line.h"
#include "store_in.h"

#define HEAD 32 /* bytes that are there before a name, so that its start may be looked at */
#define TAIL 64 /* and behind it: what its words and numbers can take, and a word more */

__attribute__((always_inline)) static inline bool eat(const char **p, const char *word,
                                                      size_t n)
{
    if (memcmp(*p, word, n))
        return false;
    *p += n;
    return true;
}

#define EAT(word) eat(p, word, sizeof(word) - 1)

/* Thirteen digits: any time between 2001 and 2286. */
static inline bool own_time(const char **p, int64_t *t)
{
    uint64_t high, low;

    memcpy(&high, *p, 8);
    memcpy(&low, *p + 8, 8);
    low = low << 24 | (EACH('0') >> 40);
    if (**p == '0' || digits_odd(high) || digits_odd(low))
        return false;
    *t = (int64_t)digits_value(high - EACH('0')) * 100000 + digits_value(low - EACH('0'));
    *p += 13;
    return true;
}

/* One to seven digits. */
static inline bool own_number(const char **p, int32_t *number)
{
    uint64_t word, odd;
    int n;

    memcpy(&word, *p, 8);
    odd = digits_odd(word);
    n = odd ? __builtin_ctzll(odd) / 8 : 0;
    if (n == 0 || (**p == '0' && n > 1))
        return false;
    *number = (int32_t)digits_value((word - EACH('0')) << (64 - n * 8));
    *p += n;
    return true;
}

static inline bool own_state(const char **p, uint8_t *state)
{
    if (EAT("up\""))
        *state = STATE_UP;
    else if (EAT("down\""))
        *state = STATE_DOWN;
    else if (EAT("degraded\""))
        *state = STATE_DEGRADED;
    else if (EAT("maintenance\""))
        *state = STATE_MAINTENANCE;
    else
        return false;
    return true;
}

/* How long the string is that begins at p, when it stands there as it is. */
static size_t own_string(const char *p, const char *end)
{
    const char *s = p;
    size_t n;

    while (s < end && *s != '"') {
        if ((unsigned char)*s < ' ' || *s == '\\' || !(n = line_utf8(s, (size_t)(end - s))))
            return 0;
        s += n;
    }
    return s < end ? (size_t)(s - p) : 0;
}

/* As memcmp() without the call. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
    uint64_t x, y;

    if (n < 8) {
        while (n > 0 && a[n - 1] == b[n - 1])
            n--;
        return n == 0;
    }
    for (size_t i = 0;; i = i + 16 <= n ? i + 8 : n - 8) { /* the last two may overlap */
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x != y || i + 8 == n)
            return x == y;
    }
}

/* Systems are checked in the same order each time, so the name is known mostly; only one
 * that has stood in a line as it is can be told by its bytes. */
static inline bool own_name(struct names *names, const char **p, const char *end, uint32_t *id)
{
    const struct name *next = names_next(names);
    size_t len;

    if (next && next->verbatim && (size_t)(end - *p) > next->len && (*p)[next->len] == '"' &&
        same_bytes(*p, next->text, next->len)) {
        *id = names->before = (uint32_t)(next - names->item);
        *p += next->len;
        return true;
    }
    len = own_string(*p, end);
    if (len == 0 || len > LINE_NAME_MAX)
        return false;
    *id = names_id(names, *p, len);
    names->item[*id].verbatim = true;
    *p += len;
    return true;
}

/* Moves *p behind the line, when it is one. */
static inline bool own_line(struct store *s, struct rows *rows, const char **p,
                            const char *end, struct row *row)
{
    const char *err;
    size_t len;

    if (end - *p < HEAD || !EAT("{\"t\":") || !own_time(p, &row->t) || !EAT(",\"svc\":\"") ||
        !own_name(&s->names, p, end, &row->svc) || end - *p < TAIL ||
        !EAT("\",\"state\":\"") || !own_state(p, &row->state) || !EAT(",\"code\":") ||
        !own_number(p, &row->code) || !EAT(",\"lat\":") || !own_number(p, &row->lat))
        return false;
    row->err = NULL;
    if (EAT("}\n"))
        return true;
    err = *p + 8;
    if (!EAT(",\"err\":\"") || (len = own_string(err, end)) == 0 || end - err - len < 3)
        return false;
    *p = err + len;
    if (!EAT("\"}\n"))
        return false;
    row->err = arena_copy(&rows->memory, err, len);
    return true;
}

const char *store_own_lines(struct store *s, struct rows *rows, const char *p, const char *end)
{
    const char *at = p;
    struct row row;

    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return p;
    while (own_line(s, rows, &at, end, &row)) {
        rows_add(rows, &row);
        p = at;
    }
    return p;
}
