/* migrate_import: the tree into the database: monitors with their history, then what people
 * said. Each system is a transaction; what is there already stays. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "cli.h"
#include "day.h"
#include "db.h"
#include "migrate_database.h"
#include "reason.h"
#include "status.h"

#define CHUNK 20000 /* checks a statement */

/* One system's readings while the tree is gone through. */
struct series {
    struct series *next;
    const char *name;
    size_t n, room;
    int64_t *t;
    int32_t *code, *ms;
    uint8_t *status, *reason;
    int64_t gap[64]; /* of the last checks, for the usual one */
    size_t gaps;
    int64_t begun, last;
    long monitor;
};

struct import {
    struct migration *m;
    PGconn *db;
    char owner[24];
    struct arena *memory;
    struct series *first;
    int64_t begun, last;
};

static int status_of(enum state state)
{
    static const int status[] = {[STATE_UP] = STATUS_UP,
                                 [STATE_DEGRADED] = STATUS_DEGRADED,
                                 [STATE_DOWN] = STATUS_DOWN,
                                 [STATE_MAINTENANCE] = STATUS_MAINTENANCE};

    return status[state];
}

/* The reason behind the words that clients use. */
static int reason_of(const struct reading *r)
{
    static const struct {
        const char *words;
        enum reason reason;
    } known[] = {
        {"imeout", REASON_TIMEOUT},
        {"timed out", REASON_TIMEOUT},
        {"ECONNREFUSED", REASON_CONNECT_REFUSED},
        {"refused", REASON_CONNECT_REFUSED},
        {"ENOTFOUND", REASON_DNS_FAILED},
        {"EAI_AGAIN", REASON_DNS_FAILED},
        {"resolve", REASON_DNS_FAILED},
        {"ECONNRESET", REASON_CONNECTION_LOST},
        {"expired", REASON_TLS_EXPIRED},
        {"certificate", REASON_TLS_FAILED},
        {"SSL", REASON_TLS_FAILED},
        {"TLS", REASON_TLS_FAILED},
    };

    if (r->state == STATE_DEGRADED)
        return REASON_SLOW;
    if (r->state != STATE_DOWN)
        return REASON_OK;
    for (size_t i = 0; r->err && i < sizeof(known) / sizeof(*known); i++)
        if (strstr(r->err, known[i].words))
            return known[i].reason;
    return r->code ? REASON_HTTP_CODE : REASON_UNREACHABLE;
}

static struct series *series_of(struct import *im, const char *name)
{
    struct series *s;

    for (s = im->first; s; s = s->next)
        if (s->name == name) /* the store has each name once */
            return s;
    s = arena_alloc(&im->memory, sizeof(*s));
    s->name = name;
    s->next = im->first;
    im->first = s;
    return s;
}

static void grow(struct series *s)
{
    s->room = s->room ? s->room * 2 : 1024;
    s->t = realloc(s->t, s->room * sizeof(*s->t));
    s->code = realloc(s->code, s->room * sizeof(*s->code));
    s->ms = realloc(s->ms, s->room * sizeof(*s->ms));
    s->status = realloc(s->status, s->room);
    s->reason = realloc(s->reason, s->room);
    if (!s->t || !s->code || !s->ms || !s->status || !s->reason)
        abort();
}

static int take(const struct reading *r, int, void *arg)
{
    struct import *im = arg;
    struct series *s = series_of(im, r->svc);

    if (r->t > im->m->now)
        return 0;
    if (s->n == s->room)
        grow(s);
    if (s->last && r->t > s->last)
        s->gap[s->gaps++ % 64] = r->t - s->last;
    if (!s->begun || r->t < s->begun)
        s->begun = r->t;
    s->last = r->t;
    s->t[s->n] = r->t;
    s->code[s->n] = r->code;
    s->ms[s->n] = r->lat > 0 ? r->lat : 0;
    s->status[s->n] = (uint8_t)status_of(r->state);
    s->reason[s->n++] = (uint8_t)reason_of(r);
    if (r->t > im->last)
        im->last = r->t;
    if (!im->begun || r->t < im->begun)
        im->begun = r->t;
    return 0;
}

