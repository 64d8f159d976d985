/*
 * Env files: whatever stands in one, it is refused with a line, or comes back byte for byte;
 * what is set is read again, nothing else changes, and what was masked is put back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "env_diff.h"
#include "env_mask.h"
#include "env_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool ok)
{
    if (!ok)
        abort();
}

static void check_tiles(const struct env_text *t)
{
    size_t at = 0;
    int line = 1;

    for (int i = 0; i < t->n; i++) {
        const struct env_item *item = &t->item[i];

        hold(item->start == at && item->end > at && item->eol >= at && item->eol <= item->end);
        hold(item->line == line && item->lines > 0);
        hold((item->kind == ENV_ENTRY) == (item->value != NULL));
        hold(item->raw <= item->raw_end && item->raw_end <= item->eol);
        at = item->end;
        line += item->lines;
    }
    hold(at == t->len && line == t->lines + 1);
    for (int i = 0; i < t->nproblems; i++)
        hold(t->problem[i].line >= 1 && t->problem[i].line <= t->lines &&
             t->problem[i].text[0]);
}

static void check_same(const struct env_text *t)
{
    struct env_edit none = {.nset = 0};
    struct env_fail fail;
    buf out = {0};

    hold(env_edit(t, &none, &out, &fail) == 0);
    hold(out.len == t->len && (!t->len || !memcmp(out.data, t->bytes, t->len)));
    buf_free(&out);
}

static void count(void *arg, enum env_change, const char *, size_t)
{
    ++*(int *)arg;
}

/* The second half of the input as the value of a key that may be there already. */
static void check_set(const struct env_text *t)
{
    const char *keys[] = {"A", "NEW_TOKEN"};

    for (int i = 0; i < 2; i++) {
        struct env_set set = {keys[i], t->bytes + t->len / 2, t->len - t->len / 2};
        struct env_edit edit = {.set = &set, .nset = 1};
        struct env_fail fail = {.line = 0};
        struct env_text now;
        buf out = {0};
        int changes = 0;

        if (env_edit(t, &edit, &out, &fail) == 0) {
            const struct env_item *item;

            hold(env_parse(&now, out.data, out.len, &fail) == 0);
            item = env_find(&now, keys[i]);
            hold(item && item->n == set.n && !memcmp(item->value, set.value, set.n));
            env_diff_keys(t, &now, count, &changes);
            hold(changes <= 1);
            env_free(&now);
        }
        else {
            hold(fail.text[0] != 0);
        }
        buf_free(&out);
    }
}

static void check_unset(const struct env_text *t)
{
    const char *key = "A";
    struct env_edit edit = {.unset = &key, .nunset = 1};
    struct env_fail fail;
    struct env_text now;
    buf out = {0};

    if (env_edit(t, &edit, &out, &fail) == 0) {
        hold(env_parse(&now, out.data, out.len, &fail) == 0);
        hold(!env_find(&now, key));
        env_free(&now);
    }
    buf_free(&out);
}

static void check_mask(const struct env_text *t)
{
    struct env_mask mask;
    struct env_fail fail;
    struct env_text masked;
    struct env_diff diff;
    buf text = {0}, back = {0};

    env_mask_init(&mask, NULL);
    env_mask_text(&mask, t, &text);
    if (text.len <= ENV_MAX) {
        hold(env_parse(&masked, text.data, text.len, &fail) == 0);
        hold(masked.lines == t->lines);
        if (!env_mask_marked(t->bytes, t->len)) {
            hold(env_unmask(&mask, t, text.data, text.len, &back, &fail) == 0);
            hold(back.len == t->len && (!t->len || !memcmp(back.data, t->bytes, t->len)));
        }
        env_diff_make(&diff, &mask, t, &masked);
        env_diff_free(&diff);
        env_free(&masked);
    }
    buf_free(&text);
    buf_free(&back);
    env_mask_free(&mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env_fail fail = {.line = 0};
    struct env_text t;

    if (env_parse(&t, (const char *)data, size, &fail) == 0) {
        check_tiles(&t);
        check_same(&t);
        check_set(&t);
        check_unset(&t);
        check_mask(&t);
    }
    else {
        hold(fail.text[0] && (fail.line > 0 || size > ENV_MAX));
    }
    env_free(&t);
    return 0;
}
