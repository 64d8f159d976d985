/*
 * live_client: a connection that httpd has suspended and that we end ourselves.
 *
 * httpd 2.4 forgets a suspended connection: nobody resumes it, nobody closes it. Ending
 * one therefore takes what the MPM would have done, in this order: finish the request
 * (the access log line is written there), flush, close the socket, and destroy the pool,
 * whose cleanup takes the connection out of the MPM's counts.
 */
#include "live.h"

#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>
#include <apr_allocator.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <sys/socket.h>

/* What the kernel holds for a client that is slow; who is further behind is let go. */
#define SEND_BUFFER (256 * 1024)

/* The worker that suspended the connection still stores two fields after our hook. */
#define GRACE apr_time_from_sec(1)

void live_head(request_rec *r)
{
    ap_set_content_type(r, "text/event-stream; charset=utf-8");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Accel-Buffering", "no");
    apr_table_setn(r->subprocess_env, "no-gzip", "1"); /* would hold messages back */
    apr_table_setn(r->subprocess_env, "no-brotli", "1");
}

/*
 * What reading the request took stays with the connection's allocator, free for a next
 * request that never comes. Taken once more and given back, it goes to the system: a
 * quarter of what a stream takes.
 */
static void give_back(apr_allocator_t *allocator)
{
    apr_memnode_t *node[4];
    size_t i;

    apr_allocator_max_free_set(allocator, 1);
    for (i = 0; i < sizeof(node) / sizeof(*node); i++)
        node[i] = apr_allocator_alloc(allocator, 1);
    for (i = 0; i < sizeof(node) / sizeof(*node); i++) {
        if (node[i])
            apr_allocator_free(allocator, node[i]);
    }
}

live_client *live_client_make(request_rec *r, apr_int64_t account, const char *session)
{
    conn_rec *c = r->connection;
    live_client *client = apr_pcalloc(c->pool, sizeof(*client));
    apr_os_sock_t fd;
    int size = SEND_BUFFER;

    apr_os_sock_get(&fd, ap_get_conn_socket(c));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    c->keepalive = AP_CONN_CLOSE;
    APR_RING_ELEM_INIT(client, link);
    client->r = r;
    client->c = c;
    client->fd = fd;
    client->bb = apr_brigade_create(c->pool, c->bucket_alloc);
    client->account = account;
    client->session = apr_pstrdup(c->pool, session);
    give_back(apr_pool_allocator_get(c->pool));
    return client;
}

live_client *live_client_new(request_rec *r, apr_int64_t account, const char *session,
                             const char *cursor)
{
    live_client *client;

    r->connection->keepalive = AP_CONN_CLOSE;
    live_head(r);
    ap_rprintf(r, "retry: %d\n\n", LIVE_RETRY_MS);
    if (ap_rflush(r) < 0 || r->connection->aborted)
        return NULL;
    client = live_client_make(r, account, session);
    client->cursor = apr_pstrdup(r->connection->pool, cursor);
    return client;
}

int live_client_write(live_client *client, const char *data, size_t len)
{
    apr_bucket_alloc_t *alloc = client->c->bucket_alloc;
    apr_status_t rv;

    APR_BRIGADE_INSERT_TAIL(client->bb, apr_bucket_transient_create(data, len, alloc));
    APR_BRIGADE_INSERT_TAIL(client->bb, apr_bucket_flush_create(alloc));
    rv = ap_pass_brigade(client->r->output_filters, client->bb);
    apr_brigade_cleanup(client->bb);
    if (rv != APR_SUCCESS || client->c->aborted)
        client->dead = 1;
    return client->dead ? -1 : 0;
}

int live_client_released(const live_client *client, apr_time_t now)
{
    return __atomic_load_n(&client->c->sbh, __ATOMIC_ACQUIRE) == NULL &&
           now - client->since > GRACE;
}

void live_client_close(live_client *client)
{
    conn_rec *c = client->c;
    apr_socket_t *socket = ap_get_conn_socket(c);

    c->keepalive = AP_CONN_CLOSE;
    if (client->dead)
        c->aborted = 1;
    else
        ap_finalize_request_protocol(client->r);
    ap_process_request_after_handler(client->r);
    ap_start_lingering_close(c);
    apr_socket_close(socket);
    c->cs->state = CONN_STATE_SUSPENDED; /* the MPM's cleanup counts by it */
    apr_pool_destroy(c->pool);
}
