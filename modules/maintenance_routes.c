/*
 * maintenance_routes: maintenance windows, and the calendar of them.
 *
 * Nearly all of it is SQL. Here the rules of single fields stand, and the calendar is
 * written as iCalendar.
 */
#include <apr_strings.h>
#include <apr_time.h>
#include <http_protocol.h>
#include <string.h>

#include "ical.h"
#include "maintenance_routes.h"

#define FEED_PAGES 5 /* of a thousand occurrences */
#define FEED_PAST  apr_time_from_sec(30 * 86400)
#define FEED_AHEAD apr_time_from_sec(100 * 86400)

static const struct maintenance_calls *calls;

/* ---------------------------------------------------------------- fields */

#define STATES "upcoming|in-progress|completed|cancelled"

#define WINDOW(required)                                                                      \
    {"title", T_STRING, required, .min = 1, .max = 200, .help = "What is done."},             \
        {"description", T_STRING, F_NULL | F_TEXT, .max = 10000,                              \
         .help = "More of it, as Markdown."},                                                 \
        {"zone", T_STRING, .min = 1, .max = 64,                                               \
         .help = "The time zone it keeps to, such as Europe/Berlin; UTC unless set."},        \
        {"starts_at", T_STRING, .min = 1, .max = 40,                                          \
         .help = "When it begins first: with an offset, or on the zone's clock "              \
                 "(2026-01-31T22:00); now unless set."},                                      \
        {"duration", T_INT, .min = 60, .max = 2678400, .help = "Seconds that it lasts."},     \
        {"ends_at", T_STRING, .min = 1, .max = 40,                                            \
         .help = "When it ends, instead of duration."},                                       \
        {"repeat", T_ENUM, .choices = "once|weekly|monthly|cron",                             \
         .help = "How it comes again; once unless set."},                                     \
        {"rule", T_OBJECT, F_NULL,                                                            \
         .help = "weekly: {every, days [1-7]}; monthly: {every, day} or {every, week (-1: "   \
                 "last), weekday}; cron: {expression}."},                                     \
        {"until",  T_STRING,  F_NULL,                                                         \
         .min = 1, .max = 40, .help = "No occurrence begins later."},                         \
        {"everything", T_BOOL, .help = "It is about all of the owner's monitors."},           \
        {"monitors", T_IDS, .max = 1000, .help = "It is about these monitors."},              \
        {"tags", T_STRINGS, .max = 20, .item_max = 160,                                       \
         .help = "And about those of the owner that have one of these tags."},                \
        {"groups", T_STRINGS, .max = 20, .item_max = 320,                                     \
         .help = "And about those in one of these groups."},                                  \
        {"silence", T_BOOL,                                                                   \
         .help = "No incidents and no messages meanwhile; true unless set."},                 \
        {"pause", T_BOOL, .help = "No checks either; false unless set."},                     \
        {"show", T_BOOL, .help = "On status pages; true unless set."},                        \
        {"tell", T_BOOL, .help = "Subscribers, at start and end; true unless set."},          \
    {                                                                                         \
        "tell_before", T_INT, F_NULL,                                                         \
            .min = 300, .max = 2592000,                                                       \
            .help = "And so many seconds before it starts; null: not."                        \
    }

static const tocsin_field window_new[] = {WINDOW(F_REQUIRED), {0}};
static const tocsin_field window_edit[] = {WINDOW(0), {0}};

static const tocsin_field window_list[] = {
    {"state", T_STRING, .min = 8, .max = 60, .help = "States (" STATES "), with commas."},
    {"monitor", T_ID, .help = "Only windows that are about this monitor."},
    {"owner", T_ID, .help = "The owner's number."},
    {"q", T_STRING, .min = 1, .max = 200, .help = "Words in title or description."},
    {"limit", T_INT, .min = 1, .max = 200, .help = "How many at most; 50 unless set."},
    {"after", T_ID, .help = "`next` of the page before."},
    {0},
};

static const tocsin_field window_extend[] = {
    {"seconds", T_INT, F_REQUIRED, .min = 60, .max = 2678400, .help = "How much longer."},
    {0},
};

static const tocsin_field window_skip[] = {
    {"starts_at", T_STRING, F_REQUIRED, .min = 1, .max = 40,
     .help = "The start of the occurrence that is left out."},
    {0},
};

static const tocsin_field calendar_query[] = {
    {"from", T_TIME, .help = "The start; a week ago unless set."},
    {"to", T_TIME, .help = "The end; 38 days after the start unless set."},
    {"limit", T_INT, .min = 1, .max = 1000, .help = "How many at most; 500 unless set."},
    {"after", T_STRING, .min = 3, .max = 40, .help = "`next` of the page before."},
    {0},
};

/* ---------------------------------------------------------------- rules */

static int check_states(tocsin_request *q)
{
    const char *given = json_string_value(json_object_get(q->input, "state"));
    char *word, *rest, *words = given ? apr_pstrdup(q->r->pool, given) : NULL;

    for (; words && (word = apr_strtok(words, ",", &rest)); words = NULL)
        if (!strstr("|" STATES "|", apr_pstrcat(q->r->pool, "|", word, "|", NULL))) {
            calls->invalid(q, "state", "must be of " STATES);
            break;
        }
    return OK;
}

/* "1767222000000000.12": a time and a number */
static int check_cursor(tocsin_request *q)
{
    const char *after = json_string_value(json_object_get(q->input, "after"));
    size_t n = after ? strspn(after, "0123456789") : 0;

    if (after &&
        (!n || n > 17 || after[n] != '.' || !after[n + 1] || strlen(after + n + 1) > 18 ||
         after[n + 1 + strspn(after + n + 1, "0123456789")]))
        calls->invalid(q, "after", "must be `next` of the page before");
    return OK;
}

