/*
 * fleet_logs: what apps say: a page of it, all of it as a file, and as it comes.
 *
 * A page is passed on. A stream is handed to the thread of event streams with the gateway's
 * socket as its source. A file is made here, page by page, by a worker: two at once.
 */
#include "fleet.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"

#define DOWNLOADS_MAX   2
#define DOWNLOAD_BYTES  (256LL * 1024 * 1024)
#define DOWNLOAD_WITHIN apr_time_from_sec(900)
#define PAGE_LINES      1000
#define CURSOR_MAX      512
#define TIME_MAX        4102444800 /* 2100 */

static int downloads; /* atomic */

void fleet_logs_child_init(void)
{
    downloads = 0;
}

/* ---------------------------------------------------------------- fields */

#define FILTERS                                                                               \
    {"since", T_INT, .min = 0, .max = TIME_MAX,                                               \
     .help = "Nothing before; seconds since 1970."},                                          \
        {"until", T_INT, .min = 0, .max = TIME_MAX,                                           \
         .help = "Nothing after; seconds since 1970."},                                       \
        {"level", T_INT, .min = 0, .max = 7,                                                  \
         .help = "At least as bad as this: 0 emergency to 7 debug."},                         \
        {"q", T_STRING, .min = 1, .max = 500, .help = "Only lines with these words."},        \
        {"regex", T_BOOL, .help = "They are a pattern; false unless set."},                   \
        {"stream", T_ENUM, .choices = "stdout|stderr", .help = "Only this one."},             \
    {                                                                                         \
        "deploy", T_UUID, .help = "Only the output of this deploy: its uuid."                 \
    }
#define CURSOR                                                                                \
    {                                                                                         \
        "cursor", T_STRING,                                                                   \
            .min = 1, .max = CURSOR_MAX,                                                      \
            .help = "Go on from here: a line's `c`, or a page's `next` or `prev`."            \
    }

static const tocsin_field page_query[] = {
    FILTERS,
    CURSOR,
    {"limit", T_INT, .min = 1, .max = PAGE_LINES, .help = "Lines at most; 200 unless set."},
    {"dir", T_ENUM, .choices = "back|fwd", .help = "Older lines, or newer ones."},
    {0},
};
static const tocsin_field stream_query[] = {FILTERS, CURSOR, {0}};
static const tocsin_field download_query[] = {FILTERS, {0}};
static const tocsin_field deploy_query[] = {CURSOR, {0}};

static int check_times(tocsin_request *q)
{
    const json_t *since = json_object_get(q->input, "since");
    const json_t *until = json_object_get(q->input, "until");

    if (since && until && json_integer_value(until) < json_integer_value(since))
        core.invalid(q, "until", "must not be before since");
    return OK;
}

/* ---------------------------------------------------------------- a page */

static int get_page(tocsin_request *q)
{
    gateway_question ask = {0};
    gateway_answer answer;
    fleet_app app;
    int status = fleet_door(q, "viewer", &app);

    if (status != OK)
        return status;
    ask.host = app.host;
    ask.path = fleet_params(q, fleet_path(q->r->pool, &app, "/logs"), NULL);
    status = gateway_ask(q->r, &ask, &answer);
    return status == OK ? fleet_send(q->r, &answer) : status;
}

/* ---------------------------------------------------------------- a stream */

static void refuse(request_rec *r, int status, const char *body, apr_size_t len)
{
    gateway_refuse(r, status, body, len);
}

/* A browser's Last-Event-ID is newer than the cursor that it began with. */
static int stream_of(tocsin_request *q, const fleet_app *app, const char *deploy)
{
    request_rec *r = q->r;
    const char *last = apr_table_get(r->headers_in, "Last-Event-ID");
    gateway_question ask = {.host = app->host};
    tocsin_feed feed = {.about = q->id, .refuse = refuse};

    if (r->header_only || !core.live_can || !core.live_can(r)) {
        r->status = HTTP_NO_CONTENT;
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        return OK;
    }
    if (last && *last && strlen(last) <= CURSOR_MAX)
        ask.last_event = last;
    ask.path = fleet_params(q, fleet_path(r->pool, app, "/logs/stream"),
                            ask.last_event ? "cursor" : NULL);
    ask.path = fleet_param(r->pool, ask.path, "deploy", deploy);
    feed.fd = gateway_open(r, &ask);
    return feed.fd < 0 ? HTTP_SERVICE_UNAVAILABLE : core.live_feed(q, &feed);
}

