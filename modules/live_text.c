/*
 * live_text: messages in the text/event-stream format.
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

void live_text_add(live_text *t, const char *data, size_t len)
{
    if (t->len + len > t->size) {
        size_t size = t->size ? t->size : 4096;

        while (size < t->len + len)
            size *= 2;
        t->data = realloc(t->data, size);
        if (!t->data)
            abort(); /* as APR does: httpd starts another child */
        t->size = size;
    }
    memcpy(t->data + t->len, data, len);
    t->len += len;
}

void live_text_puts(live_text *t, const char *words)
{
    live_text_add(t, words, strlen(words));
}

void live_text_event(live_text *t, const char *kind, const char *data)
{
    live_text_puts(t, "event: ");
    live_text_puts(t, kind);
    live_text_puts(t, "\ndata: ");
    live_text_puts(t, data);
    live_text_puts(t, "\n\n");
}

void live_text_id(live_text *t, const char *cursor)
{
    if (t->len == 0)
        return;
    t->len--; /* inside the last message, before the line that ends it */
    live_text_puts(t, "id: ");
    live_text_puts(t, cursor);
    live_text_puts(t, "\n\n");
}

void live_text_hello(live_text *t)
{
    char data[96], now[APR_RFC822_DATE_LEN + 8];
    apr_time_exp_t x;
    apr_size_t len;

    apr_time_exp_gmt(&x, apr_time_now());
    apr_strftime(now, &len, sizeof(now), "%Y-%m-%dT%H:%M:%S", &x);
    apr_snprintf(data, sizeof(data), "{\"now\":\"%s.%03dZ\"}", now, x.tm_usec / 1000);
    live_text_event(t, "hello", data);
}

void live_text_clear(live_text *t)
{
    t->len = 0;
    if (t->size > 1 << 20) /* one great burst is no reason to keep the room */
        live_text_free(t);
}

void live_text_free(live_text *t)
{
    free(t->data);
    memset(t, 0, sizeof(*t));
}