/* ---------------------------------------------------------------- a system */

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* How often it was checked: the middle one of the last gaps, in seconds. */
static long interval_of(struct series *s)
{
    size_t n = s->gaps < 64 ? s->gaps : 64;
    int64_t middle;

    if (n == 0)
        return 300;
    qsort(s->gap, n, sizeof(*s->gap), by_size);
    middle = (s->gap[n / 2] + 500) / 1000;
    return middle < 5 ? 5 : middle > 86400 ? 86400 : (long)middle;
}

static const struct system *system_of(const struct migration *m, const char *name)
{
    for (size_t i = 0; i < m->rc.n; i++)
        if (!strcmp(m->rc.system[i].name, name) && !m->rc.system[i].wrong)
            return &m->rc.system[i];
    return NULL;
}

/* "200,301-302"; false when there are more ranges than a monitor may have. */
static bool expect_of(const struct system *system, char *out, size_t size)
{
    int ranges = 0;
    size_t n = 0;

    *out = 0;
    for (int code = 100; code < 600; code++) {
        int first = code;

        if (!codes_has(&system->expected, code))
            continue;
        while (code < 599 && codes_has(&system->expected, code + 1))
            code++;
        n += (size_t)snprintf(out + n, size - n, code > first ? "%s%d-%d" : "%s%d",
                              ranges ? "," : "", first, code);
        if (++ranges > 20 || n >= size)
            return false;
    }
    return ranges > 0;
}

static long one_number(PGconn *db, const char *sql, int n, const char *const *values)
{
    PGresult *res = db_query(db, sql, n, values);
    long number = res && PQntuples(res) > 0 ? atol(PQgetvalue(res, 0, 0)) : -1;

    PQclear(res);
    return number;
}

static long make_monitor(struct import *im, struct series *s)
{
    const struct system *system = system_of(im->m, s->name);
    char expect[256], timeout[24], degraded[24], interval[24], begun[25];
    const char *values[9] = {im->owner, s->name,  NULL,     "GET", NULL,
                             timeout,   degraded, interval, begun};

    snprintf(interval, sizeof(interval), "%ld", interval_of(s));
    snprintf(timeout, sizeof(timeout), "%ld", system ? (system->timeout_ms + 999) / 1000 : 10);
    snprintf(degraded, sizeof(degraded), "%ld", system ? system->max_ms : 30000);
    migrate_time(s->begun, begun);
    if (system) {
        values[2] = system->url;
        values[3] = system->method;
        values[4] = expect_of(system, expect, sizeof(expect)) ? expect : NULL;
    }
    return one_number(
        im->db, "select tocsin.import_monitor($1, $2, $3, $4, $5, $6, $7, $8, $9)", 9, values);
}

static void add_array(buf *out, const struct series *s, size_t from, size_t to, int which)
{
    char number[24];

    buf_clear(out);
    buf_puts(out, "{");
    for (size_t i = from; i < to; i++) {
        int64_t value = which == 0   ? s->t[i]
                        : which == 1 ? s->status[i]
                        : which == 2 ? s->reason[i]
                        : which == 3 ? s->code[i]
                                     : s->ms[i];

        snprintf(number, sizeof(number), i > from ? ",%lld" : "%lld", (long long)value);
        buf_puts(out, number);
    }
    buf_puts(out, "}");
    buf_end(out);
}

static int send_checks(struct import *im, const struct series *s, const char *monitor)
{
    const char *values[6] = {monitor};
    buf array[5] = {{0}};
    int rv = 0;

    for (size_t from = 0; from < s->n && rv == 0; from += CHUNK) {
        PGresult *res;

        for (int k = 0; k < 5; k++) {
            add_array(&array[k], s, from, from + CHUNK < s->n ? from + CHUNK : s->n, k);
            values[k + 1] = array[k].data;
        }
        res =
            db_query(im->db, "select tocsin.import_checks($1, $2, $3, $4, $5, $6)", 6, values);
        rv = res ? 0 : -1;
        PQclear(res);
    }
    for (int k = 0; k < 5; k++)
        buf_free(&array[k]);
    return rv;
}

static int import_series(struct import *im, struct series *s)
{
    char monitor[24];
    const char *values[] = {monitor};
    long changes = -1;

    if (db_run(im->db, "begin", NULL) < 0)
        return -1;
    if ((s->monitor = make_monitor(im, s)) > 0) {
        snprintf(monitor, sizeof(monitor), "%ld", s->monitor);
        if (send_checks(im, s, monitor) == 0)
            changes = one_number(im->db, "select tocsin.import_history($1)", 1, values);
    }
    if (changes < 0 || db_run(im->db, "commit", NULL) < 0) {
        complain("'%s' was not imported", s->name);
        PQclear(PQexec(im->db, "rollback"));
        return -1;
    }
    printf("%s: monitor %ld, %zu checks, %ld changes of status\n", s->name, s->monitor, s->n,
           changes);
    return 0;
}

