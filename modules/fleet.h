/*
 * fleet.h: what the files of mod_tocsin_fleet.so share.
 */
#ifndef TOCSIN_FLEET_H
#define TOCSIN_FLEET_H

#include "mod_tocsin.h"
#include "mod_tocsin_hooks.h"

extern module AP_MODULE_DECLARE_DATA tocsin_fleet_module;

/* The functions of the other modules, fetched in post_config. */
typedef struct {
    APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
    APR_OPTIONAL_FN_TYPE(tocsin_call) * call;
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
    APR_OPTIONAL_FN_TYPE(tocsin_send) * send;
    APR_OPTIONAL_FN_TYPE(tocsin_problem) * problem;
    APR_OPTIONAL_FN_TYPE(tocsin_limit) * limit;
    APR_OPTIONAL_FN_TYPE(tocsin_client_key) * client_key;
    APR_OPTIONAL_FN_TYPE(tocsin_request_id) * request_id;
    APR_OPTIONAL_FN_TYPE(tocsin_public_url) * public_url;
    APR_OPTIONAL_FN_TYPE(tocsin_demo) * demo;
    APR_OPTIONAL_FN_TYPE(tocsin_reauth) * reauth;
    APR_OPTIONAL_FN_TYPE(tocsin_live_can) * live_can;   /* NULL without mod_tocsin_live */
    APR_OPTIONAL_FN_TYPE(tocsin_live_feed) * live_feed; /* the same */
} fleet_core;
extern fleet_core core;

/* ---------------------------------------------------------------- fleet_gateway.c */

#define GATEWAY_WITHIN                                                                        \
    apr_time_from_sec(13) /* it gives the agent 2 s to connect, 10 to answer */
#define GATEWAY_MOST (8 * 1024 * 1024)

typedef struct {
    apr_int64_t host;       /* whose agent; 0: the gateway itself */
    const char *method;     /* NULL: GET */
    const char *path;       /* "/v1/apps/web/env?…", already encoded */
    const char *body;       /* JSON; NULL: none */
    const char *if_match;   /* as the client sent it; NULL: not */
    const char *last_event; /* the same */
    apr_pool_t *pool;       /* of the answer; NULL: r->pool */
    int list;               /* the answer is an array */
    int quiet;              /* no problem is sent, something else has been already */
    /* Instead of gateway_refuse(), for what the other side says; NULL: that. */
    int (*refused)(request_rec *r, int status, const char *body, apr_size_t len);
} gateway_question;

typedef struct {
    const char *etag; /* with its quotes; empty: none */
    const char *text;
    apr_size_t len;
    json_t *json; /* an object, or the array asked for; both are freed with the pool */
} gateway_answer;

/* The path of the gateway's socket, before children are made. */
void gateway_config(const char *socket);
void gateway_child_init(apr_pool_t *p);
/* Ask and wait: OK when the answer is good, or the status of the problem that has been sent
 * for one that is bad, late or none. Few ask at once, fewer the same host. */
int gateway_ask(request_rec *r, const gateway_question *ask, gateway_answer *out);
/* Only ask: a socket that does not block, or -1 when the problem has been sent. */
int gateway_open(request_rec *r, const gateway_question *ask);
/* Send the problem that an answer stands for; status 0: none came, -1: it made no sense.
 * Returns its status. */
int gateway_refuse(request_rec *r, int status, const char *body, apr_size_t len);

/* ---------------------------------------------------------------- fleet_demo.c */

/* gateway_ask() where there is no agent. */
int demo_ask(request_rec *r, const gateway_question *ask, gateway_answer *out);

/* ---------------------------------------------------------------- fleet_door.c */

typedef struct {
    apr_int64_t host;
    const char *app;  /* its word in the host's list */
    const char *name; /* what people call it */
} fleet_app;

/* May who asks see the app of the path ("viewer"), or act on it ("developer")? OK, or the
 * status of a problem. */
int fleet_door(tocsin_request *q, const char *need, fleet_app *app);
/* "/v1/apps/NAME/…": words of the router's and our own, which need no encoding. */
const char *fleet_path(apr_pool_t *p, const fleet_app *app, const char *rest);
/* A parameter more at the end of a path; value NULL: none. */
const char *fleet_param(apr_pool_t *p, const char *path, const char *name, const char *value);
/* The parameters of the query, as the route's table says, but not those named `but`. */
const char *fleet_params(const tocsin_request *q, const char *path, const char *but);
/* Write into the audit what was done: `facts` (stolen) and who did it. OK, or the status of
 * the problem sent. */
int fleet_did(tocsin_request *q, json_t *facts);
/* A word of the input, or NULL. */
const char *fleet_text(const tocsin_request *q, const char *name);
/* Send an agent's answer, with its own ETag. */
int fleet_send(request_rec *r, const gateway_answer *a);

/* ---------------------------------------------------------------- tables */

/* At most 30 acts a minute and account: a route's `check`. */
int fleet_pace(tocsin_request *q);

extern const tocsin_route fleet_host_routes[];  /* fleet_hosts.c */
extern const tocsin_route fleet_app_routes[];   /* fleet_apps.c */
extern const tocsin_route fleet_env_routes[];   /* fleet_env.c */
extern const tocsin_route fleet_log_routes[];   /* fleet_logs.c */
extern const tocsin_route fleet_enrol_routes[]; /* fleet_enrol.c */

void fleet_logs_child_init(void);

#endif
