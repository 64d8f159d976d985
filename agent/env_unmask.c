/*
 * env_unmask: a masked text that comes back gets its secrets again.
 *
 * It goes by lines, not by keys: a line with a mark must be one that was shown, and such
 * lines keep their order. So no secret ever comes to stand under another name.
 */
#define _GNU_SOURCE
#include "env_mask.h"

#include <stdlib.h>
#include <string.h>

struct unit { /* a hidden item, as it was shown */
    const struct env_item *item;
    size_t at, n; /* in `shown`, without the last line end */
    const char *text;
    bool back; /* it came back */
};

struct units {
    struct unit *unit;
    int n;
    buf shown;
};

static size_t line_of(const char *s, size_t n, size_t *whole)
{
    const char *lf = memchr(s, '\n', n);
    size_t len = lf ? (size_t)(lf - s) : n;

    *whole = lf ? len + 1 : n;
    return len > 0 && s[len - 1] == '\r' ? len - 1 : len;
}

static void units_make(struct units *u, const struct env_mask *mask, const struct env_text *t)
{
    memset(u, 0, sizeof(*u));
    if (!(u->unit = calloc((size_t)t->n + 1, sizeof(*u->unit))))
        abort();
    for (int i = 0; i < t->n; i++) {
        struct unit *unit = &u->unit[u->n];

        if (!env_mask_item(mask, t, &t->item[i]))
            continue;
        *unit = (struct unit){.item = &t->item[i], .at = u->shown.len};
        env_mask_show(mask, t, &t->item[i], &u->shown);
        unit->n = u->shown.len - unit->at - (t->item[i].end - t->item[i].eol);
        u->n++;
    }
    for (int i = 0; i < u->n; i++)
        u->unit[i].text = u->shown.data + u->unit[i].at;
}

/* Bytes of the text that are the unit, whatever its lines end with; 0: it is another. */
static size_t match(const struct unit *unit, const char *text, size_t n)
{
    size_t a = 0, b = 0, mine, theirs, my_whole, their_whole;

    do {
        if (b == n)
            return 0;
        mine = line_of(unit->text + a, unit->n - a, &my_whole);
        theirs = line_of(text + b, n - b, &their_whole);
        if (mine != theirs || memcmp(unit->text + a, text + b, mine))
            return 0;
        a += my_whole;
        b += a < unit->n ? their_whole : theirs;
    } while (a < unit->n);
    return b;
}

/* The line stands in the old file like that, with nothing hidden. */
static bool was_there(const struct env_mask *mask, const struct env_text *old,
                      const char *line, size_t n)
{
    for (int i = 0; i < old->n; i++) {
        const struct env_item *item = &old->item[i];

        if (memmem(old->bytes + item->start, item->end - item->start, line, n))
            return !env_mask_item(mask, old, item);
    }
    return false;
}

static int refuse(const struct units *u, int line, const char *text, size_t n,
                  struct env_fail *fail)
{
    for (int i = 0; i < u->n; i++)
        if (match(&u->unit[i], text, n))
            return env_refuse(fail, line, NULL, "%s",
                              u->unit[i].back
                                  ? "a line with a hidden value is there twice, or was moved: "
                                    "reveal it first"
                                  : "a line with a hidden value was moved: reveal it first");
    return env_refuse(fail, line, NULL,
                      "a hidden value belongs to the line that was shown: leave all of that "
                      "line as it is, or write a new value");
}

static int by_text(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    int c = memcmp(x->text, y->text, x->n < y->n ? x->n : y->n);

    return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* Of lines that looked the same all or none must come back: which is left is not known. */
static int check_same(struct units *u, struct env_fail *fail)
{
    qsort(u->unit, (size_t)u->n, sizeof(*u->unit), by_text);
    for (int i = 0; i + 1 < u->n; i++)
        if (!by_text(&u->unit[i], &u->unit[i + 1]) && u->unit[i].back != u->unit[i + 1].back)
            return env_refuse(fail, u->unit[i].item->line, NULL,
                              "two hidden lines look the same: reveal them to take one away");
    return 0;
}

int env_unmask(const struct env_mask *mask, const struct env_text *old, const char *text,
               size_t n, buf *out, struct env_fail *fail)
{
    struct units u;
    bool marks = env_mask_marked(old->bytes, old->len); /* of its own */
    int line = 1, next = 0, r = 0;

    units_make(&u, mask, old);
    for (size_t at = 0, whole, taken; at < n && !r; at += whole, line++) {
        size_t len = line_of(text + at, n - at, &whole);

        if (!env_mask_marked(text + at, len)) {
            buf_add(out, text + at, whole);
            continue;
        }
        if (marks && was_there(mask, old, text + at, len)) {
            buf_add(out, text + at, whole);
            continue;
        }
        for (taken = 0; next < u.n && !(taken = match(&u.unit[next], text + at, n - at));)
            next++;
        if (!taken) {
            r = refuse(&u, line, text + at, n - at, fail);
        }
        else {
            const struct env_item *item = u.unit[next].item;

            buf_add(out, old->bytes + item->start, item->eol - item->start);
            line += item->lines - 1;
            line_of(text + at + taken, n - at - taken, &whole);
            buf_add(out, text + at + taken, whole);
            whole += taken;
            u.unit[next++].back = true;
        }
    }
    if (!r)
        r = check_same(&u, fail);
    free(u.unit);
    buf_free(&u.shown);
    return r;
}
