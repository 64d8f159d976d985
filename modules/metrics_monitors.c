/*
 * metrics_monitors: what Prometheus is told of each monitor.
 *
 * A family's samples stand together, so the rows are gone through once a family. The
 * numbers are text already; seconds are microseconds with a point put in.
 */
#include "metrics.h"

#include <string.h>
#include <apr_general.h>

enum { /* columns of api.metrics_monitors() */
       ID,
       NAME,
       URL,
       TYPE,
       GROUP,
       OWNER,
       STATUS,
       UP,
       DNS,
       CONNECT,
       TLS,
       TTFB,
       TRANSFER,
       NOT_AFTER,
       CHECKED_AT,
       COLUMNS,
};

/* A label's value: backslash, quote and line break are escaped. */
static void add_label(buf *b, const char *value)
{
    size_t plain;

    while (value[plain = strcspn(value, "\\\"\n")]) {
        buf_add(b, value, plain);
        buf_puts(b, value[plain] == '\n' ? "\\n" : value[plain] == '"' ? "\\\"" : "\\\\");
        value += plain + 1;
    }
    buf_add(b, value, plain);
}

static void add_seconds(buf *b, const char *us)
{
    size_t len = strlen(us);

    if (len > 6) {
        buf_add(b, us, len - 6);
        buf_add(b, ".", 1);
        buf_add(b, us + len - 6, 6);
    }
    else {
        buf_add(b, "0.000000", 8 - len);
        buf_add(b, us, len);
    }
}

/* One sample per monitor that has a value in this column. */
static void add_column(buf *b, const PGresult *rows, const char *name, int column,
                       const char *more_labels, void (*add)(buf *, const char *))
{
    size_t name_len = strlen(name), more_len = strlen(more_labels);

    for (int i = 0; i < PQntuples(rows); i++) {
        if (PQgetisnull(rows, i, column))
            continue;
        buf_add(b, name, name_len);
        buf_add(b, "{id=\"", 5);
        buf_add(b, PQgetvalue(rows, i, ID), PQgetlength(rows, i, ID));
        buf_add(b, "\"", 1);
        buf_add(b, more_labels, more_len);
        buf_add(b, "} ", 2);
        add(b, PQgetvalue(rows, i, column));
        buf_add(b, "\n", 1);
    }
}

static void add_status(buf *b, const PGresult *rows)
{
    metrics_family(b, "tocsin_monitor_status", "gauge", "The status a monitor has is 1.");
    for (int i = 0; i < PQntuples(rows); i++) {
        buf_puts(b, "tocsin_monitor_status{id=\"");
        buf_puts(b, PQgetvalue(rows, i, ID));
        buf_puts(b, "\",status=\"");
        buf_puts(b, PQgetvalue(rows, i, STATUS));
        buf_puts(b, "\"} 1\n");
    }
}

static void add_info(buf *b, const PGresult *rows)
{
    static const struct {
        const char *label;
        int column;
    } labels[] = {{"{id=\"", ID},       {"\",name=\"", NAME},   {"\",url=\"", URL},
                  {"\",type=\"", TYPE}, {"\",group=\"", GROUP}, {"\",owner=\"", OWNER}};

    metrics_family(b, "tocsin_monitor_info", "gauge", "What a monitor is, to join by id.");
    for (int i = 0; i < PQntuples(rows); i++) {
        buf_puts(b, "tocsin_monitor_info");
        for (size_t n = 0; n < sizeof(labels) / sizeof(*labels); n++) {
            buf_puts(b, labels[n].label);
            add_label(b, PQgetvalue(rows, i, labels[n].column));
        }
        buf_puts(b, "\"} 1\n");
    }
}

void metrics_monitors(buf *b, const PGresult *rows)
{
    static const struct {
        const char *labels;
        int column;
    } phases[] = {{",phase=\"dns\"", DNS},
                  {",phase=\"connect\"", CONNECT},
                  {",phase=\"tls\"", TLS},
                  {",phase=\"ttfb\"", TTFB},
                  {",phase=\"transfer\"", TRANSFER}};

    if (PQnfields(rows) != COLUMNS)
        return;
    add_info(b, rows);
    metrics_family(b, "tocsin_monitor_up", "gauge",
                   "1 while a monitor is up or degraded, 0 while it is down; absent while "
                   "nobody knows, in maintenance, or when it is paused.");
    add_column(b, rows, "tocsin_monitor_up", UP, "", buf_puts);
    add_status(b, rows);
    metrics_family(b, "tocsin_monitor_response_seconds", "gauge",
                   "Duration of the last check by phase.");
    for (size_t n = 0; n < sizeof(phases) / sizeof(*phases); n++)
        add_column(b, rows, "tocsin_monitor_response_seconds", phases[n].column,
                   phases[n].labels, add_seconds);
    metrics_family(b, "tocsin_monitor_tls_not_after_timestamp_seconds", "gauge",
                   "When the certificate of the site expires.");
    add_column(b, rows, "tocsin_monitor_tls_not_after_timestamp_seconds", NOT_AFTER, "",
               buf_puts);
    metrics_family(b, "tocsin_monitor_last_check_timestamp_seconds", "gauge",
                   "When the last check ended.");
    add_column(b, rows, "tocsin_monitor_last_check_timestamp_seconds", CHECKED_AT, "",
               buf_puts);
}
