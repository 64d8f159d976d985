/*
 * fleet_hosts: hosts, what happened on them, and who may do what there. All of it is SQL.
 */
#include "fleet.h"

#include <apr_strings.h>
#include <string.h>

#define STATUSES "unknown|up|degraded|down|maintenance|paused"
#define VIEW                                                                                  \
    {"view", T_ENUM, .choices = "plain|list", .help = "`list`: all of them, in columns."},    \
    {                                                                                         \
        "since", T_STRING,                                                                    \
            .min = 1, .max = 20,                                                              \
            .help = "`rev` of an earlier answer in columns: only what changed."               \
    }
#define PAGE                                                                                  \
    {"limit", T_INT, .min = 1, .max = 200, .help = "How many at most; 50 unless set."},       \
    {                                                                                         \
        "after", T_ID, .help = "`next` of the page before."                                   \
    }
#define SPAN                                                                                  \
    {"from", T_TIME, .help = "The start; a day ago unless set."},                             \
    {                                                                                         \
        "to", T_TIME, .help = "The end; now unless set."                                      \
    }

static const tocsin_field host_list_query[] = {
    VIEW,
    {"q", T_STRING, .min = 1, .max = 200, .help = "Words in name, address or labels."},
    {"status", T_STRING, .min = 2, .max = 60, .help = "Statuses (" STATUSES "), with commas."},
    {"label", T_STRING, .min = 1, .max = 400,
     .help = "Labels, with commas: hosts that have all."},
    PAGE,
    {0},
};
static const tocsin_field host_settings[] = {
    {"name", T_STRING, .min = 1, .max = 120, .help = "What people call it."},
    {"labels", T_STRINGS, .max = 20, .item_max = 160, .help = "Words to find it by."},
    {"address", T_STRING, .min = 3, .max = 64, .help = "IP:PORT of its agent."},
    {"thresholds", T_OBJECT,
     .help = "What makes it degraded: disk, inodes and memory in percent, load a core; null "
             "for never."},
    {"poll_s", T_INT, .min = 5, .max = 3600,
     .help = "Seconds from one question to the next; 30 unless set."},
    {"channels", T_IDS, .max = 50, .help = "Who is told."},
    {0},
};
static const tocsin_field host_series_query[] = {
    SPAN,
    {"points", T_INT, .min = 2, .max = 1500, .help = "Points at most; 500 unless set."},
    {"fields", T_STRING, .min = 1, .max = 100,
     .help = "Of cpu, mem, load, disk, net, pressure, with commas; all unless set."},
    {0},
};
static const tocsin_field event_query[] = {
    {"from", T_TIME, .help = "The start; 30 days ago unless set."},
    {"to", T_TIME, .help = "The end; now unless set."},
    {"limit", T_INT, .min = 1, .max = 1000, .help = "How many at most; 500 unless set."},
    {0},
};
static const tocsin_field grant_body[] = {
    {"email", T_EMAIL, F_REQUIRED, .help = "Whose account."},
    {"role", T_ENUM, F_REQUIRED, .choices = "viewer|developer",
     .help = "viewer: see it, with logs; developer: also its env, restarts and deploys."},
    {0},
};

const tocsin_route fleet_host_routes[] = {
    {"GET", "/hosts", ROLE_VIEWER, "host_list", .query = host_list_query,
     .summary = "The hosts one may see, in columns or plain.", .tag = "hosts"},
    {"GET", "/hosts/{id}", ROLE_VIEWER, "host_read",
     .summary = "A host: its settings and how it is.", .tag = "hosts"},
    {"PATCH", "/hosts/{id}", ROLE_OPERATOR, "host_patch", .body = host_settings,
     .summary = "Change settings of a host.", .tag = "hosts"},
    {"DELETE", "/hosts/{id}", ROLE_OPERATOR, "host_delete", R_EMPTY | R_REAUTH,
     .check = fleet_pace,
     .summary = "Delete a host with its apps, and trust its agent no more.", .tag = "hosts"},
    {"GET", "/hosts/{id}/series", ROLE_VIEWER, "host_series", .query = host_series_query,
     .summary = "Its load for a chart.", .tag = "hosts"},
    {"GET", "/hosts/{id}/events", ROLE_VIEWER, "host_events", .query = event_query,
     .summary = "What happened on it and to its apps.", .tag = "hosts"},
    {"GET", "/hosts/{id}/grants", ROLE_OPERATOR, "host_grants",
     .summary = "Who may see or develop it, besides its owner.", .tag = "grants"},
    {"POST", "/hosts/{id}/grants", ROLE_OPERATOR, "host_grant_create", R_CREATED | R_REAUTH,
     .body = grant_body, .check = fleet_pace, .summary = "Let somebody in.", .tag = "grants"},
    {"DELETE", "/hosts/{id}/grants/{sub}", ROLE_OPERATOR, "host_grant_delete",
     R_EMPTY | R_REAUTH, .check = fleet_pace, .summary = "And out again, streams included.",
     .tag = "grants"},
    {"GET", "/apps/{id}/grants", ROLE_OPERATOR, "app_grants",
     .summary = "Who may see or develop it, besides its owner.", .tag = "grants"},
    {"POST", "/apps/{id}/grants", ROLE_OPERATOR, "app_grant_create", R_CREATED | R_REAUTH,
     .body = grant_body, .check = fleet_pace, .summary = "Let somebody in.", .tag = "grants"},
    {"DELETE", "/apps/{id}/grants/{sub}", ROLE_OPERATOR, "app_grant_delete",
     R_EMPTY | R_REAUTH, .check = fleet_pace, .summary = "And out again, streams included.",
     .tag = "grants"},
    {0},
};
