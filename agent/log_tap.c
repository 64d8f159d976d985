#include "log_tap_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static LIST_HEAD(, tap) taps = LIST_HEAD_INITIALIZER(taps);

bool tap_cursor_ok(const char *cursor)
{
    size_t n = strlen(cursor);

    if (n == 0 || n > LOG_CURSOR_MAX || *cursor == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)cursor[i]) && !strchr("=;.:_+-/", cursor[i]))
            return false;
    return true;
}

bool tap_error_is_cursor(const char *error)
{
    return error && strstr(error, "cursor");
}

static void tap_free(struct tap *t)
{
    LIST_REMOVE(t, next);
    t->kind->close(t);
    event_free(t->later);
    free(t->name);
    free(t);
}

static void on_later(evutil_socket_t, short, void *arg)
{
    tap_free(arg);
}

struct tap *tap_open(struct agent *agent, const struct tap_spec *spec)
{
    struct tap *t = calloc(1, sizeof(*t));

    if (!t || !(t->name = strdup(spec->unit ? spec->unit : spec->container)) ||
        !(t->later = event_new(agent->base, -1, 0, on_later, t)))
        abort();
    t->agent = agent;
    t->spec = *spec;
    if (spec->cursor)
        strncpy(t->cursor, spec->cursor, LOG_CURSOR_MAX);
    t->kind = spec->unit ? &tap_journal : &tap_docker;
    t->spec.unit = t->spec.container = t->spec.cursor = NULL;
    LIST_INSERT_HEAD(&taps, t, next);
    if (t->kind->open(t)) {
        int e = errno;

        tap_free(t);
        errno = e;
        return NULL;
    }
    return t;
}

bool tap_line(struct tap *t, const struct log_line *line)
{
    return !t->closed && t->spec.line(t->spec.arg, line) && !t->closed;
}

void tap_gap(struct tap *t)
{
    if (!t->closed && t->spec.gap)
        t->spec.gap(t->spec.arg);
}

void tap_end(struct tap *t, const char *error)
{
    void (*end)(void *, const char *) = t->spec.end;
    void *arg = t->spec.arg;
    char words[TAP_ERROR_MAX] = "";

    if (t->closed) /* `later` comes */
        return;
    if (error)
        memcpy(words, error, log_utf8_fit(error, strlen(error), sizeof(words) - 1));
    tap_free(t);
    end(arg, error ? words : NULL);
}

void tap_pause(struct tap *t)
{
    if (!t->paused && !t->closed)
        t->kind->pause(t, true);
    t->paused = true;
}

void tap_go_on(struct tap *t)
{
    if (t->paused && !t->closed)
        t->kind->pause(t, false);
    t->paused = false;
}

void tap_close(struct tap *t)
{
    if (t->closed)
        return;
    t->closed = true;
    if (t->inside)
        event_active(t->later, EV_TIMEOUT, 0);
    else
        tap_free(t);
}

void tap_close_all(void)
{
    while (!LIST_EMPTY(&taps))
        tap_free(LIST_FIRST(&taps));
}
