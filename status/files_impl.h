/* files_impl: what the files of files_page share; for files_*.c alone. */
#ifndef TOCSIN_FILES_IMPL_H
#define TOCSIN_FILES_IMPL_H

#include <jansson.h>
#include <stdbool.h>

#include "files_days.h"
#include "files_page.h"
#include "names.h"
#include "notes.h"

struct files {
    const struct files_page *from;
    struct names names;      /* of the readings */
    struct samples *samples; /* by number of names, as many as `room` */
    size_t room;
    struct notes notes;
    struct files_system *system; /* by index of page->component */
    json_t *summary;             /* daily-summary.json, NULL: none */
};

/* Is the system meant by the incident or window? By name or label, case aside. */
bool files_names(const struct note *note, const char *name, const char *label);
/* One that was closed early ended then. */
struct span files_window_span(const struct note *window);

void files_incidents(struct files *f, struct page *page);
void files_windows(struct files *f, struct page *page);

/* What is no summary is none. */
void files_read_summary(struct files *f);
/* The days of which no reading is left. */
void files_old_days(const struct files *f, struct page_component *c, const char *name);

#endif
