/* channel_webhook: a JSON document, signed as Standard Webhooks says. */
#include "channel.h"
#include "signature.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int add_own_headers(struct sending *s)
{
    const char *name;
    json_t *value;

    json_object_foreach(
        json_object_get(s->secret, "headers"), name,
        value) if (json_is_string(value) &&
                   channel_header(s, name, json_string_value(value))) return -1;
    return 0;
}

static int prepare(struct sending *s)
{
    const char *secret = channel_text(s->secret, "secret");
    const char *url = channel_text(s->config, "url");
    char signature[SIGNATURE_MAX], when[24];
    long long now = time(NULL);

    if (add_own_headers(s) || channel_post(s, url, message_webhook(&s->message, s->body)))
        return -1;
    if (!secret ||
        signature_make(signature, secret, s->key, now, s->payload, s->request.body_len))
        return channel_refuse(s, "the channel's signing secret is not valid");
    snprintf(when, sizeof(when), "%lld", now);
    if (channel_header(s, "webhook-id", s->key) ||
        channel_header(s, "webhook-timestamp", when) ||
        channel_header(s, "webhook-signature", signature))
        return -1;
    s->request.headers = s->headers;
    channel_show(s, s->outcome.recipient, sizeof(s->outcome.recipient), url,
                 strcspn(url, "?"));
    return 0;
}

const struct channel_kind channel_webhook = {"webhook", prepare, channel_answered};
