/*
 * monitor_fields: the tables of monitor_fields.h. One field's own rule is here; what two
 * fields may be together is in SQL (tocsin.monitor_errors), which single writes, bulk
 * writes and other contracts share.
 */
#include "monitor_fields.h"

#define STATUSES     "unknown|up|degraded|down|maintenance|paused"
#define PHASES       "investigating|identified|monitoring|resolved"
#define SEVERITIES   "critical|major|minor"
#define HTTP_METHODS "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS"

/* What a bulk `set` may change too; the address and the name are each monitor's own. */
#define SHARED_SETTINGS                                                                       \
    {"method", T_ENUM, .choices = HTTP_METHODS,                                               \
     .help = "The request's method; GET unless set."},                                        \
        {"body", T_STRING, F_NULL | F_TEXT, .max = 16384,                                     \
         .help = "The request's body; not with GET or HEAD."},                                \
        {"expect", T_STRING, .min = 3, .max = 200,                                            \
         .help = "Status codes and ranges that are good, such as 200-399,401."},              \
        {"keyword", T_STRING, F_NULL, .max = 256,                                             \
         .help = "Bytes that the answer must hold; not with HEAD."},                          \
        {"keyword_absent", T_BOOL, .help = "The keyword must not be there instead."},         \
        {"interval", T_INT, .min = 5, .max = 86400,                                           \
         .help = "Seconds from one check to the next; 60 unless set."},                       \
        {"timeout", T_INT, .min = 1, .max = 60,                                               \
         .help = "Seconds that a check may take, at most the interval; 10 unless set."},      \
        {"retries", T_INT, .min = 0, .max = 10,                                               \
         .help = "Further failed checks before the monitor counts as down; 1 unless set."},   \
        {"recheck", T_INT, .min = 1, .max = 3600,                                             \
         .help = "Seconds to the next check after a failed one; 5 unless set."},              \
        {"degraded_above",                                                                    \
         T_INT,                                                                               \
         F_NULL,                                                                              \
         .min = 1,                                                                            \
         .max = 60000,                                                                        \
         .help = "Milliseconds above which an answer counts as slow; null: never."},          \
        {"redirects", T_INT, .min = 0, .max = 20,                                             \
         .help = "Redirects that are followed; 10 unless set."},                              \
        {"verify_tls", T_BOOL, .help = "The certificate must be valid; true unless set."},    \
        {"tags", T_STRINGS, .max = 20, .item_max = 160, .help = "Words to find it by."},      \
        {"group", T_STRING, F_NULL, .max = 320, .help = "The group it is shown in."},         \
        {"channels", T_IDS, .max = 50,                                                        \
         .help = "Who is told; the owner's default channels unless set."},                    \
    {                                                                                         \
        "paused", T_BOOL, .help = "Not checked for now."                                      \
    }

#define OWN_SETTINGS                                                                          \
    {"url", T_URL, F_REQUIRED, .help = "What is watched: an http or https address."},         \
        {"type", T_ENUM, .choices = "http", .help = "The kind of check."},                    \
        {"name", T_STRING, F_NULL, .max = 120, .help = "Its name; the address unless set."},  \
    {                                                                                         \
        "headers", T_MAP, F_NULL,                                                             \
            .max = 30, .item_max = 4096,                                                      \
            .help =                                                                           \
                "Request headers. Secret ones are read as null; null keeps a stored value."   \
    }

const tocsin_field monitor_settings[] = {OWN_SETTINGS, SHARED_SETTINGS, {0}};

const tocsin_field monitor_test[] = {
    OWN_SETTINGS,
    SHARED_SETTINGS,
    {"monitor", T_ID, F_NULL, .help = "The monitor whose stored secret headers are taken."},
    {0},
};

const tocsin_field monitor_bulk_set[] = {
    SHARED_SETTINGS,
    {"add_tags", T_STRINGS, .max = 20, .item_max = 160, .help = "Tags to add."},
    {"remove_tags", T_STRINGS, .max = 20, .item_max = 160, .help = "Tags to take away."},
    {0},
};

const tocsin_field monitor_bulk[] = {
    {"op", T_ENUM, F_REQUIRED, .choices = "create|pause|resume|delete|restore|set",
     .help = "What is done."},
    {"items", T_LIST, .min = 1, .max = 1000, .help = "Monitors to create."},
    {"ids", T_IDS, .min = 1, .max = 10000, .help = "Which monitors."},
    {"filter", T_OBJECT,
     .help = "Which monitors instead: q, status, tag, group, type, owner."},
    {"args", T_OBJECT, .help = "What to set; also add_tags and remove_tags."},
    {"dry_run", T_BOOL, .help = "Only say what would be done."},
    {0},
};

#define FILTERS                                                                               \
    {"q", T_STRING, .min = 1, .max = 200, .help = "Words in name, URL, group or tags."},      \
        {"status", T_STRING, .min = 2, .max = 80, .help = "Statuses, with commas."},          \
        {"tag", T_STRING, .min = 1, .max = 400, .help = "Tags it must have, with commas."},   \
        {"group", T_STRING, .max = 320, .help = "The group."},                                \
        {"type", T_ENUM, .choices = "http|host|app|all",                                      \
         .help = "The kind; those that are checked from here (http) unless asked."},          \
    {                                                                                         \
        "owner", T_ID, .help = "The owner's number."                                          \
    }

