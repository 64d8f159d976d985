/*
 * tocsin_status.h: what the files of mod_tocsin_status.so share.
 */
#ifndef TOCSIN_STATUS_H
#define TOCSIN_STATUS_H

#include <httpd.h>

#include "mod_tocsin.h"

extern module AP_MODULE_DECLARE_DATA tocsin_status_module;

/* The functions of the other modules, fetched in post_config. */
typedef struct {
    APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
    APR_OPTIONAL_FN_TYPE(tocsin_send) * send;
    APR_OPTIONAL_FN_TYPE(tocsin_problem) * problem;
    APR_OPTIONAL_FN_TYPE(tocsin_check_fields) * check_fields;
    APR_OPTIONAL_FN_TYPE(tocsin_bytes) * bytes;
    APR_OPTIONAL_FN_TYPE(tocsin_hash_password) * hash_password;
    APR_OPTIONAL_FN_TYPE(tocsin_public_url) * public_url;
} status_core;
extern status_core core;

/* ---------------------------------------------------------------- status_pages.c */

extern const tocsin_route page_routes[];
/* Call the route's function and send what it says, under this status. */
int status_answer(tocsin_request *q, int good);
/* Tell SQL under which address the public reads pages. */
int status_say_url(tocsin_request *q);

/* ---------------------------------------------------------------- status_logo.c */

int logo_put(tocsin_request *q);
int logo_get(tocsin_request *q);

/* ---------------------------------------------------------------- status_preview.c */

int preview_post(tocsin_request *q);
int preview_get(tocsin_request *q);

#endif
