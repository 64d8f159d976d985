/* message_json: messages as documents: for webhooks, and for what understands Slack's. */
#define _GNU_SOURCE
#include "message_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *message_webhook(const struct message *m, const json_t *body)
{
    json_t *data = message_is_public(m->event) ? NULL : json_deep_copy(body);
    const char *at = json_string_value(json_object_get(body, "at"));
    char type[64];

    if (!data)
        return message_public_webhook(m, body);
    json_object_del(data, "event");
    json_object_set_new(data, "summary", json_string(m->subject));
    json_object_set_new(data, "link", m->link ? json_string(m->link) : json_null());
    snprintf(type, sizeof(type), "%s%.40s", strcmp(m->event, "test") ? "monitor." : "",
             m->event);
    return json_pack("{s:s, s:s, s:o}", "type", type, "timestamp", at ? at : "", "data", data);
}

/* Slack's three special characters; the caller frees. */
static char *escape(const char *s)
{
    char *out = malloc(strlen(s) * 5 + 1), *to = out;

    if (!out)
        return NULL;
    for (; *s; s++)
        to = *s == '&'   ? stpcpy(to, "&amp;")
             : *s == '<' ? stpcpy(to, "&lt;")
             : *s == '>' ? stpcpy(to, "&gt;")
                         : (*to = *s, to + 1);
    *to = '\0';
    return out;
}

static json_t *escaped(const char *s)
{
    char *e = escape(s);
    json_t *j = e ? json_string(e) : NULL;

    free(e);
    return j ? j : json_string("");
}

json_t *message_slack(const struct message *m, const json_t *body)
{
    static const char *const colours[][2] = {{"down", "#c62828"},
                                             {"degraded", "#c77700"},
                                             {"silent", "#c77700"},
                                             {"up", "#2e7d32"}};
    const char *at = json_string_value(json_object_get(body, "at"));
    const char *colour = "#546e7a";
    json_t *more;

    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
        if (!strcmp(colours[i][0], m->event))
            colour = colours[i][1];
    more = json_pack("{s:s, s:o, s:o}", "color", colour, "fallback", escaped(m->subject),
                     "text", escaped(m->text));
    if (m->link) {
        json_object_set_new(more, "title", escaped(m->subject));
        json_object_set_new(more, "title_link", json_string(m->link));
    }
    if (at && message_time(at) >= 0)
        json_object_set_new(more, "ts", json_integer((json_int_t)message_time(at)));
    return json_pack("{s:o, s:[o]}", "text", escaped(m->subject), "attachments", more);
}
