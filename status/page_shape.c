/*
 * page_shape: each status as a shape of its own, so that nobody depends on colour.
 *
 * A strip is one path a status, of boxes with round corners (a box of 4 and a line of 3
 * around it are the 7 of 10 that a day has), which repeat and so compress well.
 */
#include "page_view.h"

#define STEP   10
#define HEIGHT 34

static const char *const icons[STATUSES] = {
    [STATUS_UNKNOWN] =
        "<g fill=\"none\" stroke=\"currentColor\"><circle cx=\"8\" cy=\"8\" r=\"6.3\" "
        "stroke-width=\"1.4\" stroke-dasharray=\"2.6 1.8\"/><path stroke-width=\"1.5\" "
        "d=\"M6 6.4c.2-2.4 4-2.2 3.9.1C9.8 8 8 8 8 9.5M8 10.9v1.2\"/></g>",
    [STATUS_UP] =
        "<path fill=\"currentColor\" fill-rule=\"evenodd\" d=\"M8 1a7 7 0 1 0 0 14A7 7 0 "
        "0 0 8 1zm3.8 4.9-4.6 5.2-3-2.9 1-1.1 1.9 1.8 3.6-4z\"/>",
    [STATUS_DEGRADED] = "<path fill=\"currentColor\" fill-rule=\"evenodd\" d=\"M8 1.2 15.6 "
                        "14.5H.4zM7.2 6v4.2h1.6V6zm0 5.4V13h1.6v-1.6z\"/>",
    [STATUS_DOWN] =
        "<path fill=\"currentColor\" fill-rule=\"evenodd\" d=\"M5.1 1h5.8L15 5.1v5.8L10.9 "
        "15H5.1L1 10.9V5.1zm.6 3.6L4.6 5.7 6.9 8l-2.3 2.3 1.1 1.1L8 9.1l2.3 "
        "2.3 1.1-1.1L9.1 8l2.3-2.3-1.1-1.1L8 6.9z\"/>",
    [STATUS_MAINTENANCE] =
        "<path fill=\"currentColor\" fill-rule=\"evenodd\" d=\"M2 1h12a1 1 0 0 1 1 1v12a1 1 0 "
        "0 1-1 "
        "1H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1zm8.5 2.2a3 3 0 0 0-3.8 3.7l-3.5 3.5 2.4 2.4 "
        "3.5-3.5a3 3 0 0 0 3.7-3.8L10.9 7.4 8.6 5.1z\"/>",
    [STATUS_PAUSED] =
        "<g fill=\"none\" stroke=\"currentColor\"><circle cx=\"8\" cy=\"8\" r=\"6.3\" "
        "stroke-width=\"1.4\"/><path stroke-width=\"1.8\" d=\"M6.3 5.4v5.2M9.7 "
        "5.4v5.2\"/></g>",
};

/* A day: where its path begins in the box of the day, what is drawn, and where that ends. */
static const struct {
    const char *x, *y; /* of the first point */
    const char *draw;
    int end_x, end_y; /* of the pen behind it, from the first point */
} bars[STATUSES] = {
    [STATUS_UNKNOWN] = {"1", "1", "h5v32h-5z", 0, 0},
    [STATUS_UP] = {"1.5", "1.5", "h4v31h-4z", 0, 0},
    [STATUS_DEGRADED] = {"1.5", "12.5", "h4v20h-4z", 0, 0},
    [STATUS_DOWN] = {"1.5", "23.5", "h4v9h-4z", 0, 0},
    [STATUS_MAINTENANCE] = {"1.5", "1.5", "h4v6h-4zm0 12.5h4v6h-4zm0 12.5h4v6h-4z", 0, 25},
    [STATUS_PAUSED] = {"1.5", "32.5", "h4", 4, 0},
};

void shape_symbols(buf *out)
{
    int i;

    buf_puts(out, "<svg class=\"sr\" aria-hidden=\"true\">");
    for (i = 0; i < STATUSES; i++) {
        html(out, "<symbol id=\"i%d\" viewBox=\"0 0 16 16\">", i);
        buf_puts(out, icons[i]);
        buf_puts(out, "</symbol>");
    }
    buf_puts(out, "<symbol id=\"tr\" viewBox=\"0 0 900 34\"><path d=\"M1.5 1.5");
    for (i = 0; i < PAGE_DAYS; i++)
        buf_puts(out, "h4v31h-4zm10 0");
    buf_puts(out, "\"/></symbol></svg>\n");
}

static void path(buf *out, const char *days, int n, int status)
{
    int i, pen = -1; /* the last day drawn */

    for (i = 0; i < n; i++) {
        if (days[i] != '0' + status)
            continue;
        if (pen < 0) {
            html(out, "<path class=\"b%d\" d=\"M", status);
            if (i > 0) /* 10 times i, plus x */
                text_int(out, i);
            buf_puts(out, bars[status].x);
            buf_puts(out, " ");
            buf_puts(out, bars[status].y);
        }
        else
            html(out, "m%d %d", (i - pen) * STEP - bars[status].end_x, -bars[status].end_y);
        buf_puts(out, bars[status].draw);
        pen = i;
    }
    if (pen >= 0)
        buf_puts(out, "\"/>");
}

static void paths(buf *out, const char *days, int n)
{
    static const int order[] = {STATUS_UP,     STATUS_DEGRADED,    STATUS_DOWN,
                                STATUS_PAUSED, STATUS_MAINTENANCE, STATUS_UNKNOWN};
    size_t i;

    for (i = 0; i < sizeof(order) / sizeof(*order); i++)
        path(out, days, n, order[i]);
    buf_puts(out, "</svg>");
}

void shape_strip(buf *out, const char *days)
{
    html(out,
         "<svg viewBox=\"0 0 %d %d\" aria-hidden=\"true\"><use href=\"#tr\" class=\"tr\"/>",
         PAGE_DAYS * STEP, HEIGHT);
    paths(out, days, PAGE_DAYS);
}

void shape_days(buf *out, const char *days, int n)
{
    html(out, "<svg viewBox=\"0 0 %d %d\" aria-hidden=\"true\">", n * STEP, HEIGHT);
    paths(out, days, n);
}

void shape_bar(buf *out, int status)
{
    html(out,
         "<svg class=\"bar\" viewBox=\"0 0 7 %d\" aria-hidden=\"true\"><path class=\"b%d\" "
         "d=\"M%s %s",
         HEIGHT, status, bars[status].x, bars[status].y);
    buf_puts(out, bars[status].draw);
    buf_puts(out, "\"/></svg>");
}

void shape_favicon(buf *out, int status)
{
    static const char *const colours[STATUSES] = {"%2376808c", "%231c8a63", "%23b26b00",
                                                  "%23a30d1d", "%233a47c2", "%236b4f79"};
    const char *p;

    html(out, "data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
              "viewBox='0 0 16 16' color='");
    buf_puts(out, colours[status]);
    buf_puts(out, "'%3E");
    for (p = icons[status]; *p; p++)
        if (*p == '<')
            buf_puts(out, "%3C");
        else if (*p == '>')
            buf_puts(out, "%3E");
        else
            buf_add(out, *p == '"' ? "'" : p, 1);
    buf_puts(out, "%3C/svg%3E");
}
