/*
 * probe: what the files of `tocsin probe` share.
 *
 * probe.c reads the flags and runs; probe_http.c asks the systems; probe_error.c words what
 * went wrong; probe_keep.c writes the readings; probe_say.c prints and tells the CI.
 */
#ifndef TOCSIN_CLI_PROBE_H
#define TOCSIN_CLI_PROBE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "guard.h"
#include "monitorrc.h"
#include "rebuild.h"
#include "store.h"

#define PROBE_ERROR_MAX 300

/* One system in one run. */
struct result {
    const struct system *system;
    enum state state;
    int32_t code, lat;         /* 0: no answer; ms until its headers, or until it failed */
    long tries;                /* after the first one */
    int64_t t;                 /* ms since 1970 */
    char err[PROBE_ERROR_MAX]; /* "": none */
    const char *window;        /* title of the maintenance it is in; NULL: none */
};

struct probe {
    const char *dir; /* of the status data */
    const char *config, *system, *url;
    struct system unset; /* what a system does not say */
    struct guard guard;
    struct rebuild after; /* the readings are there */
    long parallel, max_body, loop_s;
    int64_t as_of; /* 0: now */
    bool verbose, dry_run, skip_maintenance;

    struct monitorrc rc;
    struct result *result;
    size_t n;
};

/*
 * Checks every result whose window is NULL, p->parallel at a time, in order; `done` is
 * called as each ends. -1: libcurl does not work, said.
 */
int probe_http(struct probe *p, void (*done)(struct probe *p, struct result *r));

/* A transfer that failed, for its words. */
struct probe_end {
    CURL *easy;
    CURLcode code;
    const char *url, *detail; /* libcurl's own words */
    const char *refused;      /* by the guard */
    const struct sockaddr_storage *dialled;
};

/* "connect ECONNREFUSED 192.0.2.1:443", as the readers of these files know it. */
void probe_error(const struct probe_end *end, char *out, size_t size);

/* Appends all results and rebuilds the files that follow from them; -1: said. */
int probe_keep(struct probe *p);

/* The line of a result: "🟩 api is up (200 in 145 ms)", without its end. */
void probe_line(const struct result *r, char *out, size_t size);
void probe_summary(const struct probe *p);
/* Step outputs, when there is a $GITHUB_OUTPUT. */
int probe_outputs(const struct probe *p);

#endif