/* ---------------------------------------------------------------- iCalendar */

static const char *word(const json_t *item, const char *name)
{
    const char *value = json_string_value(json_object_get(item, name));

    return value ? value : "";
}

static void add_event(request_rec *r, buf *t, const json_t *item)
{
    apr_int64_t id = json_integer_value(json_object_get(item, "occurrence"));
    apr_int64_t window = json_integer_value(json_object_get(item, "id"));
    struct ical_event e = {
        .uid = apr_psprintf(r->pool, "occurrence-%" APR_INT64_T_FMT "@%s", id, r->hostname),
        .stamp = word(item, "changed_at"),
        .starts = word(item, "starts_at"),
        .ends = word(item, "ends_at"),
        .summary = word(item, "title"),
        .description = word(item, "description"),
        .url = apr_psprintf(r->pool, "%s/maintenance/?id=%" APR_INT64_T_FMT,
                            calls->public_url(r), window),
        .sequence = (long)json_integer_value(json_object_get(item, "version")),
        .cancelled = !strcmp(word(item, "state"), "cancelled"),
    };

    ical_event(t, &e);
}

static void set_time(json_t *input, const char *name, apr_time_t at)
{
    apr_time_exp_t e;
    char text[32];
    apr_size_t n;

    apr_time_exp_gmt(&e, at);
    apr_strftime(text, &n, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &e);
    json_object_set_new(input, name, json_string(text));
}

/* One page of occurrences; the cursor of the next one, or NULL, in *next. */
static int add_page(tocsin_request *q, buf *t, const char **next)
{
    json_t *page, *item;
    const char *json;
    apr_size_t len;
    size_t i;
    int status = calls->call_route(q, "maintenance_calendar", &json, &len);

    *next = NULL;
    if (status != OK)
        return status;
    if (!json || !(page = json_loadb(json, len, 0, NULL)))
        return HTTP_INTERNAL_SERVER_ERROR;
    json_array_foreach(json_object_get(page, "items"), i, item) add_event(q->r, t, item);
    *next = apr_pstrdup(q->r->pool, json_string_value(json_object_get(page, "next")));
    json_decref(page);
    return OK;
}

/* From a month ago to a hundred days ahead. */
static int feed(tocsin_request *q)
{
    const char *next = NULL;
    buf t = {0};
    int status = OK;

    set_time(q->input, "from", q->r->request_time - FEED_PAST);
    set_time(q->input, "to", q->r->request_time + FEED_AHEAD);
    json_object_set_new(q->input, "limit", json_integer(1000));
    ical_begin(&t, "Maintenance");
    for (int i = 0; status == OK && i < FEED_PAGES; i++) {
        status = add_page(q, &t, &next);
        if (!next)
            break;
        json_object_set_new(q->input, "after", json_string(next));
    }
    ical_end(&t);
    if (status == OK) {
        ap_set_content_type(q->r, "text/calendar; charset=utf-8");
        apr_table_setn(q->r->headers_out, "Content-Disposition",
                       "inline; filename=\"maintenance.ics\"");
        apr_table_setn(q->r->headers_out, "Cache-Control", "private, no-cache");
        ap_set_content_length(q->r, (apr_off_t)t.len);
        ap_rwrite(t.data, (int)t.len, q->r);
    }
    buf_free(&t);
    return status;
}

/* ---------------------------------------------------------------- routes */

static const tocsin_route routes[] = {
    {"GET", "/maintenance", ROLE_VIEWER, "maintenance_list", .query = window_list,
     .check = check_states, .summary = "Maintenance windows, newest first.",
     .tag = "maintenance"},
    {"POST", "/maintenance", ROLE_MEMBER, "maintenance_create", R_CREATED, .body = window_new,
     .summary = "Plan a window, or begin one now.", .tag = "maintenance"},
    {"GET", "/maintenance/calendar", ROLE_VIEWER, "maintenance_calendar",
     .query = calendar_query, .check = check_cursor,
     .summary = "Single occurrences by their date.", .tag = "maintenance"},
    {"GET", "/maintenance/calendar.ics", ROLE_VIEWER, "maintenance_calendar", .handler = feed,
     .summary = "The same as iCalendar.", .tag = "maintenance"},
    {"GET", "/maintenance/{id}", ROLE_VIEWER, "maintenance_read",
     .summary = "A window and its occurrences.", .tag = "maintenance"},
    {"PATCH", "/maintenance/{id}", ROLE_MEMBER, "maintenance_patch", .body = window_edit,
     .summary = "Change a window; what is over stays as it was.", .tag = "maintenance"},
    {"DELETE", "/maintenance/{id}", ROLE_MEMBER, "maintenance_delete", R_EMPTY,
     .summary = "Cancel a window, or delete the record of one that is over.",
     .tag = "maintenance"},
    {"POST", "/maintenance/{id}/end", ROLE_MEMBER, "maintenance_end",
     .summary = "End the running occurrence now.", .tag = "maintenance"},
    {"POST", "/maintenance/{id}/extend", ROLE_MEMBER, "maintenance_extend",
     .body = window_extend, .summary = "Let the running occurrence last longer.",
     .tag = "maintenance"},
    {"POST", "/maintenance/{id}/skip", ROLE_MEMBER, "maintenance_skip", .body = window_skip,
     .summary = "Leave out an occurrence that is to come.", .tag = "maintenance"},
    {0},
};

const tocsin_route *maintenance_routes(const struct maintenance_calls *given)
{
    calls = given;
    return routes;
}
