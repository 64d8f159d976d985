/* notes: incidents.json and maintenance.json, read. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "hash.h"
#include "notes.h"

#define FILE_MAX (64 << 20)

enum window_state note_window_state(const struct note *w, int64_t now)
{
    if ((w->closed_at && w->closed_at <= now) || now > w->ends_at)
        return WINDOW_COMPLETED;
    return now < w->starts_at ? WINDOW_UPCOMING : WINDOW_IN_PROGRESS;
}

const char *note_window_word(enum window_state state)
{
    static const char *const words[] = {"upcoming", "in-progress", "completed"};

    return words[state];
}

bool note_window_covers(const struct note *w, const char *system, int64_t now)
{
    if (note_window_state(w, now) != WINDOW_IN_PROGRESS)
        return false;
    for (int i = 0; i < w->systems; i++)
        if (!strcmp(w->system[i], system))
            return true;
    return w->systems == 0;
}

void notes_free(struct notes *notes)
{
    arena_free(&notes->memory);
    memset(notes, 0, sizeof(*notes));
}

/* ---------------------------------------------------------------- values */

static const char *text(struct notes *n, const json_t *entry, const char *key)
{
    return arena_str(&n->memory, json_string_value(json_object_get(entry, key)));
}

/* The first of two keys that has a text. */
static const char *either(struct notes *n, const json_t *entry, const char *key,
                          const char *other)
{
    const char *found = text(n, entry, key);

    return found ? found : text(n, entry, other);
}

/* Seconds since 1970; 0: there is no such key, it is null, or no time. */
static int64_t when(const json_t *entry, const char *key)
{
    const char *words = json_string_value(json_object_get(entry, key));
    int64_t ms;

    return words && day_parse_ms(words, &ms) ? ms / 1000 : 0;
}

static bool is_in(const char *const *list, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(list[i], word))
            return true;
    return false;
}

/* Adds the texts of an array that are not there yet. */
static void add_list(struct notes *n, const json_t *array, const char ***list, int *count)
{
    size_t len = json_array_size(array), i;
    const char **all;
    json_t *one;

    if (len == 0)
        return;
    all = arena_alloc(&n->memory, ((size_t)*count + len) * sizeof(*all));
    if (*count > 0)
        memcpy(all, *list, (size_t)*count * sizeof(*all));
    json_array_foreach(array, i, one)
    {
        /* a label of GitHub is an object with a name */
        const char *word = json_is_object(one)
                               ? json_string_value(json_object_get(one, "name"))
                               : json_string_value(one);

        if (word && *word && !is_in(all, *count, word))
            all[(*count)++] = arena_str(&n->memory, word);
    }
    *list = all;
}

static void read_comments(struct notes *n, struct note *note, const json_t *array)
{
    size_t len = json_array_size(array), i;
    json_t *one;

    if (len == 0)
        return;
    note->comment = arena_alloc(&n->memory, len * sizeof(*note->comment));
    json_array_foreach(array, i, one)
    {
        struct note_comment *c = &note->comment[note->comments];
        const char *author = text(n, one, "author");

        c->body = text(n, one, "body");
        c->author = author ? author : "";
        c->phase = text(n, one, "phase");
        c->at = when(one, "createdAt");
        if (c->at == 0)
            c->at = when(one, "timestamp");
        note->comments += c->body != NULL;
    }
}

/* ---------------------------------------------------------------- entries */

static void bad(struct notes *n, const char *file, size_t i, const char *why)
{
    if (n->bad++ == 0)
        snprintf(n->trouble, sizeof(n->trouble), "'%.40s': skipped entry %zu: %s", file, i + 1,
                 why);
}

/* The number at the end of ".../issues/123"; of nothing such, one that is made of the words.
 */
static int64_t number_of(const struct note *note)
{
    const char *last = note->url ? strrchr(note->url, '/') : NULL;
    long long number = last ? atoll(last + 1) : 0;

    if (number > 0 && number < INT32_MAX)
        return number;
    return note->title ? (int64_t)(hash64(note->title, strlen(note->title),
                                          (uint64_t)note->created_at) &
                                   0x3fffffff) +
                             1
                       : 0;
}

static void read_common(struct notes *n, struct note *note, const json_t *entry)
{
    const json_t *id = json_object_get(entry, "id");

    for (const char *const *key = (const char *[]){"number", "issueNumber", NULL};
         !json_is_integer(id) && *key; key++)
        id = json_object_get(entry, *key);
    note->id = json_integer_value(id);
    note->title = text(n, entry, "title");
    note->url = text(n, entry, "url");
    note->created_at = when(entry, "createdAt");
    note->updated_at = when(entry, "updatedAt");
    note->closed_at = when(entry, "closedAt");
    if (note->id <= 0)
        note->id = number_of(note);
    add_list(n, json_object_get(entry, "systems"), &note->system, &note->systems);
    add_list(n, json_object_get(entry, "affectedSystems"), &note->system, &note->systems);
    add_list(n, json_object_get(entry, "entities"), &note->system, &note->systems);
    add_list(n, json_object_get(entry, "labels"), &note->label, &note->labels);
    read_comments(n, note, json_object_get(entry, "comments"));
}

