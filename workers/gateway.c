/*
 * gateway: the way of httpd to the agents. httpd asks on a unix socket, which its group may
 * open, and never holds a key; here each request is taken to the agent over mutual TLS.
 *
 *     /hosts/7/v1/apps/web/logs   the agent's own path on host 7
 *     /enrol                      a new agent asks for its certificate
 *     /authority                  the pin of the authority
 *
 * It keeps nothing: one process on each host of tocsind, any of them is as good.
 */
#include "gateway_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/listener.h>

#define CALLS_MOST  2048 /* requests and streams at once */
#define KEEP_MOST   512
#define FILES_SPARE 128
#define HEAD_MAX    (16 * 1024)
#define IDLE_S      60
#define PIN_MS      5000

static struct gateway self;

/* ---------------------------------------------------------------- answers of our own */

void gateway_reply(struct evhttp_request *req, int status, const char *type, const char *body,
                   size_t len)
{
    struct evkeyvalq *head = evhttp_request_get_output_headers(req);
    struct evbuffer *out = evbuffer_new();

    if (!out || evbuffer_add(out, body, len))
        abort();
    evhttp_add_header(head, "Content-Type", type);
    evhttp_add_header(head, "Cache-Control", "no-store");
    evhttp_send_reply(req, status, NULL, out);
    evbuffer_free(out);
}

void gateway_error(struct evhttp_request *req, int status, const char *error)
{
    json_t *said = json_pack("{s:s}", "error", error);
    char *text = said ? json_dumps(said, JSON_COMPACT) : NULL;

    if (!text)
        abort();
    gateway_reply(req, status, "application/json", text, strlen(text));
    free(text);
    json_decref(said);
}

/* What a token for a new agent carries besides its secret. */
static void authority(struct gateway *g, struct evhttp_request *req)
{
    char text[160];
    int n = snprintf(text, sizeof(text), "{\"pin\":\"%s\",\"not_after\":%lld}",
                     pki_pin(g->pki), (long long)pki_ca_ends(g->pki));

    gateway_reply(req, 200, "application/json", text, (size_t)n);
}

/* ---------------------------------------------------------------- who answers */

/* "/hosts/7/v1/…" → 7, and where the agent's path begins; NULL: another path. */
static const char *host_path(const char *uri, long long *id)
{
    static const char head[] = "/hosts/";
    char *end;

    if (strncmp(uri, head, sizeof(head) - 1) || uri[sizeof(head) - 1] < '1' ||
        uri[sizeof(head) - 1] > '9')
        return NULL;
    *id = strtoll(uri + sizeof(head) - 1, &end, 10);
    return strncmp(end, "/v1/", 4) == 0 ? end : NULL;
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct gateway *g = arg;
    const char *uri = evhttp_request_get_uri(req), *path;
    struct agent_host *host;
    long long id;

    if (!uri)
        gateway_error(req, 400, "the request has no path");
    else if (!strcmp(uri, "/enrol"))
        enrol_request(g, req);
    else if (!strcmp(uri, "/authority"))
        authority(g, req);
    else if (!(path = host_path(uri, &id)))
        gateway_error(req, 404, "no such path");
    else if ((host = agent_hosts_find(g->hosts, id)) && host->trusted)
        pass_request(g, host, req, path);
    else if (!agent_hosts_loaded(g->hosts))
        gateway_error(req, 503, "the list of hosts is not loaded yet");
    else
        gateway_error(req, 404, "no such host is enrolled");
}

/* ---------------------------------------------------------------- hosts */

static void host_changed(void *arg, struct agent_host *host)
{
    if (!host->data && !(host->data = calloc(1, sizeof(struct places))))
        abort();
    pass_cut(arg, host->peer.host);
}

static void host_gone(void *arg, struct agent_host *host)
{
    pass_cut(arg, host->peer.host);
    free(host->data);
    host->data = NULL;
}

static void on_pin(void *arg, enum db_end end, const PGresult *res)
{
    struct gateway *g = arg;

    g->said_pin = end == DB_OK;
    if (end == DB_REFUSED)
        log_error("cannot say the pin of the authority sqlstate=%s error=\"%s\"",
                  db_sqlstate(res), db_message(end, res));
}

/* Tokens carry the pin, and the web has no certificate of ours to take it from. */
static void say_pin(struct gateway *g)
{
    const char *args[] = {pki_pin(g->pki)};

    if (g->said_pin || !db_online(g->w->db))
        return;
    g->said_pin = true;
    db_call(g->w->db, "select work.fleet_authority($1)", 1, args, PIN_MS, on_pin, g);
}

