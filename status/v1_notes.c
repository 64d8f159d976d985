/* v1_notes: incidents and maintenance of the 1.x layout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "markdown.h"
#include "v1_in.h"

#define RECENT_MAX 20

static json_t *html(const char *markdown)
{
    char *text = markdown_html(markdown, strlen(markdown));
    json_t *value = v1_text(text ? text : "");

    free(text);
    return value;
}

static json_t *entities(const struct note *note)
{
    json_t *array = json_array();

    for (int i = 0; i < note->systems; i++)
        json_array_append_new(array, v1_text(note->system[i]));
    return array;
}

json_t *v1_incident(const struct note *note)
{
    json_t *o = json_object();

    json_object_set_new(o, "issueNumber", json_integer(note->id));
    json_object_set_new(o, "title", v1_text(note->title));
    json_object_set_new(o, "severity", v1_text(note->severity));
    json_object_set_new(o, "status", json_string(note->closed_at ? "resolved" : "open"));
    json_object_set_new(o, "entities", entities(note));
    json_object_set_new(o, "createdAt", v1_time(note->created_at));
    json_object_set_new(o, "closedAt", v1_time(note->closed_at));
    json_object_set_new(o, "url", v1_text(note->url));
    json_object_set_new(o, "bodyHtml", html(note->body));
    return o;
}

json_t *v1_window(const struct note *note, int64_t now)
{
    json_t *o = json_object();

    json_object_set_new(o, "issueNumber", json_integer(note->id));
    json_object_set_new(o, "title", v1_text(note->title));
    json_object_set_new(o, "start", v1_time(note->starts_at));
    json_object_set_new(o, "end", v1_time(note->ends_at));
    json_object_set_new(o, "status",
                        json_string(note_window_word(note_window_state(note, now / 1000))));
    json_object_set_new(o, "entities", entities(note));
    json_object_set_new(o, "url", v1_text(note->url));
    json_object_set_new(o, "bodyHtml", html(note->body));
    return o;
}

/* ---------------------------------------------------------------- in order */

static int by_number(const struct note *x, const struct note *y)
{
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

static int by_created(const void *a, const void *b)
{
    const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;

    if (x->created_at != y->created_at)
        return x->created_at < y->created_at ? 1 : -1;
    return by_number(x, y);
}

static int by_closed(const void *a, const void *b)
{
    const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;

    if (x->closed_at != y->closed_at)
        return x->closed_at < y->closed_at ? 1 : -1;
    return by_number(x, y);
}

static int by_start(const void *a, const void *b)
{
    const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;

    if (x->starts_at != y->starts_at)
        return x->starts_at < y->starts_at ? -1 : 1;
    return -by_number(x, y);
}

/* Pointers to the notes in an order; for free(). */
static const struct note **sorted(const struct note *note, int n,
                                  int (*order)(const void *, const void *))
{
    const struct note **list = malloc(((size_t)n + 1) * sizeof(*list));

    if (!list)
        abort();
    for (int i = 0; i < n; i++)
        list[i] = &note[i];
    qsort(list, (size_t)n, sizeof(*list), order);
    return list;
}

json_t *v1_incidents(const struct v1_work *w)
{
    const struct notes *notes = w->v1->notes;
    json_t *open = json_array(), *recent = json_array();
    const struct note **list;

    for (int turn = 0; notes && turn < 2; turn++) {
        list = sorted(notes->incident, notes->incidents, turn ? by_closed : by_created);
        for (int i = 0; i < notes->incidents; i++)
            if (!list[i]->closed_at && !turn)
                json_array_append_new(open, v1_incident(list[i]));
            else if (list[i]->closed_at && turn && json_array_size(recent) < RECENT_MAX)
                json_array_append_new(recent, v1_incident(list[i]));
        free(list);
    }
    return json_pack("{s:o, s:o}", "open", open, "recent", recent);
}

json_t *v1_maintenance(const struct v1_work *w)
{
    const struct notes *notes = w->v1->notes;
    json_t *upcoming = json_array(), *now = json_array();
    const struct note **list =
        sorted(notes ? notes->window : NULL, notes ? notes->windows : 0, by_start);

    for (int i = 0; notes && i < notes->windows; i++) {
        enum window_state state = note_window_state(list[i], w->now / 1000);

        if (state == WINDOW_UPCOMING)
            json_array_append_new(upcoming, v1_window(list[i], w->now));
        else if (state == WINDOW_IN_PROGRESS)
            json_array_append_new(now, v1_window(list[i], w->now));
    }
    free(list);
    return json_pack("{s:o, s:o}", "upcoming", upcoming, "inProgress", now);
}

/* ---------------------------------------------------------------- inputs/ and raw/ */

static int write_raw(struct v1_work *w, const struct note *note)
{
    char name[64];
    json_t *o;

    if (note->id <= 0)
        return 0; /* nobody could ask for it */
    o = json_object();
    json_object_set_new(o, "schemaVersion", json_integer(1));
    json_object_set_new(o, "issueNumber", json_integer(note->id));
    json_object_set_new(o, "updatedAt",
                        v1_time(note->updated_at ? note->updated_at : note->created_at));
    json_object_set_new(o, "bodyMarkdown", v1_text(note->raw ? note->raw : note->body));
    snprintf(name, sizeof(name), "raw/%lld.json", (long long)note->id);
    return v1_json(w, name, o, JSON_COMPACT);
}

static bool has_incident(const struct notes *notes, int64_t id)
{
    for (int i = 0; i < notes->incidents; i++)
        if (notes->incident[i].id == id)
            return true;
    return false;
}

int v1_write_notes(struct v1_work *w)
{
    const struct notes *notes = w->v1->notes;
    json_t *incidents = json_array(), *windows = json_array();

    for (int i = 0; notes && i < notes->incidents; i++) {
        json_array_append_new(incidents, v1_incident(&notes->incident[i]));
        if (write_raw(w, &notes->incident[i]) < 0)
            goto failed;
    }
    for (int i = 0; notes && i < notes->windows; i++) {
        json_array_append_new(windows, v1_window(&notes->window[i], w->now));
        /* issues share one row of numbers; elsewhere the incident's text goes first */
        if (!has_incident(notes, notes->window[i].id) && write_raw(w, &notes->window[i]) < 0)
            goto failed;
    }
    if (v1_json(w, "inputs/incidents.json", incidents, JSON_COMPACT) < 0) {
        json_decref(windows);
        return -1;
    }
    return v1_json(w, "inputs/maintenance.json", windows, JSON_COMPACT);
failed:
    json_decref(incidents);
    json_decref(windows);
    return -1;
}
