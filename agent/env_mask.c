#define _GNU_SOURCE
#include "env_mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 200

static const char usual[] = "SECRET PASSWORD PASS PASSWD PASSPHRASE KEY APIKEY TOKEN AUTH "
                            "CREDENTIAL PRIVATE PWD DSN PGPASSWORD";

void env_mask_init(struct env_mask *mask, const char *words)
{
    memset(mask, 0, sizeof(*mask));
    words = words ? words : usual;
    if (!(mask->word = calloc(WORDS_MAX, sizeof(*mask->word))))
        abort();
    while (mask->n < WORDS_MAX && *(words += strspn(words, " \t,"))) {
        size_t n = strcspn(words, " \t,");

        if (!(mask->word[mask->n++] = strndup(words, n)))
            abort();
        words += n;
    }
}

void env_mask_free(struct env_mask *mask)
{
    for (int i = 0; i < mask->n; i++)
        free(mask->word[i]);
    free(mask->word);
    memset(mask, 0, sizeof(*mask));
}

/* One word, and its plural, whatever the case; digits at its end do not count. */
static bool is_word(const struct env_mask *mask, const char *word, size_t n)
{
    while (n > 0 && isdigit((unsigned char)word[n - 1]))
        n--;
    for (int i = 0; i < mask->n; i++) {
        size_t len = strlen(mask->word[i]);

        if ((n == len || (n == len + 1 && (word[n - 1] | 32) == 's')) &&
            !strncasecmp(word, mask->word[i], len))
            return true;
    }
    return false;
}

bool env_mask_key(const struct env_mask *mask, const char *key, size_t n)
{
    size_t from = 0;

    for (size_t at = 0; at <= n; at++) {
        bool part = at < n && isalnum((unsigned char)key[at]);
        bool turn = part && at > from && isupper((unsigned char)key[at]) &&
                    islower((unsigned char)key[at - 1]);

        if (part && !turn)
            continue;
        if (at > from && is_word(mask, key + from, at - from))
            return true;
        from = turn ? at : at + 1;
    }
    return false;
}

/* scheme://user:password@host, anywhere in the value. */
static bool has_url_password(const char *value, size_t n)
{
    const char *end = value + n, *at = value;

    while ((at = memmem(at, (size_t)(end - at), "://", 3))) {
        const char *colon = NULL;

        for (at += 3; at < end && !strchr(" \t\r\n/?#\"'<>", *at); at++) {
            if (*at == ':' && !colon)
                colon = at;
            if (*at == '@' && colon && at > colon + 1)
                return true;
        }
        /* a password may hold what an address may not: only '@' before the next blank ends it
         */
        for (const char *p = at; colon && p < end && !isspace((unsigned char)*p); p++)
            if (*p == '@')
                return true;
    }
    return false;
}

bool env_mask_value(const struct env_mask *mask, const char *value, size_t n)
{
    const char *end = value + n;

    if (has_url_password(value, n) || memmem(value, n, "PRIVATE KEY-----", 16))
        return true;
    /* a quote that was forgotten makes other lines a part of this value */
    for (const char *at = value; at < end;) {
        const char *line = at, *equals = NULL;

        for (; at < end && *at != '\n' && *at != '\r'; at++)
            if (*at == '=' && !equals)
                equals = at;
        if (line > value && equals && env_mask_key(mask, line, (size_t)(equals - line)))
            return true;
        at++;
    }
    return false;
}

bool env_mask_marked(const char *bytes, size_t n)
{
    return memmem(bytes, n, ENV_MARK, sizeof(ENV_MARK) - 1);
}

static bool is_shown(const struct env_mask *mask, const struct env_text *t,
                     const struct env_item *item)
{
    if (mask->all_shown)
        return true;
    for (int i = 0; i < mask->nshown; i++)
        if (env_name_is(t, item, mask->shown[i]))
            return true;
    return false;
}

static bool secret_name(const struct env_mask *mask, const struct env_text *t,
                        const struct env_item *item)
{
    return item->name_end > item->name &&
           env_mask_key(mask, t->bytes + item->name, item->name_end - item->name);
}

bool env_mask_item(const struct env_mask *mask, const struct env_text *t,
                   const struct env_item *item)
{
    if (item->kind == ENV_BLANK || is_shown(mask, t, item))
        return false;
    if (item->raw_end > item->raw && secret_name(mask, t, item))
        return true;
    if (item->kind == ENV_ENTRY && env_mask_value(mask, item->value, item->n))
        return true;
    /* what follows a quote that is never closed may be a part of the secret */
    return env_mask_value(mask, t->bytes + item->start, item->eol - item->start) ||
           (item->behind && secret_name(mask, t, &t->item[item->behind - 1]));
}

struct span {
    size_t from, to;
};

/* What is hidden of an item that is: of an entry the value, and what is behind it unless that
 * is surely a comment; of others what is behind '=' when the name is secret, else all. */
static struct span hidden_span(const struct env_mask *mask, const struct env_text *t,
                               const struct env_item *item)
{
    struct span s = {item->raw, item->eol};

    if (item->kind == ENV_ENTRY) {
        if (item->quote)
            s.to = item->raw_end;
        return s;
    }
    if (item->raw_end > item->raw && secret_name(mask, t, item))
        return s;
    s.from = item->start;
    while (s.from < item->eol &&
           strchr(item->kind == ENV_COMMENT ? "#; \t" : " \t", t->bytes[s.from]))
        s.from++;
    return s;
}

static void add_marks(const struct env_item *item, const struct env_text *t, buf *out)
{
    const char *next = item->quote ? "" : "\\";

    buf_add(out, &item->quote, item->quote ? 1 : 0);
    buf_puts(out, ENV_MARK);
    for (int i = 1; i < item->lines; i++) {
        buf_puts(out, next);
        buf_puts(out, item->quote && t->crlf ? "\r\n" : "\n");
        buf_puts(out, ENV_MARK);
    }
    buf_add(out, &item->quote, item->quote ? 1 : 0);
}

void env_mask_show(const struct env_mask *mask, const struct env_text *t,
                   const struct env_item *item, buf *out)
{
    struct span s;

    if (env_mask_item(mask, t, item)) {
        s = hidden_span(mask, t, item);
        buf_add(out, t->bytes + item->start, s.from - item->start);
        add_marks(item, t, out);
        buf_add(out, t->bytes + s.to, item->end - s.to);
    }
    else {
        buf_add(out, t->bytes + item->start, item->end - item->start);
    }
}

void env_mask_text(const struct env_mask *mask, const struct env_text *t, buf *out)
{
    for (int i = 0; i < t->n; i++)
        env_mask_show(mask, t, &t->item[i], out);
}
