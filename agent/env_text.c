#define _GNU_SOURCE
#include "env_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int env_refuse(struct env_fail *fail, int line, const char *key, const char *format, ...)
{
    va_list ap;

    fail->line = line;
    snprintf(fail->key, sizeof(fail->key), "%s", key ? key : "");
    va_start(ap, format);
    vsnprintf(fail->text, sizeof(fail->text), format, ap);
    va_end(ap);
    return -1;
}

/* Length of the character at s, or 0: not UTF-8 (overlong, surrogate, too large) or NUL. */
static size_t character(const unsigned char *s, size_t n)
{
    size_t more = *s < 0x80 ? 0 : *s >= 0xc2 && *s < 0xe0 ? 1 : (*s & 0xf0) == 0xe0 ? 2 : 3;

    if (*s == 0 || (*s >= 0x80 && *s < 0xc2) || *s > 0xf4 || more >= n)
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
        (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
        return 0;
    return more + 1;
}

size_t env_bad_byte(const char *bytes, size_t n)
{
    size_t at = 0, len;

    while (at < n) {
        if (!(len = character((const unsigned char *)bytes + at, n - at)))
            return at;
        at += len;
    }
    return n;
}

__attribute__((format(printf, 3, 4))) static void problem(struct env_text *t, int line,
                                                          const char *format, ...)
{
    va_list ap;

    if (t->nproblems == ENV_PROBLEMS)
        return;
    t->problem[t->nproblems].line = line;
    va_start(ap, format);
    vsnprintf(t->problem[t->nproblems].text, sizeof(t->problem[0].text), format, ap);
    va_end(ap);
    t->nproblems++;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

bool env_key_ok(const char *key, size_t n)
{
    if (n == 0 || n > ENV_KEY_MAX || (*key >= '0' && *key <= '9'))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!(key[i] == '_' || (key[i] >= '0' && key[i] <= '9') ||
              ((key[i] | 32) >= 'a' && (key[i] | 32) <= 'z')))
            return false;
    return true;
}

/* Where the line that has `at` ends: its "\n" or "\r\n", or the end of the text. */
static size_t line_end(const struct env_text *t, size_t at)
{
    const char *lf = memchr(t->bytes + at, '\n', t->len - at);
    size_t end = lf ? (size_t)(lf - t->bytes) : t->len;

    return end > at && t->bytes[end - 1] == '\r' ? end - 1 : end;
}

static size_t after_end(const struct env_text *t, size_t eol)
{
    if (eol < t->len && t->bytes[eol] == '\r')
        eol++;
    return eol < t->len && t->bytes[eol] == '\n' ? eol + 1 : eol;
}

/* ---- values, as systemd's parser goes through them */

enum where { BEFORE, PLAIN, SINGLE, DOUBLE };

struct reading {
    enum where where;
    char *to;
    size_t n, kept; /* kept: so much of it is not blanks at the end */
    int quotes;     /* how often a quoted part began */
    bool mixed;     /* something stands beside the quoted part */
    bool inner, blanks, cr, comment;
};

static void keep(struct reading *r, char c)
{
    r->to[r->n++] = c;
    if (!blank(c) || r->where == SINGLE || r->where == DOUBLE)
        r->kept = r->n;
}

/* A backslash at `at`: what comes behind it; the place of the last byte it took. */
static size_t escaped(const struct env_text *t, size_t at, struct reading *r)
{
    char c = at + 1 < t->len ? t->bytes[at + 1] : '\0';

    if (c == '\0')
        return at;
    if (c == '\n' || c == '\r') { /* goes on in the next line */
        if (r->where == BEFORE)
            r->where = PLAIN;
        r->mixed |= r->where == PLAIN;
        return at + 1;
    }
    if (r->where == DOUBLE && !strchr("\"\\`$", c))
        keep(r, '\\');
    if (r->where == BEFORE)
        r->where = PLAIN;
    keep(r, c);
    r->kept = r->n;
    if (r->where == PLAIN)
        r->mixed = true;
    return at + 1;
}

/* Outside of quotes. False: the value ends before `at`. */
static bool plain(const struct env_text *t, struct env_item *item, size_t at,
                  struct reading *r)
{
    char c = t->bytes[at];

    if (c == '\n' || (c == '\r' && (at + 1 == t->len || t->bytes[at + 1] == '\n')))
        return false;
    if (c == '#' && blank(t->bytes[at - 1])) {
        r->comment = true;
        return false;
    }
    if (r->where == BEFORE && (c == '\'' || c == '"')) {
        r->where = c == '"' ? DOUBLE : SINGLE;
        r->quotes++;
        item->quote = c;
        return true;
    }
    if (r->where == BEFORE && blank(c))
        return true;
    r->blanks |= r->where == PLAIN && !blank(c) && blank(t->bytes[at - 1]);
    r->inner |= c == '\'' || c == '"';
    r->cr |= c == '\r';
    r->mixed |= !blank(c);
    r->where = PLAIN;
    keep(r, c);
    return true;
}

/* Read the value at item->raw: fills value, quote and where it ends. False: never closed. */
static bool read_value(const struct env_text *t, struct env_item *item, struct reading *r)
{
    size_t at;

    for (at = item->raw; at < t->len; at++) {
        char c = t->bytes[at];

        if (c == '\\' && r->where != SINGLE)
            at = escaped(t, at, r);
        else if (r->where == SINGLE && c == '\'')
            r->where = BEFORE;
        else if (r->where == DOUBLE && c == '"')
            r->where = BEFORE;
        else if (r->where == SINGLE || r->where == DOUBLE)
            keep(r, c);
        else if (!plain(t, item, at, r))
            break;
    }
    if (r->where == SINGLE || r->where == DOUBLE)
        return false;
    at = at > t->len ? t->len : at;
    item->eol = r->comment ? line_end(t, at) : at;
    item->raw_end = at;
    while (item->raw_end > item->raw && blank(t->bytes[item->raw_end - 1]))
        item->raw_end--;
    if (r->quotes != 1 || r->mixed)
        item->quote = 0;
    item->n = r->kept;
    return true;
}

static void odd(struct env_text *t, struct env_item *item, const char *why)
{
    item->kind = ENV_ODD;
    free(item->value);
    item->value = NULL;
    item->n = 0;
    item->quote = 0;
    item->eol = line_end(t, item->start);
    item->raw_end = item->eol;
    if (why)
        problem(t, item->line, "%s", why);
}

static void say_differences(struct env_text *t, struct env_item *item, const struct reading *r)
{
    size_t equals = item->name_end;

    if (item->exported)
        problem(t, item->line, "systemd passes over lines with 'export'");
    if (t->bytes[equals] != '=' || (item->raw > equals + 1 && item->raw < item->eol))
        problem(t, item->line, "a shell takes no blanks around '='");
    if (r->comment)
        problem(t, item->line, "systemd takes what follows ' #' as part of the value");
    if (r->cr)
        problem(t, item->line, "systemd ends the line at the carriage return in it");
    if (r->inner || r->quotes > 1 || (r->quotes && r->mixed))
        problem(t, item->line, "shells and systemd read quotes inside a value differently");
    else if (r->blanks)
        problem(t, item->line, "a shell reads only the first word: the value wants quotes");
}

/* An item whose name is known and whose '=' is at `equals`. */
static void read_entry(struct env_text *t, struct env_item *item, size_t equals, char *scratch)
{
    struct reading r = {.where = BEFORE, .to = scratch};

    item->raw = equals + 1;
    while (item->raw < t->len && blank(t->bytes[item->raw]) &&
           (item->raw + 1 == t->len || t->bytes[item->raw + 1] != '#'))
        item->raw++;
    item->kind = ENV_ENTRY;
    if (!read_value(t, item, &r)) {
        item->open = true;
        if (!t->open)
            t->open = item->line;
        odd(t, item, "a quote is opened here and never closed");
        return;
    }
    if (!(item->value = malloc(item->n + 1)))
        abort();
    memcpy(item->value, r.to, item->n);
    item->value[item->n] = '\0';
    say_differences(t, item, &r);
}

/* ---- lines */

static void name_of(const struct env_text *t, struct env_item *item, size_t from,
                    size_t equals)
{
    while (from < equals && blank(t->bytes[from]))
        from++;
    if (equals - from > 7 && !memcmp(t->bytes + from, "export", 6) &&
        blank(t->bytes[from + 6])) {
        item->exported = true;
        for (from += 6; from < equals && blank(t->bytes[from]);)
            from++;
    }
    item->name = from;
    item->name_end = equals;
    while (item->name_end > from && blank(t->bytes[item->name_end - 1]))
        item->name_end--;
}

/* scratch has room for all of the text. */
static void read_item(struct env_text *t, struct env_item *item, char *scratch)
{
    size_t at = item->start, from;
    const char *equals;

    item->eol = line_end(t, at);
    item->name = item->name_end = item->raw = item->raw_end = item->eol;
    while (at < item->eol && blank(t->bytes[at]))
        at++;
    if (at == item->eol)
        return; /* blank */
    item->kind = t->bytes[at] == '#' || t->bytes[at] == ';' ? ENV_COMMENT : ENV_ODD;
    for (from = at; from < item->eol && strchr("#; \t", t->bytes[from]);)
        from++;
    if (item->kind == ENV_ODD)
        from = at;
    equals = memchr(t->bytes + from, '=', item->eol - from);
    if (equals) {
        name_of(t, item, from, (size_t)(equals - t->bytes));
        item->raw = (size_t)(equals - t->bytes) + 1;
        item->raw_end = item->eol;
    }
    if (item->kind == ENV_COMMENT) {
        if (t->bytes[item->eol - 1] == '\\')
            problem(t, item->line,
                    "systemd before 254 takes the next line as part of this one");
        return;
    }
    if (!equals)
        odd(t, item, "not KEY=value");
    else if (item->start == 0 && t->len > 2 && !memcmp(t->bytes, "\xef\xbb\xbf", 3))
        odd(t, item, "a byte order mark stands before the key");
    else if (!env_key_ok(t->bytes + item->name, item->name_end - item->name))
        odd(t, item, "a key is letters, digits and _, and begins with no digit");
    else
        read_entry(t, item, (size_t)(equals - t->bytes), scratch);
}

static int count_lines(const char *bytes, size_t from, size_t to)
{
    int n = 0;

    for (; from < to; from++)
        n += bytes[from] == '\n';
    return n;
}

static int order(const void *a, const void *b)
{
    return ((const struct env_problem *)a)->line - ((const struct env_problem *)b)->line;
}

bool env_name_is(const struct env_text *t, const struct env_item *item, const char *key)
{
    size_t n = item->name_end - item->name;

    return strlen(key) == n && !memcmp(t->bytes + item->name, key, n);
}

/* By key, then by place. */
static int by_name(const void *a, const void *b, void *arg)
{
    const char *bytes = ((const struct env_text *)arg)->bytes;
    const struct env_item *x = *(const struct env_item *const *)a,
                          *y = *(const struct env_item *const *)b;
    size_t n = x->name_end - x->name, m = y->name_end - y->name;
    int c = memcmp(bytes + x->name, bytes + y->name, n < m ? n : m);

    return c ? c : n != m ? (n < m ? -1 : 1) : x->line - y->line;
}

static void say_doubles(struct env_text *t)
{
    const struct env_item **at = malloc(((size_t)t->n + 1) * sizeof(*at));
    int n = 0;

    if (!at)
        abort();
    for (int i = 0; i < t->n; i++)
        if (t->item[i].kind == ENV_ENTRY)
            at[n++] = &t->item[i];
    qsort_r(at, (size_t)n, sizeof(*at), by_name, t);
    for (int i = 0; i + 1 < n; i++) {
        size_t len = at[i]->name_end - at[i]->name;

        if (len == at[i + 1]->name_end - at[i + 1]->name &&
            !memcmp(t->bytes + at[i]->name, t->bytes + at[i + 1]->name, len))
            problem(t, at[i]->line, "%.*s is set again on line %d: the last one counts",
                    len < 60 ? (int)len : 60, t->bytes + at[i]->name, at[i + 1]->line);
    }
    free(at);
    qsort(t->problem, (size_t)t->nproblems, sizeof(t->problem[0]), order);
}

static int refuse_bytes(const char *bytes, size_t n, struct env_fail *fail)
{
    size_t bad;

    if (n > ENV_MAX)
        return env_refuse(fail, 0, NULL, "more than 1 MiB");
    if ((bad = env_bad_byte(bytes, n)) < n)
        return env_refuse(fail, 1 + count_lines(bytes, 0, bad), NULL,
                          bytes[bad] ? "not UTF-8" : "a NUL byte");
    return 0;
}

int env_parse(struct env_text *t, const char *bytes, size_t n, struct env_fail *fail)
{
    char *scratch;
    int room = 0, open = 0;

    memset(t, 0, sizeof(*t));
    if (refuse_bytes(bytes, n, fail))
        return -1;
    scratch = malloc(n + 1);
    if (!(t->bytes = malloc(n + 1)) || !scratch)
        abort();
    if (n)
        memcpy(t->bytes, bytes, n);
    t->bytes[n] = '\0';
    t->len = n;
    t->lines = count_lines(bytes, 0, n) + (n > 0 && bytes[n - 1] != '\n');
    for (size_t at = 0; at < n;) {
        struct env_item *item;

        if (t->n == room) {
            room = room ? room * 2 : 64;
            if (!(t->item = realloc(t->item, (size_t)room * sizeof(*t->item))))
                abort();
        }
        item = &t->item[t->n];
        *item = (struct env_item){.start = at};
        item->line = t->n ? item[-1].line + item[-1].lines : 1;
        read_item(t, item, scratch);
        item->end = after_end(t, item->eol);
        item->lines =
            count_lines(bytes, item->start, item->end) + (bytes[item->end - 1] != '\n');
        at = item->end;
        t->n++;
        if (item->kind == ENV_ENTRY || item->open)
            open = item->open ? t->n : 0;
        else
            item->behind = open;
    }
    free(scratch);
    t->crlf = t->n > 0 && t->bytes[t->item[0].eol] == '\r';
    say_doubles(t);
    return 0;
}

void env_free(struct env_text *t)
{
    for (int i = 0; i < t->n; i++)
        free(t->item[i].value);
    free(t->item);
    free(t->bytes);
    memset(t, 0, sizeof(*t));
}

const struct env_item *env_find(const struct env_text *t, const char *key)
{
    for (int i = t->n - 1; i >= 0; i--)
        if (t->item[i].kind == ENV_ENTRY && env_name_is(t, &t->item[i], key))
            return &t->item[i];
    return NULL;
}
