/*
 * fleet_enrol: how a machine becomes a host.
 *
 * Somebody makes a token and runs a line with it on the machine; what the agent there sends is
 * handed to the gateway, which has the authority's key. Whoever tries tokens hears one answer
 * for all that are wrong; the log says what was.
 */
#include "fleet.h"

#include <apr_strings.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>

APLOG_USE_MODULE(tocsin_fleet);

#define TRIES_BURST      10 /* a minute and address */
#define TRIES_PER_SECOND (10. / 60)

static const tocsin_field list_query[] = {
    {"limit", T_INT, .min = 1, .max = 200, .help = "How many at most; 50 unless set."},
    {"after", T_ID, .help = "`next` of the page before."},
    {0},
};
static const tocsin_field create_body[] = {
    {"name", T_STRING, .min = 1, .max = 120,
     .help = "What the host will be called; its own name unless set."},
    {"labels", T_STRINGS, .max = 20, .item_max = 160, .help = "Words to find it by."},
    {"host", T_ID, .help = "A host that is to get a new certificate, instead of a new host."},
    {"ttl_s", T_INT, .min = 60, .max = 86400,
     .help = "Seconds in which the token may be used; 3600 unless set."},
    {0},
};
static const tocsin_field enrol_body[] = {
    {"id", T_STRING, F_REQUIRED, .min = 1, .max = 64, .help = "The token's first part."},
    {"csr", T_STRING, F_REQUIRED | F_TEXT, .min = 64, .max = 8192,
     .help = "The request for a certificate, as PEM."},
    {"name", T_STRING, F_REQUIRED, .min = 1, .max = 120, .help = "The machine's name."},
    {"address", T_STRING, F_REQUIRED, .min = 3, .max = 64, .help = "IP:PORT of its agent."},
    {"nonce", T_STRING, F_REQUIRED, .min = 16, .max = 128, .help = "Random hexadecimal."},
    {"arch", T_STRING, .max = 32, .help = "The machine's processor."},
    {"os", T_STRING, .max = 200, .help = "Its operating system."},
    {"version", T_STRING, .max = 64, .help = "The agent's version."},
    {"proof", T_STRING, F_REQUIRED, .min = 64, .max = 64,
     .help = "HMAC-SHA256 with the hash of the token's secret, in hexadecimal."},
    {0},
};

/* ---------------------------------------------------------------- tokens */

/* The line to run on the machine says where it is to call. */
static int check_create(tocsin_request *q)
{
    json_object_set_new(q->input, "@url", json_string(core.public_url(q->r)));
    return fleet_pace(q);
}

/* ---------------------------------------------------------------- the machine's side */

static int check_tries(tocsin_request *q)
{
    const char *key = apr_pstrcat(q->r->pool, "enrol ", core.client_key(q->r), NULL);
    int retry_s;

    if (core.limit(q->r, key, TRIES_PER_SECOND, TRIES_BURST, &retry_s))
        return OK;
    apr_table_setn(q->r->err_headers_out, "Retry-After", apr_itoa(q->r->pool, retry_s));
    core.problem(q->r, HTTP_TOO_MANY_REQUESTS, "limit",
                 "too many tries from this address; see Retry-After", NULL);
    return HTTP_TOO_MANY_REQUESTS;
}

/* What the gateway refuses for the token's sake is one and the same outside. */
static int refused(request_rec *r, int status, const char *body, apr_size_t len)
{
    json_t *said = len ? json_loadb(body, len, 0, NULL) : NULL;
    const char *error = json_string_value(json_object_get(said, "error"));

    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "enrolment refused: %s",
                  error ? error : "without a word");
    json_decref(said);
    if (status / 100 != 4 || status == HTTP_UNPROCESSABLE_ENTITY)
        return gateway_refuse(r, status, body, len);
    core.problem(r, HTTP_FORBIDDEN, "token",
                 "the token is unknown, used, expired or not proved", NULL);
    return HTTP_FORBIDDEN;
}

static int enrol(tocsin_request *q)
{
    gateway_question ask = {.method = "POST", .path = "/enrol", .refused = refused};
    gateway_answer answer;
    char *body = json_dumps(q->input, JSON_COMPACT);
    int status;

    ask.body = apr_pstrdup(q->r->pool, body ? body : "{}");
    free(body);
    status = gateway_ask(q->r, &ask, &answer);
    return status == OK ? core.send(q->r, HTTP_OK, answer.text, answer.len) : status;
}

const tocsin_route fleet_enrol_routes[] = {
    {"GET", "/hosts/enrolments", ROLE_OPERATOR, "enrolment_list", .query = list_query,
     .summary = "Tokens for new hosts, without their secrets, newest first.",
     .tag = "enrolment"},
    {"POST", "/hosts/enrolments", ROLE_OPERATOR, "enrolment_create", R_CREATED | R_REAUTH,
     .body = create_body, .check = check_create,
     .summary = "Make a token for a new host. It is shown in this answer and in no other.",
     .tag = "enrolment"},
    {"GET", "/hosts/enrolments/{id}", ROLE_OPERATOR, "enrolment_read",
     .summary = "Whether a token was used, and which host came of it.", .tag = "enrolment"},
    {"DELETE", "/hosts/enrolments/{id}", ROLE_OPERATOR, "enrolment_delete", R_EMPTY,
     .summary = "Take a token back.", .tag = "enrolment"},
    {"POST", "/hosts/enrol", ROLE_ANYONE, .flags = R_NO_CSRF | R_SMALL | R_AGENT,
     .body = enrol_body, .check = check_tries, .handler = enrol,
     .summary = "For an agent with a token: a certificate for its key.", .tag = "enrolment"},
    {0},
};
