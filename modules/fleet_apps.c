/*
 * fleet_apps: apps, how they were, and what is done to them. What is done is a row that
 * tocsind's fleet role carries to the agent; the answer says which, and events say how it
 * goes.
 */
#include "fleet.h"

#include <apr_strings.h>
#include <string.h>

#define STATUSES "unknown|up|degraded|down|maintenance|paused"
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
#define REASON                                                                                \
    {                                                                                         \
        "reason", T_STRING, .max = 500, .help = "Why, for the audit."                         \
    }

static const tocsin_field list_query[] = {
    {"view", T_ENUM, .choices = "plain|list", .help = "`list`: all of them, in columns."},
    {"since", T_STRING, .min = 1, .max = 20,
     .help = "`rev` of an earlier answer in columns: only what changed."},
    {"host", T_ID, .help = "Only apps of this host."},
    {"status", T_STRING, .min = 2, .max = 60, .help = "Statuses (" STATUSES "), with commas."},
    {"q", T_STRING, .min = 1, .max = 200, .help = "Words in name, unit or host."},
    PAGE,
    {0},
};
static const tocsin_field settings[] = {
    {"name", T_STRING, .max = 400, .help = "What people call it; empty: what the agent says."},
    {"auto_restart", T_BOOL,
     .help = "Restart it when it goes down, at most 3 times in 10 minutes."},
    {"retries", T_INT, .min = 0, .max = 10,
     .help = "Further bad answers before it counts as down; 1 unless set."},
    {"channels", T_IDS, .max = 50, .help = "Who is told."},
    {0},
};
static const tocsin_field series_query[] = {
    SPAN,
    {"points", T_INT, .min = 2, .max = 1500, .help = "Points at most; 500 unless set."},
    {"fields", T_STRING, .min = 1, .max = 100,
     .help = "Of cpu, mem, fds, tasks, restarts, health_ms, with commas; all unless set."},
    {0},
};
static const tocsin_field uptime_query[] = {
    {"days", T_INT, .min = 1, .max = 366, .help = "Of so many days; 30 unless set."},
    {0},
};
static const tocsin_field event_query[] = {
    {"from", T_TIME, .help = "The start; 30 days ago unless set."},
    {"to", T_TIME, .help = "The end; now unless set."},
    {"limit", T_INT, .min = 1, .max = 1000, .help = "How many at most; 500 unless set."},
    {0},
};
static const tocsin_field page_query[] = {PAGE, {0}};
static const tocsin_field act_body[] = {REASON, {0}};
static const tocsin_field deploy_body[] = {
    {"ref", T_STRING, F_REQUIRED, .min = 1, .max = 200,
     .help = "A branch, a tag or a commit that the host's list allows."},
    REASON,
    {0},
};

/* ---------------------------------------------------------------- what is done */

/* What stands before the last `parts` parts of the address. */
static const char *above(request_rec *r, int parts)
{
    char *path = apr_pstrdup(r->pool, r->uri), *slash;

    while (parts-- > 0 && (slash = strrchr(path, '/')))
        *slash = '\0';
    return path;
}

/* 202, and where its way can be followed. */
static int owe(tocsin_request *q, int parts, const char *where)
{
    const char *json, *id;
    apr_size_t len;
    int status = core.call_route(q, q->route->function, &json, &len);

    if (status != OK)
        return status;
    if (!json)
        return HTTP_NOT_FOUND;
    if ((id = strstr(json, "\"id\""))) {
        id += 4 + strspn(id + 4, " :");
        apr_table_setn(q->r->headers_out, "Location",
                       apr_pstrcat(q->r->pool, above(q->r, parts), where,
                                   apr_pstrmemdup(q->r->pool, id, strspn(id, "0123456789")),
                                   NULL));
    }
    return core.send(q->r, HTTP_ACCEPTED, json, len);
}

/* /apps/7/restart → /apps/7/actions/12 */
static int act(tocsin_request *q)
{
    return owe(q, 1, "/actions/");
}

