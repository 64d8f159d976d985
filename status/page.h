/*
 * page: what a status page shows, whoever measured it, and the files made of it.
 *
 * The publisher fills it from PostgreSQL, `tocsin status-data publish` from plain files;
 * page_write() makes the folder that httpd serves. All strings are UTF-8, live in the
 * page's arena, and may be hostile: the renderer escapes. Times are seconds since 1970, UTC.
 */
#ifndef TOCSIN_PAGE_H
#define TOCSIN_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"

#define PAGE_DAYS 90
#define STATUSES  6 /* as lib/status.h counts them: unknown, up, degraded, down, … */

/* A day in UTC. All seconds 0: there is no data, which is neither up nor down. */
struct page_day {
    int32_t seconds[STATUSES];
    int32_t checks, failed;
    int32_t avg_ms, p95_ms; /* of the checks that were answered; -1: none */
};

struct page_component {
    const char *key;     /* stable, unique in the page, [a-z0-9-]: anchors, badges, days */
    const char *section; /* "" : none; those of one section stand together */
    const char *name, *description;
    int status;
    int64_t since; /* 0: not known */
    int32_t ms;    /* newest response; -1: none */
    bool show_ms, show_uptime;
    struct page_day day[PAGE_DAYS]; /* oldest first; the last one is page.today */
};

struct page_update {
    int64_t at;
    const char *phase;  /* investigating, identified, monitoring, resolved; "" : a comment */
    const char *author; /* "" : not told */
    const char *body;   /* Markdown */
};

struct page_incident {
    const char *key;                 /* stable, a file name: [a-z0-9-] */
    const char *title, *severity;    /* critical, major, minor */
    int64_t started_at, resolved_at; /* 0: open */
    const char *url;                 /* elsewhere (an issue); NULL: none */
    int *component;                  /* indexes into page.component */
    int components;
    struct page_update *update; /* oldest first */
    int updates;
    const char *postmortem; /* Markdown; NULL: none */
};

struct page_window {
    const char *key, *title, *description; /* Markdown */
    int64_t starts_at, ends_at; /* upcoming, in progress and completed follow from page.now */
    int64_t told_at;            /* when it was announced; 0: not known */
    const char *url;
    int *component;
    int components;
    struct page_update *update;
    int updates;
};

struct page {
    struct arena *memory; /* all of it; page_free() gives it back */
    const char *slug, *title, *description;
    const char *url;    /* where it is read, ending in '/'; "" : not known, feeds get a urn */
    const char *assets; /* from the folder of the page to the assets; NULL: "../assets/" */
    const char *logo_src; /* where the logo is read; NULL: in the folder of the page */
    const char *lang;     /* of the texts of the page: "en", "de", … */
    const char *zone;     /* IANA name in which times are shown; days are UTC */
    const char *theme;    /* light, dark, system */
    const char *accent;   /* "#2563eb" */
    const char *link;     /* where the logo leads; "" : nowhere */
    const void *logo;
    size_t logo_size;
    const char *logo_type;     /* image/png or image/svg+xml */
    bool robots, subscribe;    /* may be indexed; has e-mail and webhook subscription */
    const char *subscribe_url; /* where the form is sent; NULL: feeds only */
    int32_t day_down_s;        /* a day with more downtime is red */
    int32_t fresh_s; /* how old it may be before its status is unknown; 0: 5 minutes */
    int64_t now;     /* when this was true */
    int32_t today;   /* days since 1970-01-01, UTC */
    struct page_component *component;
    int components;
    struct page_incident *incident; /* newest first */
    int incidents;
    struct page_window *window; /* by start, ascending */
    int windows;
};

/* What one write has made. */
struct page_written {
    int files;
    size_t bytes;    /* of all files */
    int unchanged;   /* files that were the same already and were left alone */
    char error[256]; /* why not, with the file's name */
};

/*
 * Writes all files of the page into the folder `dir` (made when it is not there), each by
 * rename and the summary last; files of incidents that are gone are removed. A file
 * that would not change is not written. 0, or -1: see error; every file is then whole, old
 * or new.
 */
int page_write(const struct page *page, const char *dir, struct page_written *out);
/* The same without months, incidents' pages and components' badges, nine files in ten: for a
 * folder that has nothing yet while other pages wait for theirs. */
int page_write_first(const struct page *page, const char *dir, struct page_written *out);
/* What index.html would hold, and with `incident` an index into page.incident what its file
 * would, else -1. */
void page_html(const struct page *page, int incident, buf *out);
/* The style sheet and the script that pages link to, with their hashes in their names; those
 * of other versions stay for pages that are open. 0, or -1: see error. */
int page_assets_write(const char *dir, char *error, size_t size);
void page_free(struct page *page);

/* The status of a day: down from day_down_s on, degraded from a minute of trouble on. */
int page_day_status(const struct page *page, const struct page_day *day);
/* Uptime over the last `days` in hundredths of a percent, rounded down: (up + degraded) of (up
 * + degraded + down). -1: there is no such time. */
int page_percent(const struct page_component *c, int days);
/* The worst of all components and open incidents, as the banner says it. */
int page_overall(const struct page *page);

#endif
