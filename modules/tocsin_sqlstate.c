/*
 * tocsin_sqlstate: what an error of SQL is in HTTP.
 *
 * Functions say it themselves by errcode 'PT404' with a sentence, the type word as hint
 * and the wrong fields as detail. Everything else is PostgreSQL's own text: it may quote
 * rows, so only its first line goes to the log and none of it to the client.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "tocsin_core.h"

APLOG_USE_MODULE(tocsin);

static const struct {
    const char *state; /* prefix */
    int status;
    const char *type, *detail;
} states[] = {
    {"23505", HTTP_CONFLICT, "conflict", "this exists already"},
    {"23503", HTTP_UNPROCESSABLE_ENTITY, "invalid", "something named here does not exist"},
    {"23514", HTTP_UNPROCESSABLE_ENTITY, "invalid", "a value breaks a rule"},
    {"22", HTTP_UNPROCESSABLE_ENTITY, "invalid", "a value is malformed"},
    {"40001", HTTP_SERVICE_UNAVAILABLE, NULL, NULL},
    {"40P01", HTTP_SERVICE_UNAVAILABLE, NULL, NULL},
    {"08", HTTP_SERVICE_UNAVAILABLE, NULL, NULL},
    {"53", HTTP_SERVICE_UNAVAILABLE, NULL, NULL},
    {"57", HTTP_SERVICE_UNAVAILABLE, NULL, NULL},
    {"25006", HTTP_SERVICE_UNAVAILABLE, NULL, NULL}, /* a standby, during a failover */
};

int sqlstate_transient(const char *state)
{
    return !strcmp(state, "40001") || !strcmp(state, "40P01");
}

int sqlstate_away(const char *state)
{
    return !strncmp(state, "08", 2) || !strncmp(state, "53", 2) || !strncmp(state, "57P", 3);
}

static int sent(request_rec *r, int status, const char *type, const char *detail,
                json_t *errors)
{
    tocsin_problem(r, status, type, detail, errors);
    return status;
}

/* The fields of {"errors":{…}}, or NULL. */
static json_t *errors_of(const char *detail)
{
    json_t *doc = detail ? json_loads(detail, 0, NULL) : NULL;
    json_t *errors = json_incref(json_object_get(doc, "errors"));

    json_decref(doc);
    return errors;
}

/* raise … using errcode = 'PTnnn' */
static int own(request_rec *r, const char *state, const PGresult *res)
{
    int status = (int)apr_strtoi64(state + 2, NULL, 10);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);

    if (status < 400 || status > 599)
        return sent(r, HTTP_INTERNAL_SERVER_ERROR, NULL, NULL, NULL);
    if (status == HTTP_SERVICE_UNAVAILABLE || status == HTTP_TOO_MANY_REQUESTS ||
        status == HTTP_LOCKED)
        apr_table_setn(r->err_headers_out, "Retry-After", "5");
    return sent(r, status, hint, message, errors_of(detail));
}

static int find(const char *state)
{
    int n = sizeof(states) / sizeof(*states), i;

    for (i = 0; i < n && strncmp(state, states[i].state, strlen(states[i].state));)
        i++;
    return i < n ? i : -1;
}

int sqlstate_log(request_rec *r, const char *function, const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    int i;

    if (!state)
        return HTTP_SERVICE_UNAVAILABLE;
    if (!strncmp(state, "PT", 2))
        return (int)apr_strtoi64(state + 2, NULL, 10);
    ap_log_rerror(APLOG_MARK, sqlstate_away(state) ? APLOG_INFO : APLOG_ERR, 0, r,
                  "api.%s: SQLSTATE %s: %s", function, state, message ? message : "");
    i = find(state);
    return i < 0 ? HTTP_INTERNAL_SERVER_ERROR : states[i].status;
}

int sqlstate_reply(request_rec *r, const char *function, const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    int status = sqlstate_log(r, function, res), i;

    if (status == HTTP_SERVICE_UNAVAILABLE && (!state || strncmp(state, "PT", 2)))
        return problem_away(r);
    if (!strncmp(state, "PT", 2))
        return own(r, state, res);
    i = find(state);
    return sent(r, status, i < 0 ? NULL : states[i].type, i < 0 ? NULL : states[i].detail,
                NULL);
}
