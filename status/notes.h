/*
 * notes: what people say about the systems: incidents.json and maintenance.json.
 *
 * One struct for both and for all writers (GitHub issues, the database, by hand). The files
 * hold a superset of what the two generations of readers know (docs/status-data.md).
 * Times are seconds since 1970. Strings are UTF-8 and may be hostile.
 */
#ifndef TOCSIN_NOTES_H
#define TOCSIN_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

#define NOTES_KEEP_INCIDENTS   30 /* days after they were resolved */
#define NOTES_KEEP_MAINTENANCE 60 /* days after the end */

struct note_comment {
    const char *author; /* "" : not told */
    const char *body;   /* Markdown */
    const char *phase;  /* investigating, identified, monitoring, resolved; NULL: a comment */
    int64_t at;
};

/* An incident, or a maintenance window when it is in notes.window. */
struct note {
    int64_t id; /* number of the issue or of the incident */
    const char *title;
    const char *body;     /* Markdown, without front matter */
    const char *raw;      /* the whole text of the issue; NULL: the body */
    const char *url;      /* NULL: none */
    const char *severity; /* incidents: critical, major, minor */
    const char **system;  /* names, as readings have them in svc */
    int systems;
    const char **label;
    int labels;
    struct note_comment *comment; /* oldest first */
    int comments;
    int64_t created_at, updated_at;
    int64_t closed_at;          /* 0: open */
    int64_t starts_at, ends_at; /* windows */
};

struct notes {
    struct arena *memory; /* of all that lies below */
    struct note *incident;
    int incidents;
    struct note *window;
    int windows;
    int bad; /* entries that could not be used, each said in `trouble` */
    char trouble[512];
};

enum window_state { WINDOW_UPCOMING, WINDOW_IN_PROGRESS, WINDOW_COMPLETED };

/* By the clock, never by a stored word; a window that was closed is over. */
enum window_state note_window_state(const struct note *window, int64_t now);
/* "upcoming", "in-progress", "completed" */
const char *note_window_word(enum window_state state);
/* Whether this window is in progress and names the system (one that names none covers all). */
bool note_window_covers(const struct note *window, const char *system, int64_t now);

/*
 * Reads both files of a folder, in any generation's shape; a file that is not there is an
 * empty list. 0, or -1 with a sentence when a file is there and is no list; an entry that
 * makes no sense (no title, an end before its start) is left out and counted.
 */
int notes_read(struct notes *out, const char *dir, char *error, size_t size);
/* The same of texts that are read already; NULL is an empty list. */
int notes_parse(struct notes *out, const char *incidents, const char *maintenance, char *error,
                size_t size);
void notes_free(struct notes *notes);

/*
 * Replaces DIR/incidents.json (newest first) or DIR/maintenance.json (latest start first)
 * with those of `note` that are not over for more than `keep_days` at `now`; 0 keeps all. A
 * file that would not change is left alone. 1: written, 0: the same, -1: see error.
 */
int notes_write_incidents(const char *dir, const struct note *note, int n, int64_t now,
                          int keep_days, char *error, size_t size);
int notes_write_maintenance(const char *dir, const struct note *note, int n, int64_t now,
                            int keep_days, char *error, size_t size);

#endif
