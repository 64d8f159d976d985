/* v1_in: what the files of v1 share. */
#ifndef TOCSIN_V1_IN_H
#define TOCSIN_V1_IN_H

#include <jansson.h>

#include "store_in.h"
#include "v1.h"

struct v1_day {
    int32_t total, passed, ups;
    int64_t sum; /* ms of those that are up */
    uint8_t worst;
};

/* One system, as its readings tell. */
struct v1_figures {
    struct v1_day day[V1_DAYS]; /* the last one is today */
    int64_t newest;             /* t; 0: nothing in 90 days */
    int64_t ms_sum;
    int32_t total24, passed24, ms_n;
    uint8_t state; /* of the newest reading */
};

struct v1_work {
    struct store *s;
    const struct v1 *v1;
    int64_t now; /* ms */
    int today;
    struct v1_figures *figures; /* by number of the name, of which `known` have readings */
    size_t known;
    struct rows recent;         /* of the last 14 days, ascending */
    size_t *start;              /* where the rows of each name begin in `order` */
    size_t *order;              /* numbers of recent rows, those of one name together */
    char dir[STORE_PATH - 512]; /* DIR/status/v1 */
};

/* Writes DIR/status/v1/NAME when it has other bytes. */
int v1_file(struct v1_work *w, const char *name, const void *data, size_t len);
int v1_json(struct v1_work *w, const char *name, json_t *root, size_t flags);
/* A JSON string of any bytes, and a time as the layout has it; 0 is null. */
json_t *v1_text(const char *text);
json_t *v1_time(int64_t seconds);

/* v1_summary.c: an array of the shown systems. */
json_t *v1_entities(struct v1_work *w, const struct v1_entity *entity, int n);
/* v1_notes.c: of a note, with its text as HTML. */
json_t *v1_incident(const struct note *note);
json_t *v1_window(const struct note *note, int64_t now);
/* {"open":[…],"recent":[…]} and {"upcoming":[…],"inProgress":[…]} */
json_t *v1_incidents(const struct v1_work *w);
json_t *v1_maintenance(const struct v1_work *w);
int v1_write_notes(struct v1_work *w);
/* v1_atom.c */
int v1_write_atom(struct v1_work *w);
/* v1_archives.c: the archives again, as links to the same files where that can be. */
int v1_link_archives(struct v1_work *w);

#endif
