/*
 * message: what a message about a monitor says, from the body of its outbox row.
 *
 * Body: {"event": "down", "test": false, "monitor": {"id", "name", "url", "type"},
 * "incident": {"id", "started_at"}, "status", "previous", "at", "reason", "reason_text",
 * "message", "code", "duration_s"}; or an invitation: {"event": "invite", "link", "role",
 * "by", "instance"}; or what a status page tells its subscribers (confirm, incident,
 * maintenance: sql/shared/subscriber.sql). What is missing is left out. Names are strangers'
 * text: each channel encodes them in its own way.
 */
#ifndef TOCSIN_MESSAGE_H
#define TOCSIN_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

struct message {
    const char *event;  /* down, up, degraded, silent, test, …; lives in body */
    char *subject;      /* UTF-8, one line: "DOWN: shop" */
    char *text;         /* UTF-8, lines ended by "\n" */
    char *link;         /* to the monitor's page, or NULL */
    const char *sender; /* title of a status page, or NULL; lives in body */
    long long page;     /* its number */
    char *unsubscribe;  /* where a subscriber ends it, or NULL */
    bool homeless;      /* says an address that nobody knows: there is no public_url */
};

/* public_url: without a slash at the end, or NULL. 0, or -1 for a body that says no event. */
int message_make(struct message *m, const json_t *body, const char *public_url, time_t now);
void message_free(struct message *m);

/* The document of a webhook: {"type": "monitor.down", "timestamp", "data": {…}}. */
json_t *message_webhook(const struct message *m, const json_t *body);

/* Slack's incoming webhook, as others understand it too: text and one attachment. */
json_t *message_slack(const struct message *m, const json_t *body);

/* "4 min 14 s", "2 d 3 h"; the two largest units. Returns buf. */
char *message_duration(char *buf, size_t size, long long seconds);

/* Seconds since 1970 of "2026-11-21T03:00:00.123Z", or -1. */
time_t message_time(const char *rfc3339);

#endif
