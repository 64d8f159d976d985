/*
 * monitorrc: the systems that are watched, as .monitorrc.json names them.
 *
 *     {"systems": [{"system": "api", "url": "https://api.example.com/health",
 *                   "method": "GET", "timeout": 10000, "expectedCodes": [200],
 *                   "maxResponseTime": 30000, "display": true, "displayName": "API",
 *                   "description": "…", "section": "…", "redirects": 0,
 *                   "retries": 0}]}
 *
 * One system that makes no sense is said and marked, and is no matter for the others.
 */
#ifndef TOCSIN_CLI_MONITORRC_H
#define TOCSIN_CLI_MONITORRC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

#define MONITORRC_FILE    ".monitorrc.json"
#define MONITORRC_SYSTEMS 5000
#define MONITORRC_MS_MAX  600000 /* ten minutes */
#define RETRIES_MOST      10
#define SYSTEM_NAME_MAX   256

/* HTTP codes 0 to 599, a bit each. */
struct codes {
    uint8_t bit[75];
};

struct system {
    const char *name;                  /* of its readings */
    const char *label;                 /* displayName, or the name */
    const char *section, *description; /* on the page; "" : none */
    const char *url, *method;
    const char *wrong; /* why it cannot be checked; NULL: it can */
    bool hidden;       /* not on the page */
    long timeout_ms, max_ms, redirects;
    long retries; /* so often once more before it is down */
    struct codes expected;
};

struct monitorrc {
    struct arena *memory; /* of all strings; NULL is a fine start */
    struct system *system;
    size_t n;
    int errors, warnings; /* as many as were said on stderr */
};

/*
 * Reads a file; what a system does not say is as in `unset`. -1: there is no such file, no
 * JSON, or no list of systems in it, which is said.
 */
int monitorrc_read(struct monitorrc *rc, const char *path, const struct system *unset);
/* The same from JSON that is read already; `path` is for what is said. */
int monitorrc_take(struct monitorrc *rc, json_t *root, const char *path,
                   const struct system *unset);
void monitorrc_free(struct monitorrc *rc);

/* "200,301-302" → *out. false: what is no code between 100 and 599, or none at all. */
bool codes_parse(struct codes *out, const char *text);
bool codes_has(const struct codes *c, int code);

/* NULL when the URL can be fetched, or why not: "no http or https". */
const char *url_wrong(const char *url);
/* Upper case into `out`; false when it is no method. */
bool method_take(const char *text, char *out, size_t size);
/* NULL, or why it is no name. */
const char *name_wrong(const char *name);

#endif
