/*
 * mod_tocsin_fleet: hosts and apps: their routes, and the way to their agents.
 *
 * What the database knows is answered by SQL as everywhere; what only an agent knows (env
 * files, logs, refs) is asked of tocsind's gateway, which holds the keys. A page never speaks
 * with an agent.
 */
#include "fleet.h"

#include <http_core.h>
#include <http_log.h>
#include <string.h>
#include <sys/un.h>

static const char *socket_path;

static const char *set_socket(cmd_parms *cmd, void *, const char *value)
{
    const char *err = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    if (err)
        return err;
    socket_path = ap_server_root_relative(cmd->pool, value);
    if (!socket_path || strlen(socket_path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return "TocsinFleetSocket: the path of a socket may have 107 bytes";
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("TocsinFleetSocket", set_socket, NULL, RSRC_CONF,
                  "The socket of tocsind's gateway to the agents: its fleet_socket. Without "
                  "it env files, logs and enrolment are answered 503."),
    {NULL},
};

static int add_routes(apr_array_header_t *tables)
{
    APR_ARRAY_PUSH(tables, const tocsin_route *) = fleet_host_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = fleet_app_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = fleet_env_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = fleet_log_routes;
    APR_ARRAY_PUSH(tables, const tocsin_route *) = fleet_enrol_routes;
    return OK;
}

static int pre_config(apr_pool_t *, apr_pool_t *, apr_pool_t *)
{
    memset(&core, 0, sizeof(core));
    socket_path = NULL;
    return OK;
}

static void fetch(void)
{
    core.invalid = APR_RETRIEVE_OPTIONAL_FN(tocsin_invalid);
    core.call = APR_RETRIEVE_OPTIONAL_FN(tocsin_call);
    core.call_route = APR_RETRIEVE_OPTIONAL_FN(tocsin_call_route);
    core.send = APR_RETRIEVE_OPTIONAL_FN(tocsin_send);
    core.problem = APR_RETRIEVE_OPTIONAL_FN(tocsin_problem);
    core.limit = APR_RETRIEVE_OPTIONAL_FN(tocsin_limit);
    core.client_key = APR_RETRIEVE_OPTIONAL_FN(tocsin_client_key);
    core.request_id = APR_RETRIEVE_OPTIONAL_FN(tocsin_request_id);
    core.public_url = APR_RETRIEVE_OPTIONAL_FN(tocsin_public_url);
    core.demo = APR_RETRIEVE_OPTIONAL_FN(tocsin_demo);
    core.reauth = APR_RETRIEVE_OPTIONAL_FN(tocsin_reauth);
    core.live_can = APR_RETRIEVE_OPTIONAL_FN(tocsin_live_can);
    core.live_feed = APR_RETRIEVE_OPTIONAL_FN(tocsin_live_feed);
}

static int post_config(apr_pool_t *, apr_pool_t *, apr_pool_t *, server_rec *s)
{
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK;
    fetch();
    if (!core.call || !core.reauth) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "mod_tocsin_fleet needs mod_tocsin");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    gateway_config(socket_path);
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *)
{
    gateway_child_init(p);
    fleet_logs_child_init();
}

static void register_hooks(apr_pool_t *)
{
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(tocsin, routes, add_routes, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(tocsin_fleet) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, directives, register_hooks, 0,
};