static int get_stream(tocsin_request *q)
{
    fleet_app app;
    int status = fleet_door(q, "viewer", &app);

    return status == OK ? stream_of(q, &app, NULL) : status;
}

/* The number of a deploy is ours; the agent knows its uuid. */
static int get_deploy_stream(tocsin_request *q)
{
    const char *json, *uuid = NULL;
    apr_size_t len;
    fleet_app app;
    json_t *doc;
    int status = fleet_door(q, "viewer", &app);

    if (status != OK || (status = core.call_route(q, "deploy_read", &json, &len)) != OK)
        return status;
    doc = json ? json_loadb(json, len, 0, NULL) : NULL;
    uuid = apr_pstrdup(q->r->pool, json_string_value(json_object_get(doc, "uuid")));
    json_decref(doc);
    return uuid ? stream_of(q, &app, uuid) : HTTP_NOT_FOUND;
}

/* ---------------------------------------------------------------- all of it */

/* "2026-11-21T09:00:00.123Z " of milliseconds since 1970. */
static void add_time(buf *t, json_int_t ms)
{
    apr_time_exp_t x;
    char text[40];

    if (ms < 0 || ms > TIME_MAX * 1000)
        ms = 0;
    apr_time_exp_gmt(&x, apr_time_from_msec(ms));
    apr_snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", x.tm_year + 1900,
                 x.tm_mon + 1, x.tm_mday, x.tm_hour, x.tm_min, x.tm_sec, x.tm_usec / 1000);
    buf_puts(t, text);
}

/* One line stays one line, and a terminal that shows it does nothing else. */
static void add_message(buf *t, const char *m)
{
    for (; *m; m++) {
        unsigned char c = (unsigned char)*m;

        if (c == '\n')
            buf_puts(t, "\n  ");
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            buf_add(t, (char[]){'^', (char)(c ^ 0x40)}, 2);
        else
            buf_add(t, m, 1);
    }
}

static void add_lines(buf *t, const json_t *page)
{
    static const char *const levels[] = {"emerg",   "alert",  "crit", "err",
                                         "warning", "notice", "info", "debug"};
    json_t *line;
    size_t i;

    json_array_foreach(json_object_get(page, "lines"), i, line)
    {
        const char *m = json_string_value(json_object_get(line, "m"));
        json_int_t level = json_integer_value(json_object_get(line, "p"));

        add_time(t, json_integer_value(json_object_get(line, "t")));
        buf_puts(t, levels[level >= 0 && level <= 7 ? level : 6]);
        buf_puts(t, " ");
        add_message(t, m ? m : "");
        buf_puts(t, "\n");
    }
}

/* The cursor of the page after this one; NULL: there is none. One that leads nowhere is the
 * one that we had: then that is all that can be had. */
static const char *next_of(apr_pool_t *p, const json_t *page, const char *cursor)
{
    const char *next = json_string_value(json_object_get(page, "next"));

    if (!json_is_true(json_object_get(page, "more")))
        return NULL;
    return next && strlen(next) <= CURSOR_MAX ? apr_pstrdup(p, next) : cursor ? cursor : "";
}

static void begin_file(request_rec *r, const fleet_app *app)
{
    apr_time_exp_t x;

    apr_time_exp_gmt(&x, r->request_time);
    ap_set_content_type(r, "text/plain; charset=utf-8");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool,
                                "attachment; filename=\"%s-%04d%02d%02dT%02d%02d%02dZ.log\"",
                                app->app, x.tm_year + 1900, x.tm_mon + 1, x.tm_mday, x.tm_hour,
                                x.tm_min, x.tm_sec));
}

/* What breaks off must not look whole: the connection ends in the middle of it. */
static int break_off(request_rec *r)
{
    ap_rputs("-- the host does not answer any more: this file is not complete --\n", r);
    ap_rflush(r);
    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
    return OK;
}

