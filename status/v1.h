/*
 * v1: the 1.x layout of status data, DIR/status/v1/, made of the archives and of notes.
 *
 *     summary.json  entities/SLUG.json  inputs/{incidents,maintenance}.json  raw/N.json
 *     incidents.atom  archives/YYYY/MM/…  (the same files as DIR/archives/…)
 *
 * What this layout cannot say is written as docs/status-data.md explains: a system that
 * nobody measured is "degraded", never "up", and a day without readings keeps its place.
 */
#ifndef TOCSIN_V1_H
#define TOCSIN_V1_H

#include "notes.h"
#include "store.h"

#define V1_DAYS 90

struct v1_entity {
    const char *name;                  /* svc of its readings */
    const char *display, *description; /* NULL: none */
    bool process;                      /* not measured: it is up while no incident says else */
};

struct v1 {
    const char *title, *url; /* of the site, for the feed; "" : not known */
    /* Which systems are shown, in this order; none: all that have readings, by name. */
    const struct v1_entity *entity;
    int entities;
    const struct notes *notes; /* NULL: none */
};

/* Writes the tree; a file that would not change is left alone. The store is open for
 * writing. 0, or -1: see store_error(). */
int v1_write(struct store *s, const struct v1 *v1, int64_t now_ms);

#endif
