/* env_edit: an env file written again with some keys set and some taken away. */
#include "env_text.h"

#include <stdlib.h>
#include <string.h>

#define EDITS_MAX 1000

static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_-./:@%+,=";

static bool is_bare(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strchr(safe, value[i]))
            return false;
    return true;
}

/* Within single quotes nothing has a meaning, in shells and in systemd. Within double quotes
 * both take a backslash before these four for the character alone. */
void env_quote(buf *out, const char *value, size_t n, char like)
{
    if (!like && is_bare(value, n)) {
        buf_add(out, value, n);
        return;
    }
    if (like != '"' && !memchr(value, '\'', n)) {
        buf_puts(out, "'");
        buf_add(out, value, n);
        buf_puts(out, "'");
        return;
    }
    buf_puts(out, "\"");
    for (size_t i = 0; i < n; i++) {
        if (strchr("\"\\`$", value[i]))
            buf_puts(out, "\\");
        buf_add(out, value + i, 1);
    }
    buf_puts(out, "\"");
}

static int check_set(const struct env_set *set, struct env_fail *fail)
{
    size_t n = strlen(set->key);

    if (!env_key_ok(set->key, n))
        return env_refuse(fail, 0, set->key,
                          n > ENV_KEY_MAX
                              ? "a key has at most 256 characters"
                              : "a key is letters, digits and _, and begins with no digit");
    if (set->n > ENV_MAX)
        return env_refuse(fail, 0, set->key, "a value of more than 1 MiB");
    if (memchr(set->value, '\0', set->n))
        return env_refuse(fail, 0, set->key, "a NUL byte in the value");
    if (env_bad_byte(set->value, set->n) < set->n)
        return env_refuse(fail, 0, set->key, "the value is not UTF-8");
    for (size_t i = 0; i < set->n; i++) {
        unsigned char c = (unsigned char)set->value[i];

        if (c == '\n' || c == '\r')
            return env_refuse(fail, 0, set->key, "a line break in the value");
        if ((c < ' ' && c != '\t') || c == 127)
            return env_refuse(fail, 0, set->key, "a control character in the value");
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A key twice in one request has no meaning. */
static int check_edit(const struct env_text *t, const struct env_edit *edit,
                      struct env_fail *fail)
{
    int n = edit->nset + edit->nunset, r = 0;
    const char **keys;

    if (n > EDITS_MAX)
        return env_refuse(fail, 0, NULL, "more than %d keys at once", EDITS_MAX);
    if (n && t->open)
        return env_refuse(fail, t->open, NULL,
                          "a quote is opened here and never closed: mend it as text first");
    for (int i = 0; i < edit->nset; i++)
        if (check_set(&edit->set[i], fail))
            return -1;
    for (int i = 0; i < edit->nunset; i++)
        if (!env_key_ok(edit->unset[i], strlen(edit->unset[i])))
            return env_refuse(fail, 0, edit->unset[i],
                              "a key is letters, digits and _, and begins with no digit");
    if (!(keys = malloc(((size_t)n + 1) * sizeof(*keys))))
        abort();
    for (int i = 0; i < n; i++)
        keys[i] = i < edit->nset ? edit->set[i].key : edit->unset[i - edit->nset];
    qsort(keys, (size_t)n, sizeof(*keys), compare);
    for (int i = 0; i + 1 < n && !r; i++)
        if (!strcmp(keys[i], keys[i + 1]))
            r = env_refuse(fail, 0, keys[i], "is there twice in the request");
    free(keys);
    return r;
}

static const char *line_end_of(const struct env_text *t)
{
    return t->crlf ? "\r\n" : "\n";
}

/* What stood behind the value: systemd would take it for a part of the new one. A comment
 * gets a line of its own; that of a hidden value, which may be a part of it, goes. */
static void keep_comment(const struct env_text *t, const struct env_item *item,
                         const struct env_edit *edit, buf *out)
{
    size_t from = item->raw_end;

    while (from < item->eol && t->bytes[from] != '#')
        from++;
    if (from == item->eol || (!item->quote && edit->hidden && edit->hidden(edit->arg, item)))
        return;
    buf_add(out, t->bytes + from, item->eol - from);
    buf_puts(out, line_end_of(t));
}

static void write_changed(const struct env_text *t, const struct env_item *item,
                          const struct env_set *set, const struct env_edit *edit, buf *out)
{
    keep_comment(t, item, edit, out);
    buf_add(out, t->bytes + item->start, item->name_end - item->start);
    buf_puts(out, "=");
    env_quote(out, set->value, set->n, item->quote);
    buf_add(out, t->bytes + item->eol, item->end - item->eol);
}

static bool taken_away(const struct env_text *t, const struct env_item *item,
                       const struct env_edit *edit)
{
    for (int i = 0; i < edit->nunset; i++)
        if (env_name_is(t, item, edit->unset[i]))
            return true;
    return false;
}

static void write_item(const struct env_text *t, const struct env_item *item,
                       const struct env_item *const *last, const struct env_edit *edit,
                       buf *out)
{
    if (item->kind == ENV_ENTRY) {
        if (taken_away(t, item, edit))
            return;
        for (int i = 0; i < edit->nset; i++) {
            const struct env_set *set = &edit->set[i];

            if (last[i] != item)
                continue;
            if (set->n == item->n && !memcmp(set->value, item->value, set->n))
                break;
            write_changed(t, item, set, edit, out);
            return;
        }
    }
    buf_add(out, t->bytes + item->start, item->end - item->start);
}

static void append(const struct env_text *t, const struct env_set *set, buf *out)
{
    bool ended = out->len == 0 || out->data[out->len - 1] == '\n';

    if (!ended)
        buf_puts(out, line_end_of(t));
    buf_puts(out, set->key);
    buf_puts(out, "=");
    env_quote(out, set->value, set->n, 0);
    if (ended)
        buf_puts(out, line_end_of(t)); /* a file without a last line end stays so */
}

/* What was written is read once more: what stands before it (a backslash at the end of the
 * file) must not change what it means. */
static int check_written(const struct env_edit *edit, const buf *out, struct env_fail *fail)
{
    struct env_text now;
    int r = env_parse(&now, out->data, out->len, fail);

    for (int i = 0; i < edit->nset && !r; i++) {
        const struct env_item *item = env_find(&now, edit->set[i].key);

        if (!item || item->n != edit->set[i].n ||
            memcmp(item->value, edit->set[i].value, item->n))
            r = env_refuse(fail, item ? item->line : now.lines, edit->set[i].key,
                           "the line before it goes on here: mend it as text first");
    }
    env_free(&now);
    return r;
}

int env_edit(const struct env_text *t, const struct env_edit *edit, buf *out,
             struct env_fail *fail)
{
    const struct env_item **last;

    if (check_edit(t, edit, fail))
        return -1;
    if (!(last = calloc((size_t)edit->nset + 1, sizeof(*last))))
        abort();
    for (int i = 0; i < edit->nset; i++)
        last[i] = env_find(t, edit->set[i].key);
    for (int i = 0; i < t->n; i++)
        write_item(t, &t->item[i], last, edit, out);
    for (int i = 0; i < edit->nset; i++)
        if (!last[i])
            append(t, &edit->set[i], out);
    free(last);
    if (out->len > ENV_MAX)
        return env_refuse(fail, 0, NULL, "the file would be larger than 1 MiB");
    return check_written(edit, out, fail);
}