static int import_days(struct import *im)
{
    char first[11], last[11], number[24];
    const char *values[3] = {NULL, first, last};
    buf ids = {0};
    long n;

    buf_puts(&ids, "{");
    for (const struct series *s = im->first; s; s = s->next) {
        snprintf(number, sizeof(number), s == im->first ? "%ld" : ",%ld", s->monitor);
        buf_puts(&ids, number);
    }
    buf_puts(&ids, "}");
    values[0] = buf_end(&ids);
    day_print(day_of_ms(im->begun), first);
    day_print(day_of_ms(im->last), last);
    n = one_number(im->db, "select tocsin.import_days($1, $2, $3)", 3, values);
    buf_free(&ids);
    return n < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- what people said */

static void set_time(json_t *o, const char *key, int64_t seconds)
{
    char when[25];

    json_object_set_new(
        o, key, seconds ? json_string(migrate_time(seconds * 1000, when)) : json_null());
}

static char *note_json(const struct note *note)
{
    json_t *o = json_object(), *systems = json_array(), *comments = json_array();
    char *text;

    for (int i = 0; i < note->systems; i++)
        json_array_append_new(systems, json_string(note->system[i]));
    for (int i = 0; i < note->comments; i++) {
        const struct note_comment *c = &note->comment[i];
        json_t *one = json_pack("{s:s, s:s, s:s?}", "author", c->author, "body", c->body,
                                "phase", c->phase);

        set_time(one, "createdAt", c->at);
        json_array_append_new(comments, one);
    }
    json_object_set_new(o, "title", json_string(note->title));
    json_object_set_new(o, "body", json_string(note->body));
    json_object_set_new(o, "url", note->url ? json_string(note->url) : json_null());
    if (note->severity)
        json_object_set_new(o, "severity", json_string(note->severity));
    set_time(o, "createdAt", note->created_at);
    set_time(o, "closedAt", note->closed_at);
    set_time(o, "start", note->starts_at);
    set_time(o, "end", note->ends_at);
    json_object_set_new(o, "systems", systems);
    json_object_set_new(o, "comments", comments);
    text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}

static int import_note(struct import *im, const struct note *note, const char *sql)
{
    char *text = note_json(note);
    const char *values[] = {im->owner, text};
    long id = text ? one_number(im->db, sql, 2, values) : -1;

    free(text);
    if (id < 0)
        complain("'%s' was not imported", note->title);
    return id < 0 ? -1 : 0;
}

static int import_notes(struct import *im)
{
    const struct notes *notes = &im->m->notes;
    int rv = 0;

    for (int i = 0; i < notes->incidents; i++)
        rv |= import_note(im, &notes->incident[i], "select tocsin.import_incident($1, $2)");
    for (int i = 0; i < notes->windows; i++)
        rv |= import_note(im, &notes->window[i], "select tocsin.import_maintenance($1, $2)");
    printf("incidents: %d, maintenance: %d\n", notes->incidents, notes->windows);
    return rv;
}

static int import_all(struct import *im)
{
    int first, last, rv = 0;

    if (store_days(im->m->store, &first, &last))
        store_each(im->m->store, first, last, take, im);
    for (struct series *s = im->first; s; s = s->next)
        rv |= import_series(im, s);
    if (rv == 0 && im->first)
        rv = import_days(im);
    return rv | import_notes(im);
}

int migrate_import(struct migration *m, PGconn *db)
{
    struct import im = {.m = m, .db = db};
    const char *values[] = {m->owner};
    long owner = one_number(db, "select tocsin.import_owner($1)", 1, values);
    int rv;

    if (owner < 0)
        return -1;
    snprintf(im.owner, sizeof(im.owner), "%ld", owner);
    rv = import_all(&im);
    for (struct series *s = im.first; s; s = s->next) {
        free(s->t);
        free(s->code);
        free(s->ms);
        free(s->status);
        free(s->reason);
    }
    arena_free(&im.memory);
    return rv ? -1 : 0;
}