#define PAGE(largest)                                                                         \
    {"limit", T_INT, .min = 1, .max = (largest), .help = "How many at most; 50 unless set."}, \
    {                                                                                         \
        "after", T_ID, .help = "`next` of the page before."                                   \
    }

const tocsin_field monitor_bulk_filter[] = {FILTERS, {0}};

const tocsin_field monitor_list_query[] = {
    {"view", T_ENUM, .choices = "plain|list", .help = "`list`: all monitors, in columns."},
    {"since", T_STRING, .min = 1, .max = 20,
     .help = "`rev` of an earlier answer in columns: only what changed."},
    {"fresh", T_INT, .min = 1, .max = 86400,
     .help = "With since: also what was checked within so many seconds."},
    {"deleted", T_BOOL, .help = "The deleted ones instead."},
    FILTERS,
    PAGE(500),
    {0},
};

const tocsin_field monitor_admin_query[] = {
    {"deleted", T_BOOL, .help = "The deleted ones instead."},
    FILTERS,
    PAGE(500),
    {0},
};

const tocsin_field monitor_checks_query[] = {
    {"limit", T_INT, .min = 1, .max = 1000, .help = "How many at most; 50 unless set."},
    {"after", T_STRING, .min = 1, .max = 24, .help = "`next` of the page before."},
    {"only", T_ENUM, .choices = "failed|changed",
     .help = "Only failed checks, or only those that differ from the one before."},
    {0},
};

const tocsin_field monitor_series_query[] = {
    {"from", T_TIME, .help = "The start; a day before `to` unless set."},
    {"to", T_TIME, .help = "The end; now unless set."},
    {"points", T_INT, .min = 10, .max = 1500,
     .help = "How many points at most; 500 unless set."},
    {"fields", T_ENUM, .choices = "phases|pct", .help = "Mean phases, or percentiles."},
    {0},
};

const tocsin_field monitor_uptime_query[] = {
    {"windows", T_STRING, .min = 2, .max = 80,
     .help =
         "Spans up to now: hours (h) and days (d), with commas; 24h,7d,30d,90d unless set."},
    {0},
};

const tocsin_field monitor_daily_query[] = {
    {"days", T_INT, .min = 1, .max = 366,
     .help = "How many days, today included; 90 unless set."},
    {0},
};

const tocsin_field monitor_page_query[] = {PAGE(200), {0}};

const tocsin_field incident_list_query[] = {
    {"state", T_ENUM, .choices = "open|acknowledged|resolved|unresolved",
     .help = "`unresolved`: open or acknowledged."},
    {"severity", T_ENUM, .choices = SEVERITIES, .help = "How bad."},
    {"monitor", T_ID, .help = "The monitor's number."},
    {"owner", T_ID, .help = "The owner's number."},
    {"from", T_TIME, .help = "Not over before this time."},
    {"to", T_TIME, .help = "Begun before this time."},
    {"q", T_STRING, .min = 1, .max = 200, .help = "Words in title or cause."},
    PAGE(200),
    {0},
};

const tocsin_field incident_new[] = {
    {"title", T_STRING, F_REQUIRED, .min = 1, .max = 200, .help = "What is wrong."},
    {"severity", T_ENUM, .choices = SEVERITIES, .help = "How bad; major unless set."},
    {"monitor", T_ID, F_NULL, .help = "The monitor it is about."},
    {"monitors", T_IDS, .max = 500, .help = "What else it affects."},
    {"started_at", T_TIME, .help = "When it began; now unless set."},
    {"body", T_STRING, F_TEXT, .max = 10000,
     .help = "The first comment; the first update when it is published."},
    {"phase", T_ENUM, .choices = PHASES, .help = "How far it is; investigating unless set."},
    {"public_title", T_STRING, .max = 200, .help = "What the public reads as its title."},
    {"publish", T_BOOL, .help = "Whether the public reads of it at once; false."},
    {0},
};

const tocsin_field incident_edit[] = {
    {"title", T_STRING, .min = 1, .max = 200, .help = "What is wrong."},
    {"severity", T_ENUM, .choices = SEVERITIES, .help = "How bad."},
    {"monitors", T_IDS, .max = 500, .help = "What it affects besides its own monitor."},
    {"phase", T_ENUM, .choices = PHASES, .help = "How far it is."},
    {"public_title", T_STRING, .max = 200,
     .help = "What the public reads as its title; empty: the title."},
    {"started_at", T_TIME, .help = "When it began; needs a reason."},
    {"resolved_at", T_TIME, .help = "When it was over; needs a reason."},
    {"reason", T_STRING, .min = 1, .max = 500, .help = "Why the times are changed."},
    {0},
};

const tocsin_field incident_word[] = {
    {"body", T_STRING, F_TEXT, .max = 10000, .help = "A comment with it."},
    {0},
};

const tocsin_field incident_comment[] = {
    {"body", T_STRING, F_REQUIRED | F_TEXT, .min = 1, .max = 10000, .help = "The comment."},
    {0},
};
