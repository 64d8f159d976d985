/* channel_slack: Slack's incoming webhooks, and what is compatible with them. The address
 * is the secret: only its host is shown. */
#include "channel.h"

#include <stdio.h>
#include <string.h>

static int prepare(struct sending *s)
{
    const char *url = channel_text(s->secret, "url");
    const char *host = url ? strstr(url, "://") : NULL;

    if (host) {
        host += 3;
        snprintf(s->outcome.recipient, sizeof(s->outcome.recipient), "%.*s",
                 (int)strcspn(host, "/?"), host);
    }
    return channel_post(s, url, message_slack(&s->message, s->body));
}

const struct channel_kind channel_slack = {"slack", prepare, channel_answered};
