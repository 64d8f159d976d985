/*
 * mod_tocsin_auth: accounts and sessions: directives and hooks. The work is in auth_*.c.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin_auth.h"

#define ATTEMPTS    10
#define SECONDS     300
#define RANDOM_KEYS "tocsin-random-keys"

auth_core core;

auth_conf *auth_conf_get(request_rec *r)
{
    return ap_get_module_config(r->server->module_config, &tocsin_auth_module);
}

static const char *tocsin_signup_policy(request_rec *r)
{
    return auth_conf_get(r)->signup;
}

static int tocsin_signup_allow(request_rec *r)
{
    return attempt_allow(r, "sign-up");
}

static const char *tocsin_secret_make(apr_pool_t *p, const char **hash)
{
    const char *secret = secret_make(p, "");

    *hash = secret_hash(p, secret);
    return secret;
}

/* ---------------------------------------------------------------- directives */

static void *conf_create(apr_pool_t *p, server_rec *)
{
    return apr_pcalloc(p, sizeof(auth_conf));
}

static void *conf_merge(apr_pool_t *p, void *base, void *add)
{
    auth_conf *conf = apr_pmemdup(p, add, sizeof(*conf));
    const auth_conf *from = base;

    conf->keys = conf->keys ? conf->keys : from->keys;
    conf->signup = conf->signup ? conf->signup : from->signup;
    conf->external_role = conf->external_role ? conf->external_role : from->external_role;
    if (!conf->attempts) {
        conf->attempts = from->attempts;
        conf->seconds = from->seconds;
    }
    return conf;
}

static auth_conf *conf_of(cmd_parms *cmd)
{
    return ap_get_module_config(cmd->server->module_config, &tocsin_auth_module);
}

static const char *set_keys(cmd_parms *cmd, void *, const char *name)
{
    const char *file = ap_server_root_relative(cmd->pool, name), *error;

    if (!file)
        return apr_pstrcat(cmd->pool, "TocsinKeyFile: '", name, "' is no path", NULL);
    error = keys_read(cmd->pool, file, &conf_of(cmd)->keys);
    return error ? apr_pstrcat(cmd->pool, "TocsinKeyFile: '", file, "' ", error, NULL) : NULL;
}

static const char *set_signup(cmd_parms *cmd, void *, const char *word)
{
    if (strcmp(word, "open") && strcmp(word, "invite") && strcmp(word, "closed"))
        return "TocsinSignup takes one of: open, invite, closed";
    conf_of(cmd)->signup = word;
    return NULL;
}

static const char *set_external(cmd_parms *cmd, void *, const char *word)
{
    if (strcmp(word, "none") && tocsin_role_parse(word) == ROLE_ANYONE)
        return "TocsinExternalRole takes one of: none, viewer, member, operator, admin";
    conf_of(cmd)->external_role = word;
    return NULL;
}

static const char *set_limit(cmd_parms *cmd, void *, const char *attempts, const char *seconds)
{
    auth_conf *conf = conf_of(cmd);

    conf->attempts = strlen(attempts) < 7 ? atoi(attempts) : 0;
    conf->seconds = strlen(seconds) < 6 ? atoi(seconds) : 0;
    if (strspn(attempts, "0123456789") != strlen(attempts) || conf->attempts < 1 ||
        conf->attempts > 100000)
        return "TocsinSigninLimit: the attempts must be between 1 and 100000";
    if (strspn(seconds, "0123456789") != strlen(seconds) || conf->seconds < 1 ||
        conf->seconds > 86400)
        return "TocsinSigninLimit: the seconds must be between 1 and 86400";
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_TAKE1(
        "TocsinKeyFile", set_keys, NULL, RSRC_CONF,
        "The file of keys that sign sessions, a line \"name base64\" each: the first "
        "signs, all verify. Without it a random key holds until httpd stops."),
    AP_INIT_TAKE1("TocsinSignup", set_signup, NULL, RSRC_CONF,
                  "Who may make an account: \"open\" for anyone, \"invite\" for who was "
                  "invited, \"closed\" for nobody. The default is invite."),
    AP_INIT_TAKE1("TocsinExternalRole", set_external, NULL, RSRC_CONF,
                  "The role of users whom another authentication of Apache lets in for the "
                  "first time, or \"none\" to let in only those with an account. The default "
                  "is none."),
    AP_INIT_TAKE2("TocsinSigninLimit", set_limit, NULL, RSRC_CONF,
                  "Failed sign-ins that an address, and an account, may have, and the seconds "
                  "in which they are forgotten. The default is 10 300."),
    {NULL}};

