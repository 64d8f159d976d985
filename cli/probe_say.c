/* probe_say: what a run tells people, git and the CI. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "buf.h"
#include "options.h"
#include "probe.h"

#define NAMES_SAID 5 /* in the first line of the commit message */

static const struct {
    const char *word, *square, *mark;
} words[] = {
    [STATE_UP] = {"up", "🟩", "✅"},
    [STATE_DEGRADED] = {"degraded", "🟨", "⚠️"},
    [STATE_DOWN] = {"down", "🟥", "❌"},
    [STATE_MAINTENANCE] = {"maintenance", "⏸️", "⏸️"},
};

/* Names and titles are any text; what they go into is lines. */
static void one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ')
            *s = ' ';
}

void probe_line(const struct result *r, char *out, size_t size)
{
    const char *name = r->system->name, *square = words[r->state].square;

    if (r->window)
        snprintf(out, size, "%s Skipping %s - in maintenance window: %s", square, name,
                 r->window);
    else if (r->state == STATE_UP)
        snprintf(out, size, "%s %s is up (%d in %d ms)", square, name, r->code, r->lat);
    else if (r->state == STATE_DEGRADED)
        snprintf(out, size, "%s %s degraded (%d in %d ms)", square, name, r->code, r->lat);
    else if (r->code)
        snprintf(out, size, "%s %s is down (%d)", square, name, r->code);
    else
        snprintf(out, size, "%s %s is down (%s)", square, name, r->err);
    one_line(out);
}

void probe_summary(const struct probe *p)
{
    char name[SYSTEM_NAME_MAX + 1];
    size_t i;

    printf("\n%zu system%s:\n", p->n, p->n == 1 ? "" : "s");
    for (i = 0; i < p->n; i++) {
        const struct result *r = &p->result[i];

        one_line(strcpy(name, r->system->name));
        printf("  %s %s: %s\n", words[r->state].mark, name, words[r->state].word);
    }
}

/* ---------------------------------------------------------------- commit message */

/* down, degraded, then what is not up for a reason, then up */
static int gravity(enum state state)
{
    static const int rank[] = {
        [STATE_UP] = 0, [STATE_MAINTENANCE] = 1, [STATE_DEGRADED] = 2, [STATE_DOWN] = 3};

    return rank[state];
}

static const struct result *worst(const struct probe *p)
{
    const struct result *r = &p->result[0];
    size_t i;

    for (i = 1; i < p->n; i++)
        if (gravity(p->result[i].state) > gravity(r->state))
            r = &p->result[i];
    return r;
}

/* The names of a state, `between` them; those beyond `most` are counted. */
static void add_names(buf *out, const struct probe *p, enum state state, const char *between,
                      size_t most)
{
    size_t i, n = 0;
    char more[40], name[SYSTEM_NAME_MAX + 1];

    for (i = 0; i < p->n; i++) {
        if (p->result[i].state != state)
            continue;
        if (n++ >= most)
            continue;
        if (n > 1)
            buf_puts(out, between);
        one_line(strcpy(name, p->result[i].system->name));
        buf_puts(out, name);
    }
    if (n > most) {
        snprintf(more, sizeof(more), " and %zu more", n - most);
        buf_puts(out, more);
    }
}

/* One line that CI skips, then a line a system. */
static void add_message(buf *out, const struct probe *p)
{
    enum state state = worst(p)->state;
    char line[1024];
    size_t i;

    if (state == STATE_DOWN || state == STATE_DEGRADED) {
        snprintf(line, sizeof(line), "%s Systems %s: ", words[state].square,
                 words[state].word);
        buf_puts(out, line);
        add_names(out, p, state, ", ", NAMES_SAID);
    }
    else {
        buf_puts(out, "🟩 All systems operational");
    }
    buf_puts(out, " [skip ci]\n");
    for (i = 0; i < p->n; i++) {
        probe_line(&p->result[i], line, sizeof(line));
        buf_puts(out, "\n");
        buf_puts(out, line);
    }
}

/* ---------------------------------------------------------------- step outputs */

/* NAME<<MARK, the value's lines, MARK: whatever is in a value, it ends nothing else. */
static void output(buf *out, const char *mark, const char *name, const char *value)
{
    buf_puts(out, name);
    buf_puts(out, "<<");
    buf_puts(out, mark);
    buf_puts(out, "\n");
    buf_puts(out, value);
    buf_puts(out, "\n");
    buf_puts(out, mark);
    buf_puts(out, "\n");
}

static void output_number(buf *out, const char *mark, const char *name, long value)
{
    char text[24];

    snprintf(text, sizeof(text), "%ld", value);
    output(out, mark, name, text);
}

static void output_systems(buf *out, const char *mark, const struct probe *p)
{
    json_t *list = json_array();
    char *text;
    size_t i;

    for (i = 0; i < p->n; i++) {
        const struct result *r = &p->result[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:s*}", "system",
                                              r->system->name, "status", words[r->state].word,
                                              "status_code", r->code, "response_time", r->lat,
                                              "error", *r->err ? r->err : NULL));
    }
    text = json_dumps(list, JSON_COMPACT);
    output(out, mark, "systems", text ? text : "[]");
    free(text);
    json_decref(list);
}

static void output_names(buf *out, const char *mark, const struct probe *p)
{
    size_t state;
    buf names = {0};

    for (state = 0; state < sizeof(words) / sizeof(*words); state++) {
        buf_clear(&names);
        add_names(&names, p, (enum state)state, "\n", p->n);
        output(out, mark, words[state].word, buf_end(&names));
    }
    buf_free(&names);
}

static int append(const char *path, const buf *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666), rv = 0;

    if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len)
        rv = -1;
    if (rv)
        complain("probe: cannot write to '%s': %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rv;
}

int probe_outputs(const struct probe *p)
{
    const char *path = getenv("GITHUB_OUTPUT");
    const struct result *r = worst(p);
    buf out = {0}, message = {0};
    unsigned char random[16];
    char mark[48] = "tocsin_";
    size_t i;
    int rv;

    if (!path || !*path)
        return 0;
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return -1;
    for (i = 0; i < sizeof(random); i++)
        snprintf(mark + 7 + i * 2, 3, "%02x", random[i]);
    add_message(&message, p);
    output(&out, mark, "commit_message", buf_end(&message));
    output(&out, mark, "status", words[r->state].word);
    output_number(&out, mark, "status_code", r->code);
    output_number(&out, mark, "response_time", r->lat);
    output_systems(&out, mark, p);
    output_names(&out, mark, p);
    rv = append(path, &out);
    buf_free(&out);
    buf_free(&message);
    return rv;
}