static const char *read_incident(struct notes *n, struct note *note, const json_t *entry)
{
    const char *status = json_string_value(json_object_get(entry, "status"));

    read_common(n, note, entry);
    note->body = either(n, entry, "body", "bodyMarkdown");
    note->severity = text(n, entry, "severity");
    if (!note->title || !*note->title)
        return "it has no title";
    if (!note->body)
        note->body = "";
    if (!note->severity ||
        (strcmp(note->severity, "critical") && strcmp(note->severity, "major")))
        note->severity = "minor";
    if (note->created_at == 0)
        return "it has no createdAt that is a time";
    if (note->closed_at && note->closed_at < note->created_at)
        return "closedAt is before createdAt";
    /* closed, nobody says when */
    if (!note->closed_at && status &&
        (!strcmp(status, "closed") || !strcmp(status, "resolved")))
        note->closed_at =
            note->updated_at > note->created_at ? note->updated_at : note->created_at;
    if (note->updated_at == 0)
        note->updated_at = note->closed_at ? note->closed_at : note->created_at;
    return NULL;
}

static const char *read_window(struct notes *n, struct note *note, const json_t *entry)
{
    read_common(n, note, entry);
    note->body = either(n, entry, "description", "body");
    note->starts_at = when(entry, "start");
    note->ends_at = when(entry, "end");
    if (!note->title || !*note->title)
        return "it has no title";
    if (!note->body)
        note->body = "";
    if (note->starts_at == 0)
        return "start is no time";
    if (note->ends_at == 0)
        return "end is no time";
    if (note->ends_at < note->starts_at)
        return "it ends before it starts";
    if (note->created_at == 0)
        note->created_at = note->starts_at;
    if (note->updated_at == 0)
        note->updated_at = note->created_at;
    return NULL;
}

typedef const char *read_fn(struct notes *, struct note *, const json_t *);

static int parse_list(struct notes *n, const char *text, size_t len, const char *name,
                      struct note **list, int *count, read_fn *read_one, char *error,
                      size_t size)
{
    json_error_t e = {0};
    json_t *root = json_loadb(text, len, 0, &e), *one;
    size_t i;

    if (!json_is_array(root)) {
        snprintf(error, size, "'%s' line %d: %s", name, e.line, root ? "no array" : e.text);
        json_decref(root);
        return -1;
    }
    *list = arena_alloc(&n->memory, (json_array_size(root) + 1) * sizeof(**list));
    json_array_foreach(root, i, one)
    {
        const char *why =
            json_is_object(one) ? read_one(n, &(*list)[*count], one) : "it is no object";

        if (why) {
            bad(n, name, i, why);
            memset(&(*list)[*count], 0, sizeof(**list));
        }
        else
            ++*count;
    }
    json_decref(root);
    return 0;
}

/* The bytes of DIR/NAME for free(); NULL with *rv 0 when there is no such file, else -1. */
static char *load(const char *dir, const char *name, size_t *len, int *rv, char *error,
                  size_t size)
{
    char path[4096];
    char *data;

    *rv = -1;
    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
        snprintf(error, size, "'%.200s…' is too long a path", dir);
        return NULL;
    }
    data = file_read(path, FILE_MAX, len);
    if (!data && errno == ENOENT)
        *rv = 0;
    else if (!data)
        snprintf(error, size, "cannot read '%s': %s", path, strerror(errno));
    return data;
}

static int read_list(struct notes *n, const char *dir, const char *name, struct note **list,
                     int *count, read_fn *read_one, char *error, size_t size)
{
    size_t len;
    int rv;
    char *data = load(dir, name, &len, &rv, error, size);

    if (data)
        rv = parse_list(n, data, len, name, list, count, read_one, error, size);
    free(data);
    return rv;
}

int notes_read(struct notes *out, const char *dir, char *error, size_t size)
{
    memset(out, 0, sizeof(*out));
    if (read_list(out, dir, "incidents.json", &out->incident, &out->incidents, read_incident,
                  error, size) == 0 &&
        read_list(out, dir, "maintenance.json", &out->window, &out->windows, read_window,
                  error, size) == 0)
        return 0;
    notes_free(out);
    return -1;
}

int notes_parse(struct notes *out, const char *incidents, const char *maintenance, char *error,
                size_t size)
{
    memset(out, 0, sizeof(*out));
    if ((!incidents ||
         parse_list(out, incidents, strlen(incidents), "incidents.json", &out->incident,
                    &out->incidents, read_incident, error, size) == 0) &&
        (!maintenance ||
         parse_list(out, maintenance, strlen(maintenance), "maintenance.json", &out->window,
                    &out->windows, read_window, error, size) == 0))
        return 0;
    notes_free(out);
    return -1;
}
