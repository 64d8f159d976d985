/*
 * ical: a calendar file, RFC 5545. Text is escaped, lines are folded between characters.
 */
#ifndef TOCSIN_ICAL_H
#define TOCSIN_ICAL_H

#include <stdbool.h>

#include "buf.h"

struct ical_event {
    const char *uid;           /* the same as long as the event is the same */
    const char *stamp;         /* RFC 3339, UTC, as starts and ends are */
    const char *starts, *ends; /* "2026-03-29T01:30:00.000Z" */
    const char *summary;
    const char *description, *url; /* may be NULL or empty */
    long sequence;                 /* grows when it changes */
    bool cancelled;
};

void ical_begin(buf *t, const char *name);
void ical_event(buf *t, const struct ical_event *e);
void ical_end(buf *t);

#endif
