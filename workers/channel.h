/*
 * channel: a way to send a message. A kind is a row of channels[] and a file.
 *
 * prepare() turns a claimed message into a request of fetch; ended() reads how it went.
 * Neither waits for anything.
 */
#ifndef TOCSIND_CHANNEL_H
#define TOCSIND_CHANNEL_H

#include <jansson.h>

#include "fetch.h"
#include "message.h"
#include "tocsind_conf.h"

#define CHANNEL_TIMEOUT_MS 20000
#define CHANNEL_TEXT       400

struct sending;

/* How an attempt ended, for the delivery's row. */
struct outcome {
    bool ok;
    bool dead;               /* it makes no sense to try again */
    long long retry_after_s; /* 0: not said */
    int code, duration_ms;
    char recipient[CHANNEL_TEXT], provider_id[128];
    char error[CHANNEL_TEXT], excerpt[CHANNEL_TEXT]; /* printable; no secrets */
};

struct channel_kind {
    const char *type;
    /* 0; or -1: it cannot be sent like this, and outcome says why */
    int (*prepare)(struct sending *s);
    void (*ended)(struct sending *s, const struct fetch_result *res);
};

extern const struct channel_kind channel_email, channel_webhook, channel_slack;
extern const struct channel_kind *const channels[]; /* ends with NULL */

/* A claimed message on its way. */
struct sending {
    long long id;
    char *key, *event;
    int attempt;
    const struct channel_kind *kind;
    json_t *config, *secret, *body;
    const struct tocsind_conf *conf;
    struct message message;
    struct fetch_request request; /* for prepare to fill; done and arg are the notifier's */
    struct fetch_mail mail;
    struct curl_slist *headers, *to;
    char *payload; /* freed with it */
    struct outcome outcome;
    void *owner;
};

/* A text of the settings, or NULL. */
const char *channel_text(const json_t *settings, const char *name);

/* Say why, and that it is so for good. Returns -1. */
int channel_refuse(struct sending *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Add "name: value"; a line break in value is refused. 0 or -1. */
int channel_header(struct sending *s, const char *name, const char *value);

/* The request of a JSON document, POSTed; takes doc. 0 or -1. */
int channel_post(struct sending *s, const char *url, json_t *doc);

/* What a web server's answer means; shared by webhook and slack.
 */
void channel_answered(struct sending *s, const struct fetch_result *res);

/* Copy what may be shown: printable, cut, with every secret of s blanked out. */
void channel_show(const struct sending *s, char *out, size_t size, const char *bytes,
                  size_t n);

#endif
