#define _GNU_SOURCE
#include "action.h"
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (4 * ACTION_LOG_MAX) /* lines, before it is written anew */

struct action_log {
    char path[1100];
    int fd; /* -1: cannot be written */
    int lines;
    struct action_line of[ACTION_LOG_MAX]; /* a ring */
    int n, next;
};

static const char *const ends[] = {"begun", "done", "failed"};

bool action_id_ok(const char *id)
{
    for (int i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? id[i] != '-'
                                                    : !isxdigit((unsigned char)id[i]))
            return false;
    return id[36] == '\0';
}

const struct action_line *action_log_find(const struct action_log *l, const char *id)
{
    for (int i = 0; i < l->n; i++)
        if (!strcasecmp(l->of[i].id, id))
            return &l->of[i];
    return NULL;
}

static void remember(struct action_log *l, const struct action_line *line)
{
    struct action_line *known = (struct action_line *)action_log_find(l, line->id);

    if (!known) {
        known = &l->of[l->next];
        l->next = (l->next + 1) % ACTION_LOG_MAX;
        l->n += l->n < ACTION_LOG_MAX;
    }
    *known = *line;
}

static int print(char *out, size_t size, const struct action_line *a)
{
    return snprintf(out, size, "%s %s %s %s %lld\n", a->id, a->app, a->verb, ends[a->end],
                    (long long)a->ms);
}

static bool parse(const char *text, struct action_line *a)
{
    char end[8];
    long long ms;

    if (sscanf(text, "%36s %63s %7s %7s %lld", a->id, a->app, a->verb, end, &ms) != 5 ||
        !action_id_ok(a->id))
        return false;
    a->ms = ms;
    for (int i = 0; i < 3; i++)
        if (!strcmp(ends[i], end)) {
            a->end = (enum action_end)i;
            return true;
        }
    return false;
}

static void read_all(struct action_log *l)
{
    FILE *f = fopen(l->path, "re");
    struct action_line a;
    char text[256];

    while (f && fgets(text, sizeof(text), f)) {
        l->lines++;
        if (parse(text, &a))
            remember(l, &a);
    }
    if (f)
        fclose(f);
}

static void write_all(int fd, const char *text, size_t n, bool *ok)
{
    *ok = *ok && write(fd, text, n) == (ssize_t)n;
}

/* Only what is remembered, oldest first; by rename, so that it is whole at any moment. */
static void write_anew(struct action_log *l)
{
    char fresh[1110], text[256];
    int fd, first = l->n < ACTION_LOG_MAX ? 0 : l->next;
    bool ok = true;

    snprintf(fresh, sizeof(fresh), "%s.new", l->path);
    if ((fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) < 0)
        return;
    for (int i = 0; i < l->n; i++)
        write_all(fd, text,
                  (size_t)print(text, sizeof(text), &l->of[(first + i) % ACTION_LOG_MAX]),
                  &ok);
    if (!ok || fsync(fd) || rename(fresh, l->path)) {
        close(fd);
        unlink(fresh);
        return;
    }
    if (l->fd >= 0)
        close(l->fd);
    l->fd = fd;
    l->lines = l->n;
}

void action_log_put(struct action_log *l, const struct action_line *a)
{
    char text[256];
    bool ok = l->fd >= 0;

    remember(l, a);
    write_all(l->fd, text, (size_t)print(text, sizeof(text), a), &ok);
    if (!ok || fdatasync(l->fd))
        log_warning("cannot write '%s': %s", l->path, strerror(errno));
    if (++l->lines > FILE_MAX)
        write_anew(l);
}

struct action_log *action_log_open(const struct conf *conf)
{
    struct action_log *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    snprintf(l->path, sizeof(l->path), "%s/actions", conf->state_dir);
    read_all(l);
    l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (l->fd < 0)
        log_warning("cannot open '%s': %s", l->path, strerror(errno));
    return l;
}

void action_log_close(struct action_log *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}
