/*
 * call: one request of the control plane, until it is answered.
 *
 * A handler owes each call exactly one of call_reply, call_error… and stream_start, at once
 * or later; the call is gone afterwards. A client that leaves before the answer changes
 * nothing about that: the answer then goes nowhere. Who would rather stop his work asks
 * for call_on_gone.
 */
#ifndef AGENT_CALL_H
#define AGENT_CALL_H

#include "agent.h"

#include <event2/keyvalq_struct.h>

struct call {
    struct agent *agent;
    const struct route *route;
    const struct app *app;                      /* of {app}, or NULL */
    char word[ROUTE_WORDS][ROUTE_WORD_MAX + 1]; /* of {word}, in order; "" */
    json_t *body;                               /* of ROUTE_BODY: an object */
    /* the rest is call.c's and stream.c's */
    struct evhttp_request *req;
    struct evkeyvalq query;
    void (*gone)(void *arg);
    void *gone_arg;
};

/* A parameter of the query, decoded; NULL: not there. The first of several. */
const char *call_query(const struct call *c, const char *name);
/* The same as a number from min to max; `normal` when it is not there. -1: the call is
 * answered with 400 and gone. */
int call_number(struct call *c, const char *name, long min, long max, long normal, long *out);
/* A header of the request, or NULL. */
const char *call_header(const struct call *c, const char *name);
/* Does If-Match allow a change of what has this ETag now? The value is taken with and without
 * quotes,
 * "*" fits all. 1, 0, or -1: there is no If-Match. */
int call_if_match(const struct call *c, const char *etag);
/* Adds `ETag: "etag"` to the answer. */
void call_etag(struct call *c, const char *etag);

/* fn(arg) is called when the client leaves before the answer; the answer is still owed. */
void call_on_gone(struct call *c, void (*fn)(void *arg), void *arg);

/* Answer; takes the reference of body. */
void call_reply(struct call *c, int status, json_t *body);
/* The same with an object that is text already. */
void call_reply_text(struct call *c, int status, const char *json, size_t len);
/* {"error":"…"}; a sentence for people, without a full stop */
void call_error(struct call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with "field" (NULL: none) and "line" (0: none). */
void call_error_at(struct call *c, int status, const char *field, int line, const char *fmt,
                   ...) __attribute__((format(printf, 5, 6)));

/* ---- of server.c */

/* Find who answers the request, check its body, call the handler. */
void call_take(struct agent *agent, struct evhttp_request *req);
/* The call as such, without its request: for stream.c. */
void call_free(struct call *c);

#endif
