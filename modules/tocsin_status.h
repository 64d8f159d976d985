/*
 * tocsin_status.h: what the files of mod_tocsin_status.so share.
 */
#ifndef TOCSIN_STATUS_H
#define TOCSIN_STATUS_H

#include <httpd.h>

#include "mod_tocsin.h"
#include "mod_tocsin_hooks.h"

extern module AP_MODULE_DECLARE_DATA tocsin_status_module;

typedef struct {
    const char *dir;    /* below which pages lie, without a slash at its end; NULL: unset */
    const char *policy; /* Content-Security-Policy of their pages */
} status_conf;

/* The functions of the other modules, fetched in post_config. */
typedef struct {
    APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
    APR_OPTIONAL_FN_TYPE(tocsin_send) * send;
    APR_OPTIONAL_FN_TYPE(tocsin_problem) * problem;
    APR_OPTIONAL_FN_TYPE(tocsin_problem_as) * problem_as;
    APR_OPTIONAL_FN_TYPE(tocsin_check_fields) * check_fields;
    APR_OPTIONAL_FN_TYPE(tocsin_bytes) * bytes;
    APR_OPTIONAL_FN_TYPE(tocsin_hash_password) * hash_password;
    APR_OPTIONAL_FN_TYPE(tocsin_password_holds) * password_holds;
    APR_OPTIONAL_FN_TYPE(tocsin_client_key) * client_key;
    APR_OPTIONAL_FN_TYPE(tocsin_limit) * limit;
    APR_OPTIONAL_FN_TYPE(tocsin_limit_refund) * refund;
    APR_OPTIONAL_FN_TYPE(tocsin_public_url) * public_url;
    APR_OPTIONAL_FN_TYPE(tocsin_public_set) * public_set;
} status_core;
extern status_core core;

/* ---------------------------------------------------------------- status_pages.c */

extern const tocsin_route page_routes[];
/* Call the route's function and send what it says, under this status. */
int status_answer(tocsin_request *q, int good);
/* Tell SQL under which address the public reads pages. */
int status_say_url(tocsin_request *q);

/* ---------------------------------------------------------------- status_subscribe.c */

extern const tocsin_route subscribe_routes[];

/* ---------------------------------------------------------------- status_csv.c */

int csv_export(tocsin_request *q);
int csv_import(tocsin_request *q);

/* ---------------------------------------------------------------- status_logo.c */

int logo_put(tocsin_request *q);
int logo_get(tocsin_request *q);

/* ---------------------------------------------------------------- status_preview.c */

int preview_post(tocsin_request *q);
int preview_get(tocsin_request *q);
int preview_asset(tocsin_request *q);

/* ---------------------------------------------------------------- status_guard.c */

/* Guard this folder, in all virtual hosts: whichever serves a page, its rule holds. */
void guard_config(apr_pool_t *p);
void guard_add(const char *dir);
int guard_fixup(request_rec *r);
/* The headers of what is not to be trusted, with this Content-Security-Policy. */
#define STATUS_MARK "tocsin-status" /* in the environment of such a request */
void guard_headers(request_rec *r, const char *policy);
/* The policy of pages whose form may also go to the host of this address, or NULL. */
const char *guard_policy(apr_pool_t *p, const char *url);

#endif