/* ---------------------------------------------------------------- hooks */

static int pre_config(apr_pool_t *, apr_pool_t *, apr_pool_t *)
{
    memset(&core, 0, sizeof(core));
    return OK;
}

static int core_fetch(server_rec *s)
{
    core.identity = APR_RETRIEVE_OPTIONAL_FN(tocsin_identity_get);
    core.invalid = APR_RETRIEVE_OPTIONAL_FN(tocsin_invalid);
    core.call = APR_RETRIEVE_OPTIONAL_FN(tocsin_call);
    core.call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    core.rows = APR_RETRIEVE_OPTIONAL_FN(tocsin_rows);
    core.rows_try = APR_RETRIEVE_OPTIONAL_FN(tocsin_rows_try);
    core.send = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    core.problem = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem);
    core.limit = APR_RETRIEVE_OPTIONAL_FN(tocsin_limit);
    core.refund = APR_RETRIEVE_OPTIONAL_FN(tocsin_limit_refund);
    core.client_key = APR_RETRIEVE_OPTIONAL_FN(tocsin_client_key);
    core.mark = APR_RETRIEVE_OPTIONAL_FN(tocsin_mark);
    core.marked = APR_RETRIEVE_OPTIONAL_FN(tocsin_marked);
    core.request_id = APR_RETRIEVE_OPTIONAL_FN(tocsin_request_id);
    core.public_url = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_url);
    core.demo = APR_RETRIEVE_OPTIONAL_FN(tocsin_demo);
    if (core.identity)
        return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                 "mod_tocsin_auth needs mod_tocsin: add LoadModule tocsin_module");
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* One random ring for all who have none, kept over graceful restarts. */
static const auth_keys *keys_default(server_rec *s)
{
    apr_pool_t *process = s->process->pool;
    void *keys = NULL;

    apr_pool_userdata_get(&keys, RANDOM_KEYS, process);
    if (!keys) {
        keys = (void *)keys_random(process);
        apr_pool_userdata_setn(keys, RANDOM_KEYS, NULL, process);
    }
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                 "no TocsinKeyFile: sessions end when httpd stops");
    return keys;
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    const auth_keys *fallback = NULL;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK;
    if (core_fetch(s) != OK)
        return HTTP_INTERNAL_SERVER_ERROR;
    for (; s; s = s->next) {
        auth_conf *conf = ap_get_module_config(s->module_config, &tocsin_auth_module);

        if (!conf->keys)
            conf->keys = fallback ? fallback : (fallback = keys_default(s));
        conf->signup = conf->signup ? conf->signup : "invite";
        conf->external_role = conf->external_role ? conf->external_role : "none";
        if (!conf->attempts) {
            conf->attempts = ATTEMPTS;
            conf->seconds = SECONDS;
        }
    }
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *)
{
    password_child_init(p);
    cache_child_init();
}

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = auth_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = me_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = proof_routes;
    return OK;
}

static void register_hooks(apr_pool_t *p)
{
    APR_REGISTER_OPTIONAL_FN(tocsin_authenticate);
    APR_REGISTER_OPTIONAL_FN(tocsin_csrf_check);
    APR_REGISTER_OPTIONAL_FN(tocsin_role_now);
    APR_REGISTER_OPTIONAL_FN(tocsin_proof_fresh);
    APR_REGISTER_OPTIONAL_FN(tocsin_verify_password);
    APR_REGISTER_OPTIONAL_FN(tocsin_hash_password);
    APR_REGISTER_OPTIONAL_FN(tocsin_password_holds);
    APR_REGISTER_OPTIONAL_FN(tocsin_tokens_issue);
    APR_REGISTER_OPTIONAL_FN(tocsin_tokens_refresh);
    APR_REGISTER_OPTIONAL_FN(tocsin_tokens_revoke);
    APR_REGISTER_OPTIONAL_FN(tocsin_signup_policy);
    APR_REGISTER_OPTIONAL_FN(tocsin_signup_allow);
    APR_REGISTER_OPTIONAL_FN(tocsin_secret_make);
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    require_register(p);
}

AP_DECLARE_MODULE(tocsin_auth) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, conf_create, conf_merge, commands, register_hooks,
    AP_MODULE_FLAG_NONE,
};
