/*
 * rebuild: the files that follow from the archives and from what people say.
 */
#ifndef TOCSIN_CLI_REBUILD_H
#define TOCSIN_CLI_REBUILD_H

#include "monitorrc.h"
#include "options.h"
#include "store.h"

struct rebuild {
    const char *dir;
    const struct monitorrc *rc; /* what status/v1 shows; no systems: all with readings */
    const char *site_title, *site_url; /* of the feed in status/v1 */
    long window;                       /* days of daily-summary.json */
    bool null_err;
    bool v1; /* make status/v1; one that is there is kept up in any case */
};

#define REBUILD_UNSET .window = 90, .site_title = "Status", .site_url = ""

#define REBUILD_FLAGS(r)                                                                      \
    {"window", FLAG_INT, &(r).window, "DAYS", "of daily-summary.json (90)", 1, 3660},         \
        {"null-err", FLAG_SWITCH, &(r).null_err, NULL,                                        \
         "write \"err\":null into current.json where there is none"},                         \
        {"v1", FLAG_SWITCH, &(r).v1, NULL,                                                    \
         "write status/v1, too; one that is there is always kept up"},                        \
        {"site-title", FLAG_TEXT, &(r).site_title, "TEXT", "title of its feed (Status)"},     \
    {                                                                                         \
        "site-url", FLAG_TEXT, &(r).site_url, "URL", "where the status page is read"          \
    }

/* current.json, daily-summary.json, status.json, status/v1. The store is open for writing.
 * 0, or -1: said. */
int rebuild(struct store *s, const struct rebuild *r, int64_t now_ms);

#endif
