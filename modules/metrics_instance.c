/*
 * metrics_instance: what Prometheus is told of Tocsin itself.
 */
#include "metrics.h"

#include <ap_release.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#ifndef TOCSIN_VERSION
#define TOCSIN_VERSION "unknown"
#endif

void metrics_family(buf *b, const char *name, const char *kind, const char *help)
{
    const char *words[] = {"# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        buf_puts(b, words[i]);
}

void metrics_rows(buf *b, const PGresult *rows)
{
    const char *family = "";

    for (int i = 0; i < PQntuples(rows); i++) {
        if (strcmp(family, PQgetvalue(rows, i, 0)) != 0) {
            family = PQgetvalue(rows, i, 0);
            metrics_family(b, family, PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2));
        }
        buf_puts(b, PQgetvalue(rows, i, 3));
        buf_add(b, " ", 1);
        buf_puts(b, PQgetvalue(rows, i, 4));
        buf_add(b, "\n", 1);
    }
}

void metrics_build(buf *b)
{
    metrics_family(b, "tocsin_build_info", "gauge", "The release that runs.");
    buf_puts(b, "tocsin_build_info{version=\"" TOCSIN_VERSION
                "\",httpd=\"" AP_SERVER_BASEREVISION "\"} 1\n");
}

static apr_uint64_t read_count(const apr_uint64_t *count)
{
    return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void add_number(buf *b, apr_uint64_t n)
{
    char digits[24];

    apr_snprintf(digits, sizeof(digits), " %" APR_UINT64_T_FMT "\n", n);
    buf_puts(b, digits);
}

/* The API's own counts and those of requests counted by httpd that end far later: a
 * stream is no request in flight. */
static void add_plain(buf *b, const tocsin_counters *c)
{
    apr_uint64_t live = read_count(&c->live_clients), all = read_count(&c->in_flight);
    const struct {
        const char *name, *kind, *help;
        apr_uint64_t value;
    } plain[] = {
        {"http_requests_in_flight", "gauge", "Requests being answered, streams not counted.",
         all > live ? all - live : 0},
        {"tocsin_requests_limited_total", "counter", "Requests refused by the rate limit.",
         read_count(&c->limited)},
        {"tocsin_event_stream_clients", "gauge", "Open event streams.", live},
        {"tocsin_event_stream_opened_total", "counter", "Event streams that were opened.",
         read_count(&c->live_adopted)},
        {"tocsin_event_stream_dropped_total", "counter",
         "Event streams ended because the client fell behind or went while written to.",
         read_count(&c->live_dropped)},
        {"tocsin_event_stream_messages_total", "counter", "Writes to event streams.",
         read_count(&c->live_events)},
        {"tocsin_event_stream_database_lost_total", "counter",
         "Times that a child lost the connection it listens on.", read_count(&c->live_lost)},
        {"tocsin_web_database_calls_total", "counter", "SQL functions called by httpd.",
         read_count(&c->db_calls)},
        {"tocsin_web_database_errors_total", "counter", "Calls that failed.",
         read_count(&c->db_errors)},
        {"tocsin_web_database_resets_total", "counter", "Connections that were made anew.",
         read_count(&c->db_resets)},
        {"tocsin_web_database_refused_total", "counter",
         "Calls refused at once because the database was away.", read_count(&c->db_refused)},
    };

    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        metrics_family(b, plain[i].name, plain[i].kind, plain[i].help);
        buf_puts(b, plain[i].name);
        add_number(b, plain[i].value);
    }
}

/* "GET /monitors/{id}" as labels; the slot of what has no route is one word. */
static void add_route(buf *b, const char *route)
{
    const char *space = strchr(route, ' ');

    buf_puts(b, "{method=\"");
    if (space)
        buf_add(b, route, space - route);
    buf_puts(b, "\",route=\"");
    buf_puts(b, space ? space + 1 : route);
    buf_puts(b, "\"");
}

static void add_requests(buf *b, const tocsin_route_count *c)
{
    for (int i = 1; i <= 5; i++) {
        char code[24];

        if (!read_count(&c->by_class[i]))
            continue;
        buf_puts(b, "http_requests_total");
        add_route(b, c->route);
        apr_snprintf(code, sizeof(code), ",code=\"%dxx\"}", i);
        buf_puts(b, code);
        add_number(b, read_count(&c->by_class[i]));
    }
}

static void add_histogram(buf *b, const tocsin_route_count *c, const double *bounds)
{
    apr_uint64_t sum = 0;
    char number[40];

    for (int i = 0; i < TOCSIN_LATENCY_MAX; i++) {
        sum += read_count(&c->latency[i]);
        buf_puts(b, "http_request_duration_seconds_bucket");
        add_route(b, c->route);
        if (i < TOCSIN_LATENCY_MAX - 1)
            snprintf(number, sizeof(number), ",le=\"%g\"}", bounds[i]);
        else
            apr_cpystrn(number, ",le=\"+Inf\"}", sizeof(number));
        buf_puts(b, number);
        add_number(b, sum);
    }
    buf_puts(b, "http_request_duration_seconds_sum");
    add_route(b, c->route);
    apr_snprintf(number, sizeof(number), "} %.6f\n", read_count(&c->sum_us) / 1e6);
    buf_puts(b, number);
    buf_puts(b, "http_request_duration_seconds_count");
    add_route(b, c->route);
    buf_puts(b, "}");
    add_number(b, sum);
}

static int used(const tocsin_route_count *c)
{
    apr_uint64_t sum = 0;

    for (int i = 1; i <= 5; i++)
        sum += read_count(&c->by_class[i]);
    return c->route[0] && sum;
}

void metrics_counters(buf *b, const tocsin_counters *counters, const double *bounds)
{
    add_plain(b, counters);
    metrics_family(b, "http_requests_total", "counter",
                   "Requests by route and class of status.");
    for (int i = 0; i < TOCSIN_ROUTES_MAX; i++) {
        if (used(&counters->route[i]))
            add_requests(b, &counters->route[i]);
    }
    metrics_family(b, "http_request_duration_seconds", "histogram",
                   "From the request's first line to its last byte, streams not counted.");
    for (int i = 0; i < TOCSIN_ROUTES_MAX; i++) {
        const tocsin_route_count *c = &counters->route[i];

        if (used(c) && strcmp(c->route, "GET /events") != 0)
            add_histogram(b, c, bounds);
    }
}
