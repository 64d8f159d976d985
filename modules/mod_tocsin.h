/*
 * mod_tocsin.h: what mod_tocsin gives the other modules.
 *
 * mod_tocsin owns the way of a request under SetHandler tocsin-api: it finds the route,
 * knows who asks, keeps the limits, reads and checks the input, calls the route's SQL
 * function and turns its answer or its error into a reply. A module adds a table of
 * routes in its register_hooks:
 *
 *     static void register_hooks(apr_pool_t *p)
 *     {
 *         APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
 *     }
 *
 * Everything handed out lives in r->pool and is never freed by the caller.
 */
#ifndef MOD_TOCSIN_H
#define MOD_TOCSIN_H

#include <httpd.h>
#include <http_config.h>
#include <apr_optional.h>
#include <apr_optional_hooks.h>
#include <apr_tables.h>
#include <jansson.h>

#include "role.h"

/* ---------------------------------------------------------------- who asks */

/* Scopes of an API token; a session has all of them. */
enum {
    SCOPE_READ = 1,
    SCOPE_WRITE = 2,
    SCOPE_ADMIN = 4,
    SCOPE_METRICS = 8,
    SCOPE_ALL = 15,
};

typedef struct {
    apr_int64_t account;   /* tocsin.account.id, > 0 */
    enum tocsin_role role; /* as the token says; SQL decides on the row */
    unsigned scopes;
    const char *email;
    const char *name;
    const char *session; /* uuid; NULL for API tokens and for others' authentication */
    const char *token;   /* number of the API token; NULL without one */
    const char *via;     /* "cookie", "bearer", "token", or the other AuthType ("Basic") */
} tocsin_identity;

/* ---------------------------------------------------------------- fields */

enum tocsin_type {
    T_STRING, /* min..max: length in bytes; control characters refused unless F_TEXT */
    T_INT,    /* min..max */
    T_BOOL,
    T_ENUM, /* choices: "a|b|c" */
    T_EMAIL,
    T_URL,  /* http or https, no user:password, target guard applied to literal addresses */
    T_TIME, /* RFC 3339, or seconds since 1970 in a query */
    T_UUID,
    T_ID,      /* positive 63-bit integer */
    T_STRINGS, /* array of strings; min..max: count; each at most item_max bytes */
    T_IDS,     /* array of T_ID, or "1,2,3" in a query */
    T_MAP,     /* object of strings; min..max: count; each at most item_max bytes */
    T_OBJECT,  /* any object; the SQL function or `check` looks inside */
    T_LIST,    /* array of objects; min..max: count */
};

enum {
    F_REQUIRED = 1,
    F_NULL = 2,   /* null is allowed and means "unset" */
    F_TEXT = 4,   /* line breaks and tabs allowed */
    F_SECRET = 8, /* never logged, never audited */
};

typedef struct {
    const char *name;
    enum tocsin_type type;
    int flags;
    apr_int64_t min, max;
    const char *choices; /* T_ENUM */
    int item_max;        /* T_STRINGS, T_MAP */
    const char *help;    /* for OpenAPI and the forms: what it is, its unit, its default */
} tocsin_field;          /* tables end with a NULL name */

/* ---------------------------------------------------------------- routes */

typedef struct tocsin_request tocsin_request;
typedef struct tocsin_route tocsin_route;

enum {
    R_NO_CSRF = 1,   /* no session yet: sign in, sign up, set up */
    R_REAUTH = 2,    /* dangerous: a session needs a fresh proof of who one is */
    R_ACCEPTED = 4,  /* 202 instead of 200 */
    R_CREATED = 8,   /* 201 and Location: path/{id} from the answer's "id" */
    R_EMPTY = 16,    /* 204, the function's answer is dropped */
    R_FORM = 32,     /* also takes application/x-www-form-urlencoded */
    R_NO_LIMIT = 64, /* health checks: not counted by the rate limit */
    R_LARGE = 128,   /* the body may have 512 KiB instead of 64 */
    R_RAW = 256,    /* the body may be other than JSON: the handler reads it, tocsin_bytes() */
    R_SMALL = 512,  /* the body may have 16 KiB */
    R_AGENT = 2048, /* an agent is asked: 502 and 504 as well */
    R_HUGE = 1024,  /* the body may have 2 MiB: a file of 1 MiB, quoted as JSON */
};

struct tocsin_route {
    const char *method;    /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *path;      /* under the API's base: "/monitors/{id}/checks"; {id} and {sub}
                              are T_IDs, {uuid} a T_UUID, {key} and {name} short words */
    enum tocsin_role role; /* the least role */
    const char *function; /* "api.monitor_list(bigint,bigint,jsonb)" is named "monitor_list" */
    int flags;
    const tocsin_field *query; /* allowed query parameters, NULL: none */
    const tocsin_field *body;  /* allowed body fields, NULL: no body */
    /* More rules on q->input: calls tocsin_invalid(). OK, or the status of a problem. */
    int (*check)(tocsin_request *q);
    /* Instead of the SQL function. Has sent its reply and returns OK, or returns an HTTP
     * status for which a problem is sent (unless one was sent already). */
    int (*handler)(tocsin_request *q);
    const char *summary; /* a sentence for OpenAPI */
    const char *tag;     /* OpenAPI group: "monitors" */
};                       /* tables end with a NULL method */

