#define _GNU_SOURCE
#include "env_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 4000000 /* of the table; beyond it all in between counts as new */
#define ROWS_ALL  5000
#define AROUND    3

struct line {
    const char *s;
    size_t n;
};

struct lines {
    struct line *real, *shown;
    int n;
};

static int split(const char *bytes, size_t n, struct line **out)
{
    int count = 0, room = 0;
    const char *at = bytes, *end;

    *out = NULL;
    if (n == 0)
        return 0;
    end = bytes + n;
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at)), *next = lf ? lf + 1 : end;

        if (count == room) {
            room = room ? room * 2 : 64;
            if (!(*out = realloc(*out, (size_t)room * sizeof(**out))))
                abort();
        }
        (*out)[count++] = (struct line){at, (size_t)(next - at)};
        at = next;
    }
    return count;
}

static bool same(const struct line *a, const struct line *b)
{
    return a->n == b->n && !memcmp(a->s, b->s, a->n);
}

static void add_row(struct env_diff *d, char op, int line, const struct line *shown)
{
    size_t n = shown->n;

    while (n > 0 && (shown->s[n - 1] == '\n' || shown->s[n - 1] == '\r'))
        n--;
    d->row[d->n++] = (struct env_row){op, line, shown->s, n};
}

struct window { /* the lines that are not the same at both ends */
    int from, old_to, new_to;
};

/* Length of the longest common run of lines, from each pair on to the end. */
static uint16_t *table(const struct lines *old, const struct lines *new,
                       const struct window *w)
{
    size_t wide = (size_t)(w->new_to - w->from) + 1, high = (size_t)(w->old_to - w->from) + 1;
    uint16_t *t;

    if (wide * high > CELLS_MAX || wide > UINT16_MAX || high > UINT16_MAX)
        return NULL;
    if (!(t = calloc(wide * high, sizeof(*t))))
        abort();
    for (size_t i = high - 1; i-- > 0;)
        for (size_t j = wide - 1; j-- > 0;) {
            uint16_t down = t[(i + 1) * wide + j], right = t[i * wide + j + 1];

            t[i * wide + j] = same(&old->real[w->from + (int)i], &new->real[w->from + (int)j])
                                  ? (uint16_t)(t[(i + 1) * wide + j + 1] + 1)
                              : down > right ? down
                                             : right;
        }
    return t;
}

static void rows_between(struct env_diff *d, const struct lines *old, const struct lines *new,
                         const struct window *w)
{
    uint16_t *t = table(old, new, w);
    size_t wide = (size_t)(w->new_to - w->from) + 1;
    int i = w->from, j = i;

    while (i < w->old_to || j < w->new_to) {
        size_t at = (size_t)(i - w->from) * wide + (size_t)(j - w->from);

        if (t && i < w->old_to && j < w->new_to && same(&old->real[i], &new->real[j])) {
            add_row(d, ' ', j + 1, &new->shown[j]);
            i++, j++;
        }
        else if (i < w->old_to && (!t || j == w->new_to || t[at + wide] >= t[at + 1])) {
            add_row(d, '-', i + 1, &old->shown[i]);
            i++;
        }
        else {
            d->added[j + 1] = true;
            add_row(d, '+', j + 1, &new->shown[j]);
            j++;
        }
    }
    free(t);
}

/* Of very many rows those near a change. */
static void shorten(struct env_diff *d)
{
    int kept = 0, next = -1, last = -AROUND - 1;

    if (d->n <= ROWS_ALL)
        return;
    for (int i = 0; i < d->n; i++) {
        if (d->row[i].op != ' ')
            last = i;
        if (next < i)
            for (next = i; next < d->n && d->row[next].op == ' ';)
                next++;
        if (i - last <= AROUND || (next < d->n && next - i <= AROUND))
            d->row[kept++] = d->row[i];
    }
    d->n = kept;
}

