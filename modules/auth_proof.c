/*
 * auth_proof: who is signed in for long proves again who he is before something dangerous.
 *
 * When a session has last been proved is asked of its row, not of the token: that would have
 * to be made anew with each proof, in all places where it is kept, and dangerous things are
 * rare. API tokens and other authentication prove themselves with each request.
 */
#include <apr_strings.h>
#include <string.h>

#include "tocsin_auth.h"

#define PROOF_S 900 /* a proof holds this long */

static const tocsin_field proof_fields[] = {{"password", T_STRING,
                                             F_REQUIRED | F_SECRET | F_TEXT, 1, 512, NULL, 0,
                                             "The account's password."},
                                            {0}};

int tocsin_proof_fresh(request_rec *r, const tocsin_identity *who)
{
    const char *args[1] = {who->session};
    struct pg_result *res;
    int status;

    if (strcmp(who->via, "cookie") && strcmp(who->via, "bearer"))
        return OK;
    if ((status = core.rows_try(r, "session_proof", 1, args, &res)) != OK)
        return status;
    return PQntuples(res) && !PQgetisnull(res, 0, 0) &&
                   apr_atoi64(PQgetvalue(res, 0, 0)) < PROOF_S
               ? OK
               : HTTP_FORBIDDEN;
}

static int wrong(tocsin_request *q)
{
    core.invalid(q, "password", "is wrong");
    core.problem(q->r, HTTP_UNPROCESSABLE_ENTITY, "invalid", "the password is wrong",
                 q->errors);
    return HTTP_UNPROCESSABLE_ENTITY;
}

static int done(tocsin_request *q)
{
    q->r->status = HTTP_NO_CONTENT;
    apr_table_setn(q->r->headers_out, "Cache-Control", "no-store");
    return OK;
}

/* Throttled like signing in, and counted with it: it is the same password. */
static int proof_post(tocsin_request *q)
{
    const char *args[1] = {apr_psprintf(q->r->pool, "%" APR_INT64_T_FMT, q->who->account)};
    const char *password = json_string_value(json_object_get(q->input, "password")), *json;
    struct pg_result *res;
    apr_size_t len;
    int status, holds;

    if (strcmp(q->who->via, "cookie") && strcmp(q->who->via, "bearer"))
        return done(q);
    if ((status = guess_allow(q->r, "sign-in", q->who->email)) != OK ||
        (status = core.rows(q->r, "password_of", 1, args, &res)) != OK)
        return status;
    if (PQntuples(res) == 0)
        return HTTP_UNAUTHORIZED;
    holds = password_check(password, PQgetisnull(res, 0, 1) ? NULL : PQgetvalue(res, 0, 1));
    if (!holds)
        return wrong(q);
    guess_refund(q->r, "sign-in", q->who->email);
    if (holds < 0)
        return password_busy(q->r);
    json_object_clear(q->input); /* nothing of the password goes on from here */
    if ((status = core.call_route(q, "session_prove", &json, &len)) != OK)
        return status;
    return json ? done(q) : HTTP_UNAUTHORIZED;
}

const tocsin_route proof_routes[] = {
    {"POST", "/session/proof", ROLE_VIEWER, NULL, R_EMPTY, NULL, proof_fields, NULL,
     proof_post,
     "Prove with the password who one is; for 15 minutes dangerous things are allowed.",
     "session"},
    {0}};
