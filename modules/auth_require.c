/*
 * auth_require: AuthType Tocsin and Require tocsin-role, for any location of httpd.
 *
 * httpd asks Require first without a user. Granting there would skip authentication:
 * r->user would stay empty, and a cookie would open a place that asks for another
 * AuthType. So the answer is "no user yet" until somebody has set one.
 */
#include <httpd.h>
#include <ap_provider.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <string.h>

#include "tocsin_auth.h"

APLOG_USE_MODULE(tocsin_auth);

static int check_authn(request_rec *r)
{
    const char *type = ap_auth_type(r);
    const tocsin_identity *who;

    if (!type || ap_cstr_casecmp(type, "Tocsin"))
        return DECLINED;
    r->ap_auth_type = (char *)"Tocsin";
    if ((who = core.identity(r))) {
        r->user = (char *)who->email;
        return OK;
    }
    ap_note_auth_failure(r);
    return HTTP_UNAUTHORIZED;
}

static int note_failure(request_rec *r, const char *type)
{
    const char *why = apr_table_get(r->notes, "tocsin-auth"), *name = ap_auth_name(r);

    if (ap_cstr_casecmp(type, "Tocsin"))
        return DECLINED;
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   apr_pstrcat(r->pool, "Bearer realm=\"", name ? name : "Tocsin", "\"",
                               why ? ", error=\"invalid_token\"" : "", NULL));
    return OK;
}

static authz_status check_role(request_rec *r, const char *, const void *parsed)
{
    const tocsin_identity *who = r->user ? core.identity(r) : NULL;
    const char *error = NULL, *words, *word;

    if (!who)
        return AUTHZ_DENIED_NO_USER;
    words = ap_expr_str_exec(r, parsed, &error);
    if (error) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "Require tocsin-role: %s", error);
        return AUTHZ_DENIED;
    }
    while (*(word = ap_getword_conf(r->pool, &words))) {
        enum tocsin_role role = tocsin_role_parse(word);

        if (role != ROLE_ANYONE && tocsin_role_now(r, who) >= role)
            return AUTHZ_GRANTED;
    }
    return AUTHZ_DENIED;
}

static const char *parse_role(cmd_parms *cmd, const char *line, const void **parsed)
{
    const char *error = NULL, *words = line, *word;

    if (!*line)
        return "Require tocsin-role takes a role: viewer, member, operator or admin";
    while (!strchr(line, '%') && *(word = ap_getword_conf(cmd->pool, &words)))
        if (tocsin_role_parse(word) == ROLE_ANYONE)
            return apr_psprintf(cmd->pool,
                                "Require tocsin-role: '%s' is none of the roles viewer, "
                                "member, operator and admin",
                                word);
    *parsed = ap_expr_parse_cmd(cmd, line, AP_EXPR_FLAG_STRING_RESULT, &error, NULL);
    return error;
}

static const authz_provider role_provider = {check_role, parse_role};

void require_register(apr_pool_t *p)
{
    ap_hook_check_authn(check_authn, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(note_failure, NULL, NULL, APR_HOOK_MIDDLE);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "tocsin-role", AUTHZ_PROVIDER_VERSION,
                              &role_provider, AP_AUTH_INTERNAL_PER_CONF);
}
