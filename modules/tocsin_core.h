/*
 * tocsin_core.h: what the files of mod_tocsin.so share. Other modules see mod_tocsin.h.
 */
#ifndef TOCSIN_CORE_H
#define TOCSIN_CORE_H

#include <httpd.h>
#include <apr_hash.h>
#include <libpq-fe.h>

#include "mod_tocsin.h"
#include "mod_tocsin_hooks.h"
#include "guard.h"

#define BODY_MAX     65536  /* bytes of a request body */
#define BODY_LARGE   524288 /* of one of an R_LARGE route */
#define BODY_HUGE    2097152
#define BODY_SMALL   16384 /* of one of an R_SMALL route */
#define SEGMENTS_MAX 8     /* parts of a path under the base */
#define BASE         "/api/v1"
#define RETRY_DB_S   1 /* Retry-After while the database is away */

extern module AP_MODULE_DECLARE_DATA tocsin_module;

/* ---------------------------------------------------------------- mod_tocsin.c */

typedef struct {
    const char *public_url; /* without a trailing slash, or NULL */
    double rate;            /* requests a second and address; 0: no limit; -1: unset */
    int burst;
    struct guard *guard; /* NULL: nothing allowed beyond the public ranges */
    int demo;            /* TocsinDemo; -1: unset */
} core_conf;

/* What is kept of a request from its first use of the core to the log. */
typedef struct {
    const char *id;
    const char *uri; /* when a location gave it to one of our handlers */
    const tocsin_identity *who;
    unsigned asked : 1;   /* who is known, be it NULL */
    unsigned away : 1;    /* identity could not be asked: database away */
    unsigned replied : 1; /* a reply or a problem was sent */
    unsigned counted : 1; /* in flight */
    int slot;             /* of the counters, -1: not counted */
    tocsin_problem_writer *write;
} core_request;

core_conf *core_conf_get(request_rec *r);
core_request *core_request_get(request_rec *r);
const char *tocsin_request_id(request_rec *r);
const char *tocsin_public_url(request_rec *r);

/* ---------------------------------------------------------------- tocsin_route.c */

typedef struct {
    const tocsin_route *route;
    int nsegments;
    const char *segment[SEGMENTS_MAX]; /* "{id}" and the like as they are */
    int slot;                          /* of the counters */
} route_entry;

typedef struct {
    apr_array_header_t *entries; /* route_entry * */
    apr_hash_t *first;           /* first segment → array of route_entry * */
} route_map;

typedef struct {
    const route_entry *entry;
    apr_int64_t id, sub;
    const char *key, *name;
    const char *allow; /* methods of the path, when it exists but the method does not */
} route_match;

/* Index the tables; NULL and *error when two routes are the same or one is malformed. */
route_map *route_map_make(apr_pool_t *p, const apr_array_header_t *tables, const char **error);
/* Find the route of a path under the base. 1: found; 0: no such path, or see allow. */
int route_find(const route_map *map, apr_pool_t *p, const char *method, const char *path,
               route_match *out);
/* "8-4-4-4-12" hexadecimal. */
int uuid_valid(const char *s);

/* ---------------------------------------------------------------- tocsin_db.c */

void db_config(void);
int db_loaded(void);
void db_child_init(void);
apr_size_t db_memory_size(void);
void db_memory_attach(void *memory);
int tocsin_call(request_rec *r, int write, const char *function, int nargs,
                const char *const *args, const char **json, apr_size_t *len);
int tocsin_rows(request_rec *r, const char *function, int nargs, const char *const *args,
                struct pg_result **res);

int tocsin_rows_try(request_rec *r, const char *function, int nargs, const char *const *args,
                    struct pg_result **res);

/* ---------------------------------------------------------------- tocsin_sqlstate.c */

/* Send the problem that an SQL error stands for, never SQL's own text; its status. */
int sqlstate_reply(request_rec *r, const char *function, const PGresult *res);
/* Only log it, unless a function raised it on purpose; its status. */
int sqlstate_log(request_rec *r, const char *function, const PGresult *res);
/* Is it worth a second try in a new transaction (serialisation, deadlock)? */
int sqlstate_transient(const char *state);
/* Did the server go, or refuse work (08, 53, 57P)? */
int sqlstate_away(const char *state);

