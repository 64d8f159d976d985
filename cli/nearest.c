/* nearest: which known word an unknown one was meant to be. */
#include <string.h>

#include "options.h"

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be added, taken out, changed or swapped. */
static size_t distance(const char *a, const char *b)
{
    size_t row[3][WORD_MAX + 1], na = strlen(a), nb = strlen(b), i, j;

    if (na > WORD_MAX || nb > WORD_MAX)
        return WORD_MAX;
    for (j = 0; j <= nb; j++)
        row[0][j] = j;
    for (i = 1; i <= na; i++) {
        size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];

        now[0] = i;
        for (j = 1; j <= nb; j++) {
            now[j] = least(before[j - 1] + (a[i - 1] != b[j - 1]),
                           least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return row[na % 3][nb];
}

const char *nearest(const char *word, const char *const *known, size_t n)
{
    const char *best = NULL;
    size_t found = WORD_MAX, len = strlen(word), i;

    for (i = 0; i < n; i++) {
        size_t d = distance(word, known[i]);

        if (len >= 3 && !strncmp(known[i], word, len)) /* the beginning of it */
            d = least(d, 1);
        if (d < found) {
            found = d;
            best = known[i];
        }
    }
    return found <= 1 + len / 3 && found <= 3 ? best : NULL;
}
