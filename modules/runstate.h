/*
 * runstate.h: what the files of mod_tocsin_runstate.so share.
 */
#ifndef TOCSIN_RUNSTATE_H
#define TOCSIN_RUNSTATE_H

#include "mod_tocsin.h"
#include "mod_tocsin_hooks.h"

#define RUNSTATE_BASE  "/api/runstate/v1"
#define RUNSTATE_RATE  20
#define RUNSTATE_BURST 40

typedef struct {
    apr_array_header_t *origins; /* const char *, NULL: none */
    double rate;                 /* -1: unset */
    int burst;
} runstate_conf;

typedef struct {
    const char *method, *path; /* ":id" and ":slug" stand for one part */
    const char *function;      /* api.NAME, unless there is a handler */
    int status;                /* of success */
    const char *message;       /* of success */
    int (*handler)(tocsin_request *q);
    int open;            /* for everybody */
    int bare;            /* without the envelope */
    int no_data;         /* the function's answer is not told */
    int unknown_status;  /* what a refused credential is called here, instead of a refused */
    const char *unknown; /* token */
} runstate_route;

extern const runstate_route runstate_routes[];

/* The functions of mod_tocsin and mod_tocsin_auth. */
typedef struct {
    APR_OPTIONAL_FN_TYPE(tocsin_identity_get) * identity;
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
    APR_OPTIONAL_FN_TYPE(tocsin_problem_as) * problem_as;
    APR_OPTIONAL_FN_TYPE(tocsin_body) * body;
    APR_OPTIONAL_FN_TYPE(tocsin_check_fields) * check_fields;
    APR_OPTIONAL_FN_TYPE(tocsin_limit) * limit;
    APR_OPTIONAL_FN_TYPE(tocsin_count_as) * count_as;
    APR_OPTIONAL_FN_TYPE(tocsin_verify_password) * verify;
    APR_OPTIONAL_FN_TYPE(tocsin_hash_password) * hash;
    APR_OPTIONAL_FN_TYPE(tocsin_tokens_issue) * issue;
    APR_OPTIONAL_FN_TYPE(tocsin_tokens_refresh) * refresh;
    APR_OPTIONAL_FN_TYPE(tocsin_tokens_revoke) * revoke;
    APR_OPTIONAL_FN_TYPE(tocsin_signup_policy) * signup;
    APR_OPTIONAL_FN_TYPE(tocsin_signup_allow) * signup_allow;
    APR_OPTIONAL_FN_TYPE(tocsin_client_key) * client_key;
} runstate_core;

extern runstate_core core;

/* {"success":false,"error":text}; returns OK. */
int runstate_refuse(request_rec *r, int status, const char *text);
/* {"success":true,"data":…,"message":…}; data is JSON or NULL, message NULL or plain. */
int runstate_answer(request_rec *r, int status, const char *data, const char *message);

#endif
