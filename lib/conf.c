#define _GNU_SOURCE
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192
#define LINES_MAX      10000
#define KEYS_MAX       64
#define LIST_MAX       256

/* a file that is being read */
struct reader {
    const struct conf_sections *how;
    const struct conf_key *keys; /* of this part of the file */
    void *into;
    void *section; /* NULL before the first */
    int section_line;
    bool seen[KEYS_MAX];
};

__attribute__((format(printf, 2, 3))) static int fail(struct conf_error *e, const char *fmt,
                                                      ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return -1;
}

static int whole_number(const char *s, char **end, long *out)
{
    errno = 0;
    *out = strtol(s, end, 10);
    return errno == 0 && *end != s && !isspace((unsigned char)*s) ? 0 : -1;
}

static int set_text(const struct conf_key *k, char **at, const char *value,
                    struct conf_error *e)
{
    long n = (long)strlen(value);

    if (k->max > 0 && (n < k->min || n > k->max))
        return fail(e, "'%s' must be %ld to %ld characters long", k->name, k->min, k->max);
    free(*at);
    *at = n > 0 ? strdup(value) : NULL;
    return 0;
}

static int set_int(const struct conf_key *k, int *at, const char *value, struct conf_error *e)
{
    char *end;
    long n;

    if (whole_number(value, &end, &n) || *end || n < k->min || n > k->max)
        return fail(e, "'%s' must be a whole number from %ld to %ld", k->name, k->min, k->max);
    *at = (int)n;
    return 0;
}

static int set_bool(const struct conf_key *k, bool *at, const char *value,
                    struct conf_error *e)
{
    if (strcmp(value, "yes") && strcmp(value, "no"))
        return fail(e, "'%s' must be yes or no", k->name);
    *at = value[0] == 'y';
    return 0;
}

static int set_time(const struct conf_key *k, long *at, const char *value,
                    struct conf_error *e)
{
    static const struct {
        char unit;
        long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    long n, seconds = 0;

    if (whole_number(value, &end, &n) == 0 && n >= 0 && *end && !end[1])
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            if (units[i].unit == *end &&
                !__builtin_mul_overflow(n, units[i].seconds, &seconds) && seconds >= k->min &&
                seconds <= k->max) {
                *at = seconds;
                return 0;
            }
    return fail(e, "'%s' must be a number with s, m, h or d, from %lds to %lds", k->name,
                k->min, k->max);
}

static int set_list(const struct conf_key *k, struct conf_list *at, const char *value,
                    struct conf_error *e)
{
    char **more;

    if (!*value)
        return fail(e, "'%s' is empty", k->name);
    if (at->n == LIST_MAX)
        return fail(e, "'%s' is there more than %d times", k->name, LIST_MAX);
    if (!(more = realloc(at->item, (size_t)(at->n + 1) * sizeof(*more))))
        return fail(e, "out of memory");
    at->item = more;
    at->item[at->n++] = strdup(value);
    return 0;
}

static int set_pair(const struct conf_key *k, struct conf_pairs *at, const char *name,
                    const char *value, struct conf_error *e)
{
    struct conf_pair *more;

    if (!name)
        return fail(e, "expected '%s NAME = value'", k->name);
    if (!*value)
        return fail(e, "'%s %.60s' is empty", k->name, name);
    for (int i = 0; i < at->n; i++)
        if (!strcmp(at->item[i].name, name))
            return fail(e, "'%s %.60s' is there twice", k->name, name);
    if (at->n == LIST_MAX)
        return fail(e, "'%s' is there more than %d times", k->name, LIST_MAX);
    if (!(more = realloc(at->item, (size_t)(at->n + 1) * sizeof(*more))))
        return fail(e, "out of memory");
    at->item = more;
    at->item[at->n].name = strdup(name);
    at->item[at->n++].value = strdup(value);
    return 0;
}

static int set(const struct conf_key *k, void *into, const char *name, const char *value,
               struct conf_error *e)
{
    void *at = (char *)into + k->offset;