struct tocsin_request {
    request_rec *r;
    const tocsin_route *route;
    const tocsin_identity *who; /* NULL when nobody signed in (ROLE_ANYONE routes) */
    apr_int64_t id;             /* {id}, or 0 */
    apr_int64_t sub;            /* {sub}, or 0; also in input as "sub" */
    const char *key;            /* {uuid} or {key}, or NULL; also in input as "key" */
    const char *name;           /* {name}, or NULL */
    json_t *input;              /* body and query, checked; never NULL; freed with r->pool */
    json_t *errors;             /* field → rule broken, filled by tocsin_invalid() */
};

#define TOCSIN_DECLARE(type) type

/* Called once per configuration pass; push `const tocsin_route *` tables. */
APR_DECLARE_EXTERNAL_HOOK(tocsin, TOCSIN, int, routes, (apr_array_header_t * tables))

/* ---------------------------------------------------------------- optional functions
 * Fetch in post_config with APR_RETRIEVE_OPTIONAL_FN(name).                          */

/* Who asks, from cookie, Bearer token or another Apache authentication; cached per
 * request. NULL: nobody, or credentials that do not hold (then r->notes "tocsin-auth"
 * says why). */
APR_DECLARE_OPTIONAL_FN(const tocsin_identity *, tocsin_identity_get, (request_rec * r));

/* A field of the input breaks a rule: "interval", "must be between 5 and 86400". */
APR_DECLARE_OPTIONAL_FN(void, tocsin_invalid,
                        (tocsin_request * q, const char *field, const char *rule));

/*
 * Call an SQL function: "api.NAME($1,…,$n)", all parameters text, NULL allowed.
 * Reads (write = 0) are tried again once on a lost connection. Returns OK with *json and
 * *len set (*json NULL when SQL answered null), or an HTTP status with the problem
 * document already sent to the client by tocsin_problem().
 */
APR_DECLARE_OPTIONAL_FN(int, tocsin_call,
                        (request_rec * r, int write, const char *function, int nargs,
                         const char *const *args, const char **json, apr_size_t *len));

/*
 * Call the route's kind of function, api.NAME(caller, id, input): q->input gets "@" on
 * unsafe methods and "if_match" when the request has If-Match.
 */
APR_DECLARE_OPTIONAL_FN(int, tocsin_call_route,
                        (tocsin_request * q, const char *function, const char **json,
                         apr_size_t *len));

/* The same for reads, but gives the rows: *res is a PGresult (cleared with r->pool). */
struct pg_result;
APR_DECLARE_OPTIONAL_FN(int, tocsin_rows,
                        (request_rec * r, const char *function, int nargs,
                         const char *const *args, struct pg_result **res));

/* Send JSON with Content-Type, ETag (and 304) and length; returns OK or the status. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_send,
                        (request_rec * r, int status, const char *json, apr_size_t len));

/* Send an RFC 9457 problem. type: short word ("invalid", "not-found"), detail: a sentence,
 * errors: object or NULL (stolen). Returns DONE-like OK for the handler to return. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_problem,
                        (request_rec * r, int status, const char *type, const char *detail,
                         json_t *errors));

/* Whoever speaks another contract writes its errors itself: from now on tocsin_problem()
 * calls `write` for this request, also for errors of the database and of identity. It
 * gets what tocsin_problem() got (errors is its own to free or to keep), returns OK. */
typedef int tocsin_problem_writer(request_rec *r, int status, const char *type,
                                  const char *detail, json_t *errors);
APR_DECLARE_OPTIONAL_FN(void, tocsin_problem_as,
                        (request_rec * r, tocsin_problem_writer *write));

/* The body as a JSON object, with the same limits as under tocsin-api (size, depth, media
 * type, UTF-8). OK, or the status of the problem that has been sent. Freed with r->pool. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_body, (request_rec * r, json_t **body));

/* The body of an R_RAW route as it is, at most `most` bytes. OK, or the status of the
 * problem that has been sent. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_bytes,
                        (request_rec * r, apr_size_t most, const char **bytes,
                         apr_size_t *len));

/* Check the members of an object (one item of a list) against a table of fields: NULL
 * when all hold, else a new {field: rule}. `partial`: F_REQUIRED is not asked for. */
APR_DECLARE_OPTIONAL_FN(json_t *, tocsin_check_fields,
                        (request_rec * r, const tocsin_field *fields, json_t *object,
                         int partial));

/* Take one token from the bucket named by key; 0: limit reached, *retry_s says when. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_limit,
                        (request_rec * r, const char *key, double per_second, int burst,
                         int *retry_s));

/* Give the token back: only failures are to count. */
APR_DECLARE_OPTIONAL_FN(void, tocsin_limit_refund,
                        (const char *key, double per_second, int burst));

