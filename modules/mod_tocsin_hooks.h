/*
 * mod_tocsin_hooks.h: what mod_tocsin and mod_tocsin_auth ask of each other. Without the
 * latter nobody is ever signed in.
 */
#ifndef MOD_TOCSIN_HOOKS_H
#define MOD_TOCSIN_HOOKS_H

#include "mod_tocsin.h"

/* Who asks, by credentials or another authentication: OK with *who set, DECLINED when
 * there are no credentials, HTTP_UNAUTHORIZED with a word why in *why, or another status
 * (503: the database was needed and is away). Sends nothing. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_authenticate,
                        (request_rec * r, const tocsin_identity **who, const char **why));

/* May this unsafe request act with what the browser sends by itself? NULL, or why not. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_csrf_check,
                        (request_rec * r, const tocsin_identity *who, int no_token));

/* The role as the account's row says now; for a token that says less than is needed. */
APR_DECLARE_OPTIONAL_FN(enum tocsin_role, tocsin_role_now,
                        (request_rec * r, const tocsin_identity *who));

/* Has who came with a session proved lately who he is? OK, HTTP_FORBIDDEN when not, or 503.
 * Sends nothing. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_proof_fresh,
                        (request_rec * r, const tocsin_identity *who));

/* As tocsin_rows, but an error is only its status: nothing is sent. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_rows_try,
                        (request_rec * r, const char *function, int nargs,
                         const char *const *args, struct pg_result **res));

/* A new random secret for a link, and the SHA-256 of it, in hexadecimal, to be stored. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_secret_make, (apr_pool_t * p, const char **hash));

/* Who a limit counts by: the address, or the /64 network of an IPv6 one, of which anybody
 * has more addresses than there are slots. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_client_key, (request_rec * r));

#endif