    switch (k->type) {
    case CONF_TEXT:
        return set_text(k, at, value, e);
    case CONF_INT:
        return set_int(k, at, value, e);
    case CONF_BOOL:
        return set_bool(k, at, value, e);
    case CONF_TIME:
        return set_time(k, at, value, e);
    case CONF_LIST:
        return set_list(k, at, value, e);
    case CONF_PAIRS:
        return set_pair(k, at, name, value, e);
    }
    return -1;
}

/* The value as meant: quotes and comment taken off, in place. */
static char *unquote(char *s, struct conf_error *e)
{
    char *end;

    if (*s == '"') {
        char *to = ++s, *from = s;

        while (*from && *from != '"') {
            if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
                from++;
            *to++ = *from++;
        }
        if (!*from) {
            fail(e, "a quote is not closed");
            return NULL;
        }
        from += 1 + strspn(from + 1, " \t");
        if (*from && *from != '#') {
            fail(e, "text after the closing quote");
            return NULL;
        }
        *to = '\0';
        return s;
    }
    for (end = s; *end; end++)
        if (*end == '#' && (end == s || isspace((unsigned char)end[-1]))) {
            *end = '\0';
            break;
        }
    for (end = s + strlen(s); end > s && isspace((unsigned char)end[-1]);)
        *--end = '\0';
    return s;
}

/* Split "key = value" or "key name = value" in place; name is NULL when there is none.
 * 1: a pair, 0: nothing on this line, -1: wrong. */
static int split(char *line, char **key, char **name, char **value, struct conf_error *e)
{
    char *end, *name_end = NULL;

    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return 0;
    *key = line;
    end = line + strcspn(line, " \t=");
    line = end + strspn(end, " \t");
    if (*line && *line != '=') {
        *name = line;
        name_end = line + strcspn(line, " \t=");
        line = name_end + strspn(name_end, " \t");
    }
    if (*line != '=' || end == *key)
        return fail(e, "expected 'key = value'");
    line++;
    line += strspn(line, " \t");
    *end = '\0';
    if (name_end)
        *name_end = '\0';
    return (*value = unquote(line, e)) ? 1 : -1;
}

static int take(char *line, struct reader *r, struct conf_error *e)
{
    char *key = NULL, *name = NULL, *value = NULL;
    int n = split(line, &key, &name, &value, e);

    if (n <= 0)
        return n;
    for (int i = 0; r->keys[i].name; i++) {
        const struct conf_key *k = &r->keys[i];

        if (strcmp(k->name, key))
            continue;
        if (r->seen[i] && k->type != CONF_LIST && k->type != CONF_PAIRS)
            return fail(e, "'%s' is there twice", key);
        if (name && k->type != CONF_PAIRS)
            return fail(e, "expected '%s = value'", key);
        r->seen[i] = true;
        if (r->how->check && r->how->check(r->how->arg, r->section, key, name, value, e))
            return -1;
        return set(k, r->into, name, value, e);
    }
    return fail(e, "unknown key '%.60s'", key);
}

static int defaults(const struct conf_key *keys, void *into, struct conf_error *e)
{
    for (const struct conf_key *k = keys; k->name; k++)
        if (k->normal && set(k, into, NULL, k->normal, e))
            return -1;
    return 0;
}

static int end_section(struct reader *r, struct conf_error *e)
{
    int line = e->line;

    if (!r->section || !r->how->end)
        return 0;
    e->line = r->section_line;
    if (r->how->end(r->how->arg, r->section, e))
        return -1;
    e->line = line;
    return 0;
}

/* "[word NAME]", and nothing but a comment behind it. */
static int begin_section(char *line, struct reader *r, struct conf_error *e)
{
    size_t word = r->how->word ? strlen(r->how->word) : 0;
    char *name, *end = strchr(line, ']'),
                *rest = end ? end + 1 + strspn(end + 1, " \t") : line;

    if (!word)
        return fail(e, "expected 'key = value'");
    if (!end || (*rest && *rest != '#') || strncmp(line + 1, r->how->word, word) ||
        !strspn(line + 1 + word, " \t"))
        return fail(e, "expected '[%s NAME]'", r->how->word);
    name = line + 1 + word;
    name += strspn(name, " \t");
    while (end > name && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    if (end_section(r, e))
        return -1;
    r->section_line = e->line;
    memset(r->seen, 0, sizeof(r->seen));
    r->keys = r->how->section_keys;
    if (!(r->section = r->into = r->how->begin(r->how->arg, name, e)))
        return -1;
    return defaults(r->keys, r->into, e);
}

static int read_lines(FILE *f, struct reader *r, struct conf_error *e)
{
    char line[LINE_MAX_BYTES];

    while (fgets(line, sizeof(line), f)) {
        size_t n = strlen(line);
        char *from = line + strspn(line, " \t");

        if (++e->line > LINES_MAX)
            return fail(e, "more than %d lines", LINES_MAX);
        if (n == sizeof(line) - 1 && line[n - 1] != '\n')
            return fail(e, "line too long");
        if (n == 0 || (line[n - 1] != '\n' && !feof(f)))
            return fail(e, "a NUL byte");
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = '\0';
        for (size_t i = 0; i < n; i++)
            if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
                return fail(e, "a control character");
        if ((*from == '[' ? begin_section(from, r, e) : take(line, r, e)) < 0)
            return -1;
    }
    if (end_section(r, e))
        return -1;
    e->line = 0;
    if (ferror(f))
        return fail(e, "cannot read: %s", strerror(errno));
    return 0;
}

int conf_read_sections(FILE *f, const struct conf_sections *how, struct conf_error *e)
{
    struct reader r = {.how = how, .keys = how->keys, .into = how->into};

    memset(e, 0, sizeof(*e));
    return defaults(how->keys, how->into, e) ? -1 : read_lines(f, &r, e);
}

int conf_read_from(FILE *f, const struct conf_key *keys, void *into, struct conf_error *e)
{
    const struct conf_sections how = {.keys = keys, .into = into};

    return conf_read_sections(f, &how, e);
}

int conf_read(const char *path, const struct conf_key *keys, void *into, struct conf_error *e)
{
    FILE *f;
    int r;

    if (!path) {
        memset(e, 0, sizeof(*e));
        return defaults(keys, into, e);
    }
    if (!(f = fopen(path, "re"))) {
        e->line = 0;
        return fail(e, "cannot open: %s", strerror(errno));
    }
    r = conf_read_from(f, keys, into, e);
    fclose(f);
    return r;
}

void conf_free(const struct conf_key *keys, void *into)
{
    for (const struct conf_key *k = keys; k->name; k++) {
        void *at = (char *)into + k->offset;

        if (k->type == CONF_TEXT) {
            free(*(char **)at);
            *(char **)at = NULL;
        }
        else if (k->type == CONF_LIST) {
            struct conf_list *list = at;

            for (int i = 0; i < list->n; i++)
                free(list->item[i]);
            free(list->item);
            memset(list, 0, sizeof(*list));
        }
        else if (k->type == CONF_PAIRS) {
            struct conf_pairs *pairs = at;

            for (int i = 0; i < pairs->n; i++) {
                free(pairs->item[i].name);
                free(pairs->item[i].value);
            }
            free(pairs->item);
            memset(pairs, 0, sizeof(*pairs));
        }
    }
}
