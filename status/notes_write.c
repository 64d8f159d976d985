/* notes_write: incidents.json and maintenance.json, written for both generations. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "notes.h"
#include "utf8.h"

/* jansson takes UTF-8 only; whoever filled the struct may have been given something else. */
static json_t *text(const char *words)
{
    json_t *value = json_string(words ? words : "");
    size_t len;
    char *clean;

    if (value)
        return value;
    len = strlen(words);
    clean = malloc(len * 3 + 1);
    if (!clean)
        abort();
    utf8_clean(clean, len * 3 + 1, words, len);
    value = json_string(clean);
    free(clean);
    return value;
}

static json_t *when(int64_t seconds)
{
    char out[21];

    if (seconds == 0)
        return json_null();
    day_print_s(seconds, out);
    return json_string(out);
}

static json_t *list(const char *const *word, int n)
{
    json_t *array = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(array, text(word[i]));
    return array;
}

/* The seed calls a comment's time createdAt, its program timestamp. */
static json_t *comments(const struct note *note)
{
    json_t *array = json_array();

    for (int i = 0; i < note->comments; i++) {
        const struct note_comment *c = &note->comment[i];
        json_t *one = json_object();

        json_object_set_new(one, "author", text(c->author));
        json_object_set_new(one, "createdAt", when(c->at));
        json_object_set_new(one, "timestamp", when(c->at));
        if (c->phase)
            json_object_set_new(one, "phase", text(c->phase));
        json_object_set_new(one, "body", text(c->body));
        json_array_append_new(array, one);
    }
    return array;
}

static json_t *begin(const struct note *note)
{
    json_t *o = json_object();

    json_object_set_new(o, "id", json_integer(note->id));
    json_object_set_new(o, "number", json_integer(note->id));
    json_object_set_new(o, "title", text(note->title));
    return o;
}

/* What both kinds end with. */
static json_t *finish(json_t *o, const struct note *note)
{
    json_object_set_new(o, "createdAt", when(note->created_at));
    json_object_set_new(o, "updatedAt", when(note->updated_at));
    json_object_set_new(o, "closedAt", when(note->closed_at));
    json_object_set_new(o, "systems", list(note->system, note->systems));
    json_object_set_new(o, "affectedSystems", list(note->system, note->systems));
    json_object_set_new(o, "labels", list(note->label, note->labels));
    json_object_set_new(o, "body", text(note->body));
    json_object_set_new(o, "url", note->url ? text(note->url) : json_null());
    json_object_set_new(o, "comments", comments(note));
    json_object_set_new(o, "commentCount", json_integer(note->comments));
    return o;
}

static json_t *incident(const struct note *note, int64_t)
{
    json_t *o = begin(note);

    json_object_set_new(o, "severity", text(note->severity));
    json_object_set_new(o, "status", json_string(note->closed_at ? "closed" : "open"));
    if (note->closed_at)
        json_object_set_new(o, "resolutionTimeMinutes",
                            json_integer((note->closed_at - note->created_at + 30) / 60));
    return finish(o, note);
}

static json_t *window(const struct note *note, int64_t now)
{
    json_t *o = begin(note);

    json_object_set_new(o, "status",
                        json_string(note_window_word(note_window_state(note, now))));
    json_object_set_new(o, "start", when(note->starts_at));
    json_object_set_new(o, "end", when(note->ends_at));
    json_object_set_new(o, "description", text(note->body));
    return finish(o, note);
}

/* ---------------------------------------------------------------- the files */

/* Later first, then the greater number. */
static int later(int64_t a, int64_t b, const struct note *x, const struct note *y)
{
    if (a != b)
        return a < b ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

static int by_created(const void *a, const void *b)
{
    const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;

    return later(x->created_at, y->created_at, x, y);
}

static int by_start(const void *a, const void *b)
{
    const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;

    return later(x->starts_at, y->starts_at, x, y);
}

static int64_t incident_over(const struct note *note)
{
    return note->closed_at ? note->closed_at : INT64_MAX;
}

static int64_t window_over(const struct note *note)
{
    return note->closed_at && note->closed_at < note->ends_at ? note->closed_at
                                                              : note->ends_at;
}

struct shape {
    const char *name;
    json_t *(*json)(const struct note *note, int64_t now);
    int (*order)(const void *, const void *);
    int64_t (*over)(const struct note *note);
};

static int write_list(const struct shape *shape, const char *dir, const struct note *note,
                      int n, int64_t now, int keep_days, char *error, size_t size)
{
    const struct note **kept = malloc(((size_t)n + 1) * sizeof(*kept));
    json_t *array = json_array();
    char path[4096], *words;
    size_t count = 0, len;
    int rv = -1;

    if (!kept || !array)
        abort();
    for (int i = 0; i < n; i++)
        if (keep_days == 0 || shape->over(&note[i]) > now - (int64_t)keep_days * DAY_S)
            kept[count++] = &note[i];
    qsort(kept, count, sizeof(*kept), shape->order);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, shape->json(kept[i], now));
    words = json_dumps(array, JSON_INDENT(2));
    if (!words)
        abort();
    len = strlen(words);
    words[len] = '\n'; /* in place of the zero: files end in a line end */
    if (snprintf(path, sizeof(path), "%s/%s", dir, shape->name) >= (int)sizeof(path))
        snprintf(error, size, "'%.200s…' is too long a path", dir);
    else
        rv = file_replace_if_changed(path, words, len + 1, error, size);
    free(words);
    json_decref(array);
    free(kept);
    return rv;
}

int notes_write_incidents(const char *dir, const struct note *note, int n, int64_t now,
                          int keep_days, char *error, size_t size)
{
    static const struct shape shape = {"incidents.json", incident, by_created, incident_over};

    return write_list(&shape, dir, note, n, now, keep_days, error, size);
}

int notes_write_maintenance(const char *dir, const struct note *note, int n, int64_t now,
                            int keep_days, char *error, size_t size)
{
    static const struct shape shape = {"maintenance.json", window, by_start, window_over};

    return write_list(&shape, dir, note, n, now, keep_days, error, size);
}