static void lines_make(struct lines *l, const struct env_mask *mask, const struct env_text *t,
                       buf *shown)
{
    env_mask_text(mask, t, shown);
    l->n = split(t->bytes, t->len, &l->real);
    if (split(shown->data, shown->len, &l->shown) != l->n)
        abort(); /* masking keeps the lines */
}

static void lines_free(struct lines *l)
{
    free(l->real);
    free(l->shown);
}

void env_diff_make(struct env_diff *diff, const struct env_mask *mask,
                   const struct env_text *old, const struct env_text *new)
{
    struct lines a, b;
    struct window w = {0};

    memset(diff, 0, sizeof(*diff));
    lines_make(&a, mask, old, &diff->before);
    lines_make(&b, mask, new, &diff->after);
    diff->row = calloc((size_t)(a.n + b.n) + 1, sizeof(*diff->row));
    diff->added = calloc((size_t)b.n + 2, sizeof(*diff->added));
    if (!diff->row || !diff->added)
        abort();
    while (w.from < a.n && w.from < b.n && same(&a.real[w.from], &b.real[w.from]))
        w.from++;
    for (w.old_to = a.n, w.new_to = b.n; w.old_to > w.from && w.new_to > w.from;
         w.old_to--, w.new_to--)
        if (!same(&a.real[w.old_to - 1], &b.real[w.new_to - 1]))
            break;
    for (int i = 0; i < w.from; i++)
        add_row(diff, ' ', i + 1, &b.shown[i]);
    rows_between(diff, &a, &b, &w);
    for (int j = w.new_to; j < b.n; j++)
        add_row(diff, ' ', j + 1, &b.shown[j]);
    shorten(diff);
    lines_free(&a);
    lines_free(&b);
}

void env_diff_free(struct env_diff *diff)
{
    free(diff->row);
    free(diff->added);
    buf_free(&diff->before);
    buf_free(&diff->after);
    memset(diff, 0, sizeof(*diff));
}

/* ---- keys */

struct key {
    const struct env_text *t;
    const struct env_item *item;
};

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    size_t n = x->item->name_end - x->item->name, m = y->item->name_end - y->item->name;
    int c = memcmp(x->t->bytes + x->item->name, y->t->bytes + y->item->name, n < m ? n : m);

    return c ? c : n != m ? (n < m ? -1 : 1) : 0;
}

/* Each key once, with the entry that counts, in order. */
static int keys_of(const struct env_text *t, struct key **out)
{
    struct key *k = malloc(((size_t)t->n + 1) * sizeof(*k));
    int n = 0, kept = 0;

    if (!k)
        abort();
    for (int i = 0; i < t->n; i++)
        if (t->item[i].kind == ENV_ENTRY)
            k[n++] = (struct key){t, &t->item[i]};
    qsort(k, (size_t)n, sizeof(*k), by_key);
    for (int i = 0; i < n; i++) {
        if (kept && !by_key(&k[kept - 1], &k[i])) {
            if (k[i].item > k[kept - 1].item)
                k[kept - 1] = k[i];
            continue;
        }
        k[kept++] = k[i];
    }
    *out = k;
    return kept;
}

void env_diff_keys(const struct env_text *old, const struct env_text *new,
                   void (*tell)(void *arg, enum env_change change, const char *key, size_t n),
                   void *arg)
{
    struct key *a, *b;
    int n = keys_of(old, &a), m = keys_of(new, &b), i = 0, j = 0;

    while (i < n || j < m) {
        int c = i == n ? 1 : j == m ? -1 : by_key(&a[i], &b[j]);
        const struct key *k = c <= 0 ? &a[i] : &b[j];

        if (c || a[i].item->n != b[j].item->n ||
            memcmp(a[i].item->value, b[j].item->value, a[i].item->n))
            tell(arg,
                 c < 0   ? ENV_REMOVED
                 : c > 0 ? ENV_ADDED
                         : ENV_CHANGED,
                 k->t->bytes + k->item->name, k->item->name_end - k->item->name);
        i += c <= 0;
        j += c >= 0;
    }
    free(a);
    free(b);
}