/* ---------------------------------------------------------------- the role */

static int count(const struct tocsind_conf *conf)
{
    return conf->fleet_dir && !conf->demo ? 1 : 0;
}

static int listening(struct gateway *g)
{
    char why[300];
    int fd = gateway_socket(g->w->conf->fleet_socket, g->w->conf->fleet_socket_group, why,
                            sizeof(why));
    struct evconnlistener *listener;

    if (fd < 0) {
        log_error("%s", why);
        return -1;
    }
    g->http = evhttp_new(g->w->base);
    listener = evconnlistener_new(g->w->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 0, fd);
    if (!g->http || !listener || !(g->bound = evhttp_bind_listener(g->http, listener)))
        abort();
    evhttp_set_max_headers_size(g->http, HEAD_MAX);
    evhttp_set_max_body_size(g->http, GATEWAY_BODY_MAX);
    evhttp_set_allowed_methods(g->http, EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST);
    evhttp_set_default_content_type(g->http, NULL);
    evhttp_set_timeout(g->http, IDLE_S);
    evhttp_set_gencb(g->http, on_request, g);
    return 0;
}

/* A stream is two files, and a TLS connection. */
static int calls(void)
{
    struct rlimit rl = {0, 0};

    if (getrlimit(RLIMIT_NOFILE, &rl))
        return 256;
    if (rl.rlim_cur < rl.rlim_max && rl.rlim_cur < 2 * CALLS_MOST + KEEP_MOST + FILES_SPARE) {
        rl.rlim_cur = 2 * CALLS_MOST + KEEP_MOST + FILES_SPARE;
        if (rl.rlim_cur > rl.rlim_max)
            rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
        getrlimit(RLIMIT_NOFILE, &rl);
    }
    if (rl.rlim_cur >= 2 * CALLS_MOST + KEEP_MOST + FILES_SPARE)
        return CALLS_MOST;
    return ((int)rl.rlim_cur - FILES_SPARE) * 2 / 5;
}

static int start(struct worker *w)
{
    struct agent_hosts_hooks hooks = {host_changed, host_gone, &self};
    struct agent_link_conf conf = {.base = w->base, .allow = &self.allow, .most = calls()};
    char why[PKI_WHY];

    self.w = w;
    conf.keep = conf.most / 4;
    tocsind_conf_fleet(w->conf, &self.allow);
    if (!(self.pki = pki_read(w->conf->fleet_dir, PKI_SIGN, why))) {
        log_error("fleet_dir: %s", why);
        return -1;
    }
    conf.pki = self.pki;
    if (!(self.link = agent_link_new(&conf))) {
        log_error("out of memory");
        return -1;
    }
    self.hosts = agent_hosts_new(w, hooks);
    return listening(&self);
}

static json_int_t days(int64_t ends)
{
    return (ends - (int64_t)time(NULL)) / 86400;
}

static void wake(struct worker *w, unsigned why)
{
    if (why & (WAKE_TICK | WAKE_ONLINE | WAKE_FLEET))
        agent_hosts_refresh(self.hosts, 0, (why & WAKE_ONLINE) != 0);
    if (why & WAKE_ONLINE)
        self.said_pin = false;
    say_pin(&self);
    if (!(why & WAKE_TICK))
        return;
    pass_look(&self);
    json_object_set_new(w->stats, "hosts", json_integer(agent_hosts_count(self.hosts)));
    json_object_set_new(w->stats, "streams", json_integer(self.streams));
    json_object_set_new(w->stats, "asks", json_integer(self.asks));
    json_object_set_new(w->stats, "control_days",
                        json_integer(days(pki_control_ends(self.pki))));
    json_object_set_new(w->stats, "authority_days", json_integer(days(pki_ca_ends(self.pki))));
    json_object_set_new(w->stats, "connects_total",
                        json_integer(agent_link_connects(self.link)));
}

void gateway_left(struct gateway *g)
{
    if (g->w->stopping && g->asks == 0 && g->enrols == 0)
        worker_drained(g->w);
}

/* The name of the socket may be the next one's by now: it stays. Readers of streams come
 * back to it. */
static void stop(struct worker *)
{
    evhttp_del_accept_socket(self.http, self.bound);
    pass_stop(&self);
    gateway_left(&self);
}

const struct role role_gateway = {"gateway", count, start, wake, stop};
