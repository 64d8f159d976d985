/* status_csv: the subscribers of a page as a table (RFC 4180), out and in. */
#include <apr_strings.h>
#include <http_protocol.h>
#include <httpd.h>
#include <string.h>

#include "tocsin_status.h"

#define TABLE_MAX 524288
#define ROWS_MAX  5000
#define CELLS_MAX 32
#define CELL_MAX  4096 /* bytes; the rest is cut, and refused as an address */

int csv_export(tocsin_request *q)
{
    const char *json, *text, *name;
    request_rec *r = q->r;
    json_t *answer;
    apr_size_t len;
    int status = core.call_route(q, "subscriber_export", &json, &len);

    if (status != OK)
        return status;
    if (!json || !(answer = json_loadb(json, len, 0, NULL)))
        return HTTP_NOT_FOUND;
    text = apr_pstrdup(r->pool, json_string_value(json_object_get(answer, "csv")));
    name = apr_pstrdup(r->pool, json_string_value(json_object_get(answer, "name")));
    json_decref(answer);
    apr_table_setn(r->headers_out, "Cache-Control", "private, no-store");
    apr_table_setn(
        r->headers_out, "Content-Disposition",
        apr_pstrcat(r->pool, "attachment; filename=\"", name, "-subscribers.csv\"", NULL));
    ap_set_content_type(r, "text/csv; charset=utf-8");
    if (!r->header_only)
        ap_rputs(text, r);
    return OK;
}

/* ---------------------------------------------------------------- reading */

/* One cell of the table; *p is left at what ended it. */
static char *cell(apr_pool_t *pool, const char **p)
{
    const char *s = *p;
    char *out = apr_palloc(pool, strnlen(s, CELL_MAX) + 1), *to = out;
    int quoted = *s == '"';

    for (s += quoted; *s; s++) {
        if (quoted && *s == '"') {
            if (s[1] != '"') {
                s++;
                break;
            }
            s++;
        }
        else if (!quoted && strchr(",;\r\n", *s)) {
            break;
        }
        if (to - out < CELL_MAX)
            *to++ = *s;
    }
    while (*s && !strchr(",;\r\n", *s))
        s++;
    while (to > out && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    *to = '\0';
    *p = s;
    out += strspn(out, " \t");
    return out + (*out == '\''); /* what keeps spreadsheets from computing */
}

/* A line's cells; how many. *p goes behind the line. */
static int cells(apr_pool_t *pool, const char **p, char *out[CELLS_MAX])
{
    int n = 0;

    for (;;) {
        char *one = cell(pool, p);

        if (n < CELLS_MAX)
            out[n++] = one;
        if (**p != ',' && **p != ';')
            break;
        (*p)++;
    }
    if (**p == '\r')
        (*p)++;
    if (**p == '\n')
        (*p)++;
    return n;
}

enum { ADDRESS, TYPE, COMPONENTS, COLUMNS };

/* Which column holds what, when the line is a head. */
static int read_head(char *const one[], int n, int column[COLUMNS])
{
    static const char *const names[][2] = {
        {"address", "email"}, {"type", "type"}, {"components", "components"}};
    int found[COLUMNS] = {-1, -1, -1};

    for (int i = 0; i < n; i++)
        for (int k = 0; k < COLUMNS; k++)
            if (!ap_cstr_casecmp(one[i], names[k][0]) || !ap_cstr_casecmp(one[i], names[k][1]))
                found[k] = i;
    if (found[ADDRESS] < 0)
        return 0;
    memcpy(column, found, sizeof(found));
    return 1;
}

static void set(json_t *row, const char *name, char *const one[], int n, int column)
{
    json_t *text = column >= 0 && column < n ? json_string(one[column]) : NULL;

    json_object_set_new(row, name, text ? text : json_string(""));
}

/* [{line, address, type, components}], or NULL when there are too many. */
static json_t *read_table(apr_pool_t *pool, const char *p)
{
    int column[COLUMNS] = {0, -1, -1}, line = 0, n;
    json_t *rows = json_array(), *row;
    char *one[CELLS_MAX];
    apr_pool_t *turn;

    if (!strncmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    apr_pool_create(&turn, pool);
    while (*p) {
        apr_pool_clear(turn);
        line++;
        n = cells(turn, &p, one);
        if ((line == 1 && read_head(one, n, column)) || (n == 1 && !*one[0]))
            continue;
        if (json_array_size(rows) == ROWS_MAX) {
            json_decref(rows);
            rows = NULL;
            break;
        }
        row = json_object();
        json_object_set_new(row, "line", json_integer(line));
        set(row, "address", one, n, column[ADDRESS]);
        set(row, "type", one, n, column[TYPE]);
        set(row, "components", one, n, column[COMPONENTS]);
        json_array_append_new(rows, row);
    }
    apr_pool_destroy(turn);
    return rows;
}

static int refuse(tocsin_request *q, const char *rule)
{
    core.problem(q->r, HTTP_UNPROCESSABLE_ENTITY, "invalid", NULL,
                 json_pack("{s:s}", "rows", rule));
    return HTTP_UNPROCESSABLE_ENTITY;
}

/* Rows or addresses of JSON: only words go on, and each has its number. */
static json_t *take_rows(json_t *given)
{
    static const char *const names[] = {"address", "type", "components"};
    json_t *rows = json_array(), *one, *row;
    size_t i;

    json_array_foreach(given, i, one)
    {
        row = json_object();
        json_object_set_new(row, "line", json_integer((json_int_t)i + 1));
        if (json_is_string(one))
            json_object_set(row, "address", one);
        for (size_t k = 0; json_is_object(one) && k < sizeof(names) / sizeof(*names); k++) {
            json_t *text = json_object_get(one, names[k]);

            json_object_set_new(
                row, names[k],
                json_string(json_is_string(text) ? json_string_value(text) : ""));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

int csv_import(tocsin_request *q)
{
    const char *said = apr_table_get(q->r->headers_in, "Content-Type"), *bytes;
    json_t *rows = json_object_get(q->input, "rows");
    json_t *addresses = json_object_get(q->input, "addresses");
    apr_size_t len;
    int status;

    if (rows || addresses) {
        rows = take_rows(rows ? rows : addresses);
        json_object_del(q->input, "addresses");
    }
    else {
        if (said && !ap_cstr_casecmpn(said, "application/json", 16))
            return refuse(q, "are required");
        if ((status = core.bytes(q->r, TABLE_MAX, &bytes, &len)) != OK)
            return status;
        if (memchr(bytes, '\0', len))
            return HTTP_BAD_REQUEST;
        rows = read_table(q->r->pool, bytes);
    }
    if (!rows)
        return refuse(q, "are too many: 5000 at most");
    json_object_set_new(q->input, "rows", rows);
    return status_answer(q, HTTP_OK);
}
