/* channel: what the kinds share: requests, answers, and texts fit to be shown. */
#include "channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MOST (7 * 86400) /* whatever a receiver says: the database takes an integer */

const struct channel_kind *const channels[] = {
    &channel_email,
    &channel_slack,
    &channel_webhook,
    NULL,
};

const char *channel_text(const json_t *settings, const char *name)
{
    return json_string_value(json_object_get(settings, name));
}

int channel_refuse(struct sending *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->outcome.error, sizeof(s->outcome.error), fmt, ap);
    va_end(ap);
    s->outcome.dead = true;
    return -1;
}

int channel_header(struct sending *s, const char *name, const char *value)
{
    char line[2200];
    struct curl_slist *more;
    int n = snprintf(line, sizeof(line), "%s: %s", name, value);

    for (const char *p = line; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return channel_refuse(s, "the header %.64s holds a control character", name);
    if (n >= (int)sizeof(line) || !(more = curl_slist_append(s->headers, line)))
        return channel_refuse(s, "the header %.64s is too long", name);
    s->headers = more;
    return 0;
}

int channel_post(struct sending *s, const char *url, json_t *doc)
{
    s->payload = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    if (!s->payload)
        return channel_refuse(s, "the message cannot be written as JSON");
    if (!url)
        return channel_refuse(s, "the channel has no URL");
    if (channel_header(s, "Content-Type", "application/json"))
        return -1;
    s->request = (struct fetch_request){.url = url,
                                        .method = "POST",
                                        .headers = s->headers,
                                        .body = s->payload,
                                        .body_len = strlen(s->payload),
                                        .timeout_ms = CHANNEL_TIMEOUT_MS,
                                        .body_max = 64 * 1024,
                                        .keep_body = CHANNEL_TEXT};
    return 0;
}

/* ---------------------------------------------------------------- what may be shown */

static void blank(char *text, const char *secret)
{
    size_t n = secret ? strlen(secret) : 0;

    if (n < 4)
        return;
    for (char *at = text; (at = strstr(at, secret)); at += n)
        memset(at, '*', n);
}

static void blank_all(char *text, const json_t *value)
{
    const char *key;
    json_t *item;

    blank(text, json_string_value(value));
    json_object_foreach((json_t *)value, key, item) blank_all(text, item);
}

void channel_show(const struct sending *s, char *out, size_t size, const char *bytes, size_t n)
{
    /* room for a secret that begins within the cut and ends beyond it */
    char text[CHANNEL_TEXT * 4];
    size_t at = 0;

    for (size_t i = 0; i < n && at < sizeof(text) - 1; i++) {
        unsigned char c = (unsigned char)bytes[i];
        text[at++] = (char)(c >= ' ' && c < 0x7f                  ? c
                            : c == '\n' || c == '\t' || c == '\r' ? ' '
                                                                  : '?');
    }
    text[at] = '\0';
    blank_all(text, s->secret);
    blank(text, s->conf->smtp_password);
    snprintf(out, size, "%.*s", (int)size - 1, text);
}

void channel_answered(struct sending *s, const struct fetch_result *res)
{
    struct outcome *o = &s->outcome;

    o->code = res->code;
    o->duration_ms = (int)(res->total_us / 1000);
    channel_show(s, o->excerpt, sizeof(o->excerpt), res->body, res->body_len);
    if (res->retry_after_s > 0)
        o->retry_after_s = res->retry_after_s < RETRY_MOST ? res->retry_after_s : RETRY_MOST;
    if (res->reason != REASON_OK) {
        channel_show(s, o->error, sizeof(o->error), res->message, strlen(res->message));
        o->dead = res->reason == REASON_TARGET_REFUSED || res->reason == REASON_BAD_URL;
    }
    else if (res->code >= 200 && res->code < 300) {
        o->ok = true;
    }
    else {
        snprintf(o->error, sizeof(o->error), "the receiver answered %d%s", res->code,
                 res->code >= 300 && res->code < 400 ? " (redirects are not followed)" : "");
        o->dead = res->code == 410;
    }
}