/* One page's memory is given back before the next. */
static int take_page(tocsin_request *q, gateway_question *ask, buf *text, const char *cursor,
                     const char **next)
{
    gateway_answer answer;
    int status;

    apr_pool_create(&ask->pool, q->r->pool);
    status = gateway_ask(q->r, ask, &answer);
    if (status == OK) {
        buf_clear(text);
        add_lines(text, answer.json);
        *next = next_of(q->r->pool, answer.json, cursor);
    }
    apr_pool_destroy(ask->pool);
    return status;
}

static const char *file_path(tocsin_request *q, const fleet_app *app)
{
    apr_pool_t *p = q->r->pool;
    const char *path = fleet_params(q, fleet_path(p, app, "/logs"), NULL);

    if (!json_object_get(q->input, "since")) /* from the first line that there is */
        path = fleet_param(p, path, "since", "0");
    path = fleet_param(p, path, "dir", "fwd");
    return fleet_param(p, path, "limit", APR_STRINGIFY(PAGE_LINES));
}

static int send_file(tocsin_request *q, const fleet_app *app)
{
    request_rec *r = q->r;
    const char *path = file_path(q, app), *cursor = NULL, *next = NULL;
    gateway_question ask = {.host = app->host};
    apr_int64_t sent = 0;
    buf text = {0};
    int status;

    do {
        cursor = next;
        ask.path = fleet_param(r->pool, path, "cursor", cursor);
        status = take_page(q, &ask, &text, cursor, &next);
        if (status != OK)
            break;
        if (!ask.quiet)
            begin_file(r, app);
        ask.quiet = 1; /* from here on there is no other answer */
        sent += (apr_int64_t)text.len;
        if (text.len && ap_rwrite(text.data, (int)text.len, r) < 0)
            break;
    } while (next && *next && (!cursor || strcmp(next, cursor)) && sent < DOWNLOAD_BYTES &&
             apr_time_now() - r->request_time < DOWNLOAD_WITHIN);
    buf_free(&text);
    if (status != OK)
        return ask.quiet ? break_off(r) : status;
    if (next)
        ap_rputs("-- there is more: ask for a shorter time --\n", r);
    return OK;
}

static int get_download(tocsin_request *q)
{
    fleet_app app;
    int status = fleet_door(q, "viewer", &app);

    if (status != OK || q->r->header_only)
        return status;
    if (__atomic_add_fetch(&downloads, 1, __ATOMIC_ACQ_REL) > DOWNLOADS_MAX) {
        apr_table_setn(q->r->err_headers_out, "Retry-After", "10");
        core.problem(q->r, HTTP_SERVICE_UNAVAILABLE, "busy",
                     "other logs are being downloaded; see Retry-After", NULL);
        status = HTTP_SERVICE_UNAVAILABLE;
    }
    else if ((status = fleet_did(q, json_pack("{s:s}", "verb", "logs.download"))) == OK) {
        status = send_file(q, &app);
    }
    __atomic_sub_fetch(&downloads, 1, __ATOMIC_ACQ_REL);
    return status;
}

const tocsin_route fleet_log_routes[] = {
    {"GET", "/apps/{id}/logs", ROLE_VIEWER, .flags = R_AGENT, .query = page_query,
     .check = check_times, .handler = get_page,
     .summary = "What an app says: the newest lines, or those around a cursor.",
     .tag = "logs"},
    {"GET", "/apps/{id}/logs/stream", ROLE_VIEWER, .flags = R_AGENT, .query = stream_query,
     .check = check_times, .handler = get_stream,
     .summary = "The same as it comes (text/event-stream); Last-Event-ID goes on where it "
                "ended. 204: ask for pages instead.",
     .tag = "logs"},
    {"GET", "/apps/{id}/logs/download", ROLE_VIEWER, .flags = R_AGENT, .query = download_query,
     .check = check_times, .handler = get_download,
     .summary = "All of it as a text file of at most 256 MiB.", .tag = "logs"},
    {"GET", "/apps/{id}/deploys/{sub}/stream", ROLE_VIEWER, .flags = R_AGENT,
     .query = deploy_query, .handler = get_deploy_stream,
     .summary = "The output of a deploy as it comes (text/event-stream).", .tag = "deploys"},
    {0},
};