/* ---------------------------------------------------------------- tocsin_problem.c */

int tocsin_problem(request_rec *r, int status, const char *type, const char *detail,
                   json_t *errors);
void tocsin_problem_as(request_rec *r, tocsin_problem_writer *write);
int tocsin_send(request_rec *r, int status, const char *json, apr_size_t len);
/* Send the problem of a bare status, with its usual type and sentence; the status. */
int problem_status(request_rec *r, int status);
/* 503 with Retry-After; the status. */
int problem_away(request_rec *r);

/* ---------------------------------------------------------------- tocsin_input.c */

int tocsin_body(request_rec *r, json_t **body);
int tocsin_bytes(request_rec *r, apr_size_t most, const char **bytes, apr_size_t *len);
json_t *tocsin_check_fields(request_rec *r, const tocsin_field *fields, json_t *object,
                            int partial);
void tocsin_invalid(tocsin_request *q, const char *field, const char *rule);
/* Read query and body of the route into q->input; OK, or the status of a problem sent. */
int input_read(tocsin_request *q);

/* ---------------------------------------------------------------- tocsin_field.c,
 * tocsin_word.c */

/* NULL when all members hold, else a new {field: rule}. */
json_t *field_check_all(apr_pool_t *p, const struct guard *guard, const tocsin_field *fields,
                        json_t *object, int partial);
/* The rule that a value breaks, or NULL. */
const char *field_check(apr_pool_t *p, const struct guard *guard, const tocsin_field *field,
                        json_t *value);
/* A word of a query or a form as the field's type asks for; NULL and *rule when it cannot
 * be. New reference. */
json_t *field_parse(apr_pool_t *p, const tocsin_field *field, const char *word, apr_size_t len,
                    const char **rule);
const tocsin_field *field_find(const tocsin_field *fields, const char *name);

/* ---------------------------------------------------------------- tocsin_identity.c */

void identity_config(void);
const tocsin_identity *tocsin_identity_get(request_rec *r);
/* May this request use its route? OK, or the status of the problem sent. */
int identity_admit(tocsin_request *q);
int tocsin_reauth(tocsin_request *q);

/* ---------------------------------------------------------------- tocsin_demo.c */

/* Ahead of all handlers; DECLINED unless it is for the demonstration to answer. */
int demo_handler(request_rec *r);
/* Who everybody is there; NULL without made-up data, or with *away. */
const tocsin_identity *demo_identity(request_rec *r, int *away);

/* ---------------------------------------------------------------- tocsin_limit.c */

apr_size_t limit_size(void);
void limit_attach(void *memory);
int tocsin_limit(request_rec *r, const char *key, double per_second, int burst, int *retry_s);
void tocsin_limit_refund(const char *key, double per_second, int burst);
void tocsin_mark(const char *key, int seconds);
int tocsin_marked(const char *key);

/* ---------------------------------------------------------------- tocsin_count.c */

/* Memory for counters and limits: kept over a graceful restart. */
int count_config(apr_pool_t *process, server_rec *s);
tocsin_counters *tocsin_counters_get(void);
const double *tocsin_latency_bounds(void);
int count_slot(const char *route); /* finds or makes it; -1 when full */
void count_start(request_rec *r, int slot);
void tocsin_count_as(request_rec *r, const char *route);
int count_log(request_rec *r);
#define COUNT(name) __atomic_fetch_add(&tocsin_counters_get()->name, 1, __ATOMIC_RELAXED)

/* ---------------------------------------------------------------- tocsin_dispatch.c */

int dispatch_config(apr_pool_t *p, server_rec *s);
int dispatch_handler(request_rec *r);
int tocsin_call_route(tocsin_request *q, const char *function, const char **json,
                      apr_size_t *len);
const route_map *dispatch_routes(void);
const char *tocsin_client_key(request_rec *r);

/* ---------------------------------------------------------------- tocsin_openapi.c */

extern const tocsin_route openapi_routes[];
extern const tocsin_route health_routes[]; /* tocsin_health.c */
void openapi_config(void);
void openapi_child_init(apr_pool_t *p);

#endif
