/*
 * tocsin_demo: TocsinDemo On shows Tocsin to anybody, with made-up data.
 *
 * Everybody is the demonstration's account, whatever they send along, and may look at all
 * of it. What would change something is refused here, ahead of every handler and whatever
 * it is; so is what would show a secret, although none is kept. Streams answer 204, on
 * which a browser gives up at once and the pages ask every few seconds instead.
 */
#include <httpd.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "tocsin_core.h"

#define REFUSED "Demo: nothing is saved here"

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

/* /events of the API, and a /stream of anything. */
static int is_stream(const char *uri)
{
    return ends_with(uri, BASE "/events") || ends_with(uri, "/stream");
}

/* A reading that shows what is masked otherwise. */
static int reveals(const char *args)
{
    return args && (!strncmp(args, "reveal=", 7) || strstr(args, "&reveal="));
}

int demo_handler(request_rec *r)
{
    if (!r->handler || strncmp(r->handler, "tocsin-", 7) || !core_conf_get(r)->demo)
        return DECLINED;
    tocsin_request_id(r);
    if (r->method_number == M_GET && is_stream(r->uri)) {
        core_request_get(r)->replied = 1;
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        r->status = HTTP_NO_CONTENT;
        return OK;
    }
    if ((r->method_number != M_GET && r->method_number != M_OPTIONS) || reveals(r->args)) {
        int status = ap_discard_request_body(r);

        return status != OK ? status
                            : tocsin_problem(r, HTTP_FORBIDDEN, "demo", REFUSED, NULL);
    }
    return DECLINED;
}

const tocsin_identity *demo_identity(request_rec *r, int *away)
{
    tocsin_identity *who;
    struct pg_result *res;
    int status = tocsin_rows_try(r, "demo_identity", 0, NULL, &res);

    *away = status == HTTP_SERVICE_UNAVAILABLE;
    if (status != OK || PQntuples(res) == 0)
        return NULL;
    who = apr_pcalloc(r->pool, sizeof(*who));
    who->account = apr_atoi64(PQgetvalue(res, 0, 0));
    who->email = PQgetvalue(res, 0, 1);
    who->name = PQgetvalue(res, 0, 2);
    who->role = ROLE_ADMIN;
    who->scopes = SCOPE_READ | SCOPE_ADMIN | SCOPE_METRICS;
    who->via = "demo";
    return who;
}
