/*
 * status_file: status.json, the first thing that readers of the old generation look at.
 *
 *     {"items": [{"name", "status", "lastChecked", "responseTime", "uptime",
 *                 "incidentCount"}], "incidents": […], "maintenance": […],
 *      "lastUpdated", "showServices", …}
 *
 * All of it follows from the readings of the last 14 days, incidents.json and
 * maintenance.json, so that every writer of it writes the same.
 */
#ifndef TOCSIN_STATUS_FILE_H
#define TOCSIN_STATUS_FILE_H

#include "store.h"

/* Rewrites DIR/status.json. 0, or -1 with a sentence. */
int status_file_write(struct store *s, const char *dir, int64_t now_ms, char *error,
                      size_t size);

#endif
