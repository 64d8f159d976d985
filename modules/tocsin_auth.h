/*
 * tocsin_auth.h: what the files of mod_tocsin_auth.so share.
 */
#ifndef TOCSIN_AUTH_H
#define TOCSIN_AUTH_H

#include <httpd.h>
#include <libpq-fe.h>

#include "mod_tocsin.h"
#include "mod_tocsin_hooks.h"

#define ACCESS_S     900 /* an access token holds this long */
#define REFRESH_DAYS 14
#define HASH_HEX     65 /* SHA-256 as text */
#define SECRET_TEXT  48 /* 32 random bytes as base64url */

extern module AP_MODULE_DECLARE_DATA tocsin_auth_module;

/* ---------------------------------------------------------------- mod_tocsin_auth.c */

#define KEYS_MAX 8
#define KEY_MIN  32
#define KEY_MAX  128

typedef struct {
    char kid[33];
    unsigned char secret[KEY_MAX];
    int len;
    const char *head; /* the first part of each token signed with it, with the dot */
} auth_key;

typedef struct {
    int count;
    auth_key key[KEYS_MAX]; /* the first signs, all verify */
} auth_keys;

typedef struct {
    const auth_keys *keys;
    const char *signup;        /* open, invite, closed; NULL: unset */
    const char *external_role; /* none or a role; NULL: unset */
    int attempts, seconds;     /* failed sign-ins of an address, of an account; 0: unset */
} auth_conf;

auth_conf *auth_conf_get(request_rec *r);

/* The functions of mod_tocsin, fetched in post_config. */
typedef struct {
    APR_OPTIONAL_FN_TYPE(tocsin_identity_get) * identity;
    APR_OPTIONAL_FN_TYPE(tocsin_invalid) * invalid;
    APR_OPTIONAL_FN_TYPE(tocsin_call) * call;
    APR_OPTIONAL_FN_TYPE(tocsin_call_route) * call_route;
    APR_OPTIONAL_FN_TYPE(tocsin_rows) * rows;
    APR_OPTIONAL_FN_TYPE(tocsin_rows_try) * rows_try;
    APR_OPTIONAL_FN_TYPE(tocsin_send) * send;
    APR_OPTIONAL_FN_TYPE(tocsin_problem) * problem;
    APR_OPTIONAL_FN_TYPE(tocsin_limit) * limit;
    APR_OPTIONAL_FN_TYPE(tocsin_limit_refund) * refund;
    APR_OPTIONAL_FN_TYPE(tocsin_client_key) * client_key;
    APR_OPTIONAL_FN_TYPE(tocsin_mark) * mark;
    APR_OPTIONAL_FN_TYPE(tocsin_marked) * marked;
    APR_OPTIONAL_FN_TYPE(tocsin_request_id) * request_id;
    APR_OPTIONAL_FN_TYPE(tocsin_public_url) * public_url;
    APR_OPTIONAL_FN_TYPE(tocsin_demo) * demo;
} auth_core;
extern auth_core core;

/* ---------------------------------------------------------------- auth_keys.c */

/* Read a key file: NULL and *keys, or a sentence what is wrong. */
const char *keys_read(apr_pool_t *p, const char *file, const auth_keys **keys);
/* A ring with one random key, for a server without a key file. */
const auth_keys *keys_random(apr_pool_t *p);

/* ---------------------------------------------------------------- auth_token.c */

/* What the first part of tokens signed with the key looks like; NULL: out of memory. */
const char *token_head(apr_pool_t *p, const auth_key *key);
/* Sign an access token for who (account, email, name, role, session). */
const char *token_sign(request_rec *r, const tocsin_identity *who);
/* Check one; NULL and a word why. */
tocsin_identity *token_check(request_rec *r, const char *token, const char **why);
/* The token against forged requests of a session, and does it hold? */
const char *csrf_make(request_rec *r, const tocsin_identity *who);
int csrf_holds(request_rec *r, const tocsin_identity *who, const char *said);

/* ---------------------------------------------------------------- auth_cache.c */

void cache_child_init(void);
/* What a token says that was kept: new in p, without via; NULL when it was not. */
tocsin_identity *cache_find(apr_pool_t *p, const auth_keys *keys, const char *token,
                            long *exp);
/* Keep what a token says that has been checked. */
void cache_keep(const auth_keys *keys, const char *token, const tocsin_identity *who,
                long exp);

/* ---------------------------------------------------------------- auth_secret.c */

/* 32 random bytes as base64url, after a prefix. */
const char *secret_make(apr_pool_t *p, const char *prefix);
/* SHA-256 of it in hexadecimal, as it is stored. */
const char *secret_hash(apr_pool_t *p, const char *secret);
int equal_time(const char *a, const char *b);

/* ---------------------------------------------------------------- auth_password.c */

void password_child_init(apr_pool_t *p);
/* The rule that a new password breaks, or NULL. */
const char *password_rule(const char *password, const char *email);
/* 1 holds, 0 not, -1 too many at once. A NULL hash costs the same and never holds. */
int password_check(const char *password, const char *hash);
/* Sends the 503 for it, and returns it. */
int password_busy(request_rec *r);
int tocsin_hash_password(request_rec *r, const char *password, const char **hash);
int tocsin_password_holds(const char *password, const char *hash);

/* ---------------------------------------------------------------- auth_cookie.c */

/* Does the client speak TLS to us, or to a proxy in front that TocsinPublicURL names? */
int cookie_secure(request_rec *r);
const char *cookie_access(request_rec *r);
const char *cookie_refresh(request_rec *r);
void cookies_set(request_rec *r, const tocsin_tokens *to, int remember);
void cookies_clear(request_rec *r);

/* ---------------------------------------------------------------- auth_identity.c */

int tocsin_authenticate(request_rec *r, const tocsin_identity **who, const char **why);
const char *tocsin_csrf_check(request_rec *r, const tocsin_identity *who, int no_token);
enum tocsin_role tocsin_role_now(request_rec *r, const tocsin_identity *who);

/* ---------------------------------------------------------------- auth_proof.c */

int tocsin_proof_fresh(request_rec *r, const tocsin_identity *who);
extern const tocsin_route proof_routes[];

/* ---------------------------------------------------------------- auth_session.c */

int tocsin_verify_password(request_rec *r, const char *email, const char *password,
                           tocsin_tokens *to);
int tocsin_tokens_issue(request_rec *r, tocsin_tokens *to);
int tocsin_tokens_refresh(request_rec *r, const char *refresh, tocsin_tokens *to);
int tocsin_tokens_revoke(request_rec *r, const char *refresh);
/* The two above, for cookies: whether they outlive the browser. */
int session_open(request_rec *r, tocsin_tokens *to, int remember);
int session_refresh(request_rec *r, const char *refresh, tocsin_tokens *to, int *remember);
int session_close(request_rec *r, const char *refresh, const char *session);
/* Refuse the access tokens of ended sessions: {"sessions":["…"]} of an SQL answer. */
void sessions_forget(const char *json);
/* One try more of something that is guessed at; OK, or the status of the 429 sent. */
int attempt_allow(request_rec *r, const char *what);
void attempt_refund(request_rec *r, const char *what);
/* The same for a password of this account: 423 when many addresses try it. */
int guess_allow(request_rec *r, const char *what, const char *email);
void guess_refund(request_rec *r, const char *what, const char *email);

/* ---------------------------------------------------------------- auth_routes.c, auth_me.c */

extern const tocsin_route auth_routes[];
extern const tocsin_route me_routes[];

/* ---------------------------------------------------------------- auth_require.c */

void require_register(apr_pool_t *p);

#endif