/* Remember a word for some seconds in all children, and ask for it (revoked sessions). */
APR_DECLARE_OPTIONAL_FN(void, tocsin_mark, (const char *key, int seconds));
APR_DECLARE_OPTIONAL_FN(int, tocsin_marked, (const char *key));

/* The route template and start of this request for the request metrics; set by the
 * api handler, by others (metrics, events) themselves. */
APR_DECLARE_OPTIONAL_FN(void, tocsin_count_as, (request_rec * r, const char *route));

/* The request id: X-Request-Id of the answer, in logs, in audit. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_request_id, (request_rec * r));

/* The public base URL ("https://host/ops/tocsin"), from TocsinPublicURL or the request. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_public_url, (request_rec * r));
/* Has who asks proved lately who he is? OK, or 403 of type `reauth`, which has been sent.
 * Routes with R_REAUTH need not ask. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_reauth, (tocsin_request * q));
/* Whether this server is a demonstration: made-up data, nothing can be changed. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_demo, (request_rec * r));
/* What TocsinPublicURL says for this server, or NULL. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_public_set, (server_rec * s));

/* ---------------------------------------------------------------- of mod_tocsin_auth
 * What another way of signing in needs: they keep its throttles, the hashing limit and
 * the same time for unknown accounts. Each returns OK or the status of the problem that
 * has been sent.                                                                       */

typedef struct {
    apr_int64_t account;
    const char *email;
    enum tocsin_role role;
    const char *access;  /* JWT, to be sent as Bearer */
    const char *refresh; /* base64url, to be used once */
} tocsin_tokens;

/* 401 for a wrong pair, 423 when locked, 429, 503. Fills account, email and role. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_verify_password,
                        (request_rec * r, const char *email, const char *password,
                         tocsin_tokens *to));
/* Does the password fit the crypt(3) string? 1 yes, 0 no, -1 too many are being hashed. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_password_holds, (const char *password, const char *hash));
/* A crypt(3) string for a new password; 503 when too many are being hashed. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_hash_password,
                        (request_rec * r, const char *password, const char **hash));
/* A new session of to->account and its first pair of tokens. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_tokens_issue, (request_rec * r, tocsin_tokens *to));
/* The next pair; the old refresh token is spent. 401: unknown, expired, or used before
 * (then the whole session is revoked). */
APR_DECLARE_OPTIONAL_FN(int, tocsin_tokens_refresh,
                        (request_rec * r, const char *refresh, tocsin_tokens *to));
/* End the session of a refresh token; OK also when there is none. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_tokens_revoke, (request_rec * r, const char *refresh));
/* "open", "invite" or "closed": what TocsinSignup says. */
APR_DECLARE_OPTIONAL_FN(const char *, tocsin_signup_policy, (request_rec * r));
/* One more sign-up of this address: OK, or 429. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_signup_allow, (request_rec * r));

/* ---------------------------------------------------------------- of mod_tocsin_live */

/* A stream of events from elsewhere, for one client alone. */
typedef struct {
    int fd; /* not blocking; the answer in HTTP/1.1 is still to come. Ours from now on */
    apr_int64_t about; /* the app it is about: who may not see that any more is sent away */
    /* No stream came: send the problem that the source's answer stands for. status 0: none
     * came in time; -1: it made no sense. Called by the thread of streams. */
    void (*refuse)(request_rec *r, int status, const char *body, apr_size_t len);
} tocsin_feed;

/* Whether the request can be handed over: not with HTTP/2, nor with other MPMs. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_live_can, (request_rec * r));
/* Hand it over: SUSPENDED, or the status of the problem that has been sent. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_live_feed, (tocsin_request * q, const tocsin_feed *feed));

/* How many event streams a child holds open at most. */
APR_DECLARE_OPTIONAL_FN(int, tocsin_live_max, (void));

/* ---------------------------------------------------------------- counters in shared memory
 * One segment for all children; lost at a full stop, kept over a graceful restart where
 * the layout is the same.                                                              */

#define TOCSIN_ROUTES_MAX  256
#define TOCSIN_LATENCY_MAX 14

typedef struct {
    char route[64];                           /* "GET /monitors/{id}"; empty: free */
    apr_uint64_t by_class[6];                 /* 1xx..5xx in [1]..[5] */
    apr_uint64_t latency[TOCSIN_LATENCY_MAX]; /* counts, bounds in mod_tocsin.c */
    apr_uint64_t sum_us;
} tocsin_route_count;

typedef struct {
    apr_uint64_t in_flight;
    apr_uint64_t live_clients, live_adopted, live_dropped, live_events, live_lost;
    apr_uint64_t db_calls, db_errors, db_resets, db_refused;
    apr_uint64_t writes; /* requests that may have changed something, counted when done */
    apr_uint64_t limited;
    tocsin_route_count route[TOCSIN_ROUTES_MAX];
} tocsin_counters;

APR_DECLARE_OPTIONAL_FN(tocsin_counters *, tocsin_counters_get, (void));
/* Upper bounds of latency[], seconds; the last is +Inf. */
APR_DECLARE_OPTIONAL_FN(const double *, tocsin_latency_bounds, (void));

#endif