/* /apps/7/deploys/12/rollback → /apps/7/deploys/13, and of cancel its own deploy */
static int act_on_deploy(tocsin_request *q)
{
    return owe(q, 2, "/");
}

const tocsin_route fleet_app_routes[] = {
    {"GET", "/apps", ROLE_VIEWER, "app_list", .query = list_query,
     .summary = "The apps one may see, in columns or plain.", .tag = "apps"},
    {"GET", "/apps/{id}", ROLE_VIEWER, "app_read",
     .summary = "An app: its settings and how it is.", .tag = "apps"},
    {"PATCH", "/apps/{id}", ROLE_MEMBER, "app_patch", .body = settings,
     .summary = "Change what Tocsin does about it.", .tag = "apps"},
    {"DELETE", "/apps/{id}", ROLE_OPERATOR, "app_delete", R_EMPTY, .check = fleet_pace,
     .summary = "Forget an app that has left its host's list.", .tag = "apps"},
    {"GET", "/apps/{id}/series", ROLE_VIEWER, "app_series", .query = series_query,
     .summary = "Its load for a chart.", .tag = "apps"},
    {"GET", "/apps/{id}/uptime", ROLE_VIEWER, "app_uptime", .query = uptime_query,
     .summary = "Seconds in each status, and percent.", .tag = "apps"},
    {"GET", "/apps/{id}/events", ROLE_VIEWER, "app_events", .query = event_query,
     .summary = "What happened to it.", .tag = "apps"},
    {"GET", "/apps/{id}/audit", ROLE_VIEWER, "app_audit", .query = page_query,
     .summary = "Who did what to it, newest first.", .tag = "apps"},

    {"POST", "/apps/{id}/start", ROLE_MEMBER, "app_start", .flags = R_ACCEPTED | R_REAUTH,
     .body = act_body, .check = fleet_pace, .handler = act, .summary = "Start it.",
     .tag = "actions"},
    {"POST", "/apps/{id}/stop", ROLE_MEMBER, "app_stop", .flags = R_ACCEPTED | R_REAUTH,
     .body = act_body, .check = fleet_pace, .handler = act,
     .summary = "Stop it; it is paused until somebody starts it.", .tag = "actions"},
    {"POST", "/apps/{id}/restart", ROLE_MEMBER, "app_restart", .flags = R_ACCEPTED | R_REAUTH,
     .body = act_body, .check = fleet_pace, .handler = act, .summary = "Restart it.",
     .tag = "actions"},
    {"GET", "/apps/{id}/actions", ROLE_VIEWER, "app_actions", .query = page_query,
     .summary = "What was done to it, newest first.", .tag = "actions"},
    {"GET", "/apps/{id}/actions/{sub}", ROLE_VIEWER, "app_action_read",
     .summary = "An action, and how it went.", .tag = "actions"},

    {"GET", "/apps/{id}/deploys", ROLE_VIEWER, "deploy_list", .query = page_query,
     .summary = "Its deploys, newest first.", .tag = "deploys"},
    {"POST", "/apps/{id}/deploys", ROLE_MEMBER, "deploy_create",
     .flags = R_ACCEPTED | R_REAUTH, .body = deploy_body, .check = fleet_pace,
     .summary = "Deploy a branch, a tag or a commit.", .tag = "deploys"},
    {"GET", "/apps/{id}/deploys/{sub}", ROLE_VIEWER, "deploy_read",
     .summary = "A deploy: its steps and its output.", .tag = "deploys"},
    {"POST", "/apps/{id}/deploys/{sub}/cancel", ROLE_MEMBER, "deploy_cancel",
     .flags = R_ACCEPTED | R_REAUTH, .check = fleet_pace, .handler = act_on_deploy,
     .summary = "Stop a deploy that runs.", .tag = "deploys"},
    {"POST", "/apps/{id}/deploys/{sub}/rollback", ROLE_MEMBER, "deploy_rollback",
     .flags = R_ACCEPTED | R_REAUTH, .body = act_body, .check = fleet_pace,
     .handler = act_on_deploy, .summary = "Deploy what was there before it.",
     .tag = "deploys"},
    {0},
};
