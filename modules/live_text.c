/*
 * live_text: messages in the text/event-stream format.
 */
#include "live.h"

#include <apr_strings.h>

void live_text_event(buf *t, const char *kind, const char *data)
{
    buf_puts(t, "event: ");
    buf_puts(t, kind);
    buf_puts(t, "\ndata: ");
    buf_puts(t, data);
    buf_puts(t, "\n\n");
}

void live_text_id(buf *t, const char *cursor)
{
    if (t->len == 0)
        return;
    t->len--; /* inside the last message, before the line that ends it */
    buf_puts(t, "id: ");
    buf_puts(t, cursor);
    buf_puts(t, "\n\n");
}

void live_text_hello(buf *t)
{
    char data[96], now[APR_RFC822_DATE_LEN + 8];
    apr_time_exp_t x;
    apr_size_t len;

    apr_time_exp_gmt(&x, apr_time_now());
    apr_strftime(now, &len, sizeof(now), "%Y-%m-%dT%H:%M:%S", &x);
    apr_snprintf(data, sizeof(data), "{\"now\":\"%s.%03dZ\"}", now, x.tm_usec / 1000);
    live_text_event(t, "hello", data);
}
