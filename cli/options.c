#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "day.h"

#define FLAGS_MAX 64
#define LIST_MAX  10000

static struct arena *memory; /* lists live as long as the process */
static const char *given[FLAGS_MAX];
static size_t ngiven;

/* ---------------------------------------------------------------- what it says */

static size_t count(const struct flag *flags)
{
    size_t n = 0;

    while (flags[n].name)
        n++;
    return n;
}

static void usage(const struct command *self, FILE *to)
{
    fprintf(to, "usage: tocsin %s%s%s\n", self->name, *self->args ? " " : "", self->args);
}

static void help(const struct command *self, const struct flag *flags)
{
    char left[80];

    usage(self, stdout);
    printf("\n%s.\n\noptions:\n", self->summary);
    for (; flags->name; flags++) {
        if (!flags->help)
            continue;
        if (flags->type == FLAG_WORDS)
            snprintf(left, sizeof(left), "%s", flags->arg);
        else
            snprintf(left, sizeof(left), "--%s%s%s", flags->name, flags->arg ? " " : "",
                     flags->arg ? flags->arg : "");
        printf("  %-26s %s\n", left, flags->help);
    }
    printf("  %-26s %s\n", "--help", "say this");
    if (self->help)
        printf("\n%s", self->help);
}

static int wrong(const struct command *self)
{
    usage(self, stderr);
    return CLI_USAGE;
}

static int unknown(const struct command *self, const struct flag *flags, const char *word,
                   size_t len)
{
    const char *known[FLAGS_MAX], *near;
    char name[80];
    size_t n = 0;

    snprintf(name, sizeof(name), "%.*s", (int)(len < 60 ? len : 60), word);
    for (; flags->name && n < FLAGS_MAX; flags++)
        if (flags->type != FLAG_WORDS)
            known[n++] = flags->name;
    near = nearest(name, known, n);
    if (near)
        complain("%s: unknown flag '--%s', did you mean '--%s'?", self->name, name, near);
    else
        complain("%s: unknown flag '--%s'", self->name, name);
    return wrong(self);
}

/* ---------------------------------------------------------------- values */

static int add(struct flag_list *list, const char *s, size_t len)
{
    const char **more;

    if (list->n == LIST_MAX)
        return -1;
    if ((list->n & (list->n + 1)) == 0) { /* 0, 1, 3, 7 … are full */
        more = arena_alloc(&memory, (list->n * 2 + 1) * sizeof(*more));
        if (list->n)
            memcpy(more, list->item, list->n * sizeof(*more));
        list->item = more;
    }
    list->item[list->n++] = arena_copy(&memory, s, len);
    return 0;
}

static const char *take_list(struct flag_list *list, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        const char *s = text, *end = text + len;

        while (s < end && *s == ' ')
            s++;
        while (end > s && end[-1] == ' ')
            end--;
        if (end > s && add(list, s, (size_t)(end - s)) != 0)
            return "too many";
        text += len + (text[len] == ',');
    }
    return list->n ? NULL : "an empty list";
}

static const char *take_number(const struct flag *f, const char *text, long *to)
{
    static const struct {
        const char *unit;
        long ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    bool limits = f->least || f->most;
    long least = limits ? f->least : 0, most = limits ? f->most : INT32_MAX, value, factor = 0;
    size_t i, n = f->type == FLAG_MS ? sizeof(units) / sizeof(*units) : 1;
    static char why[80];
    char *end;

    errno = 0;
    value = strtol(text, &end, 10);
    for (i = 0; i < n && end != text; i++)
        if (!strcmp(end, units[i].unit))
            factor = units[i].ms;
    if (!factor || errno || *text == ' ')
        return f->type == FLAG_MS ? "no number of milliseconds" : "no whole number";
    if (value > most / factor || value < least / factor || value * factor < least) {
        snprintf(why, sizeof(why), "not between %ld and %ld", least, most);
        return why;
    }
    *to = value * factor;
    return NULL;
}

int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *take_time(const char *text, int64_t *to)
{
    char *end;

    if (!strcmp(text, "now")) {
        *to = clock_ms();
        return NULL;
    }
    if (day_parse_ms(text, to))
        return NULL;
    if (*text >= '0' && *text <= '9' && strlen(text) > 10 && strlen(text) < 16) {
        *to = strtoll(text, &end, 10);
        if (!*end)
            return NULL;
    }
    return "no time like 2026-11-21T10:00:00Z";
}

/* NULL, or what is wrong with it. */
static const char *take(const struct flag *f, const char *text)
{
    switch (f->type) {
    case FLAG_SWITCH:
        *(bool *)f->to = true;
        return NULL;
    case FLAG_TEXT:
        *(const char **)f->to = text;
        return *text ? NULL : "empty";
    case FLAG_INT:
    case FLAG_MS:
        return take_number(f, text, f->to);
    case FLAG_LIST:
        return take_list(f->to, text);
    case FLAG_TIME:
        return take_time(text, f->to);
    case FLAG_WORDS:
        return add(f->to, text, strlen(text)) ? "one too many" : NULL;
    }
    return "of no known type";
}

/* ---------------------------------------------------------------- the line */

static const struct flag *find(const struct flag *flags, const char *name, size_t len)
{
    for (; flags->name; flags++)
        if (flags->type != FLAG_WORDS && strlen(flags->name) == len &&
            !strncmp(flags->name, name, len))
            return flags;
    return NULL;
}

static const struct flag *words(const struct flag *flags)
{
    for (; flags->name; flags++)
        if (flags->type == FLAG_WORDS)
            return flags;
    return NULL;
}

static int one_word(const struct command *self, const struct flag *flags, const char *word)
{
    const struct flag *f = words(flags);

    if (f && !take(f, word))
        return -1;
    complain("%s: unexpected argument '%s'", self->name, word);
    return wrong(self);
}

static int one_flag(const struct command *self, const struct flag *flags, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *value = strchr(name, '='), *why;
    size_t len = value ? (size_t)(value - name) : strlen(name);
    const struct flag *f = find(flags, name, len);

    if (!f)
        return unknown(self, flags, name, len);
    if (f->type == FLAG_SWITCH && value) {
        complain("%s: --%s takes no value", self->name, f->name);
        return wrong(self);
    }
    if (f->type != FLAG_SWITCH)
        value = value ? value + 1 : argv[++*i];
    if (f->type != FLAG_SWITCH && !value) {
        complain("%s: --%s needs a value", self->name, f->name);
        return wrong(self);
    }
    if ((why = take(f, value))) {
        complain("%s: --%s '%s': %s", self->name, f->name, value, why);
        return wrong(self);
    }
    if (ngiven < FLAGS_MAX)
        given[ngiven++] = f->name;
    return -1;
}

int flags_read(const struct command *self, const struct flag *flags, int argc, char **argv)
{
    bool rest = false;
    int i, status;

    ngiven = 0;
    if (count(flags) > FLAGS_MAX)
        abort();
    for (i = 1; i < argc; i++) {
        if (!rest && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            help(self, flags);
            return EXIT_SUCCESS;
        }
        if (!rest && !strcmp(argv[i], "--"))
            rest = true;
        else if (!rest && !strncmp(argv[i], "--", 2)) {
            if ((status = one_flag(self, flags, argv, &i)) >= 0)
                return status;
        }
        else if ((status = one_word(self, flags, argv[i])) >= 0)
            return status;
    }
    return -1;
}

bool flags_given(const char *name)
{
    size_t i;

    for (i = 0; i < ngiven; i++)
        if (!strcmp(given[i], name))
            return true;
    return false;
}
