/*
 * files_page: a status page out of the plain files alone.
 *
 * Days come from the readings in the archives (files_days.h); a day of which no reading is
 * left, but which daily-summary.json still knows, is taken from there. Incidents and windows
 * come from incidents.json and maintenance.json.
 */
#ifndef TOCSIN_FILES_PAGE_H
#define TOCSIN_FILES_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page.h"

/* A system as the page shows it. */
struct files_system {
    const char *name;                          /* svc of its readings */
    const char *label, *section, *description; /* NULL: the name; none; none */
};

struct files_page {
    const char *dir;                   /* of the status data */
    const struct files_system *system; /* in the order of the page */
    size_t systems;                    /* 0: all that have readings, by name */
    int64_t now_ms;
    /* Who is told of files that cannot be used; NULL: nobody. */
    void (*tell)(void *arg, const char *sentence);
    void *tell_arg;
};

/*
 * Fills page->component, incident, window, now and today; the rest of the page is the
 * caller's, the memory the page's. 0, or -1 with a sentence: the folder or a file of it is
 * there and cannot be read. page_free() is called in both cases.
 */
int page_from_files(struct page *page, const struct files_page *from, char *error,
                    size_t size);

#endif
