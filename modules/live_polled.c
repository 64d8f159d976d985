/*
 * live_polled: the event stream where a request cannot be suspended: HTTP/2, MPMs
 * without asynchronous connections, subrequests.
 *
 * What is new since the cursor is answered at once and the answer ends; the browser comes
 * back after `retry`. No thread waits for anything.
 */
#include "live.h"

#include <http_protocol.h>
#include <apr_strings.h>

int live_polled(request_rec *r, apr_int64_t account, const char *cursor)
{
    APR_OPTIONAL_FN_TYPE(tocsin_rows) *rows_of = APR_RETRIEVE_OPTIONAL_FN(tocsin_rows);
    const char *args[] = {apr_psprintf(r->pool, "%" APR_INT64_T_FMT, account), cursor};
    buf text = {0};
    PGresult *rows;
    int rv = rows_of(r, "live_poll", 2, args, &rows);

    if (rv != OK)
        return rv;
    if (PQntuples(rows) < 1)
        return HTTP_INTERNAL_SERVER_ERROR;
    live_head(r);
    ap_rprintf(r, "retry: %d\n\n", LIVE_RETRY_MS);
    live_text_hello(&text);
    live_group_replay(rows, &text);
    live_text_id(&text, PQgetvalue(rows, 0, 2));
    ap_rwrite(text.data, (int)text.len, r);
    buf_free(&text);
    return OK;
}
