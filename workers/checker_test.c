/*
 * checker_test: "test now", a check of settings that are not saved, told in full.
 */
#include "checker_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "utf8.h"

#define MOST         8 /* at once */
#define EXCERPT_MAX  4096
#define VALUE_MAX    1024
#define HEADERS_MOST 100

struct test {
    struct test *next;
    struct checker *c;
    struct probe *probe;
    char id[37];
};

/* ---------------------------------------------------------------- what is told */

static json_t *text(const char *bytes, size_t n, size_t most)
{
    char out[EXCERPT_MAX + 1];

    utf8_clean(out, most < sizeof(out) ? most + 1 : sizeof(out), bytes, n);
    return json_string(out);
}

static json_t *string(const char *s)
{
    return text(s, strlen(s), EXCERPT_MAX);
}

static json_t *milliseconds(int64_t us)
{
    return json_real((double)(us / 10) / 100);
}

static json_t *phases(const struct fetch_result *f)
{
    int64_t rest = f->total_us - f->dns_us - f->connect_us - f->tls_us - f->ttfb_us;
    json_t *o = json_object();

    json_object_set_new(o, "dns", milliseconds(f->dns_us));
    json_object_set_new(o, "connect", milliseconds(f->connect_us));
    json_object_set_new(o, "tls", milliseconds(f->tls_us));
    json_object_set_new(o, "ttfb", milliseconds(f->ttfb_us));
    json_object_set_new(o, "transfer", milliseconds(rest > 0 ? rest : 0));
    return o;
}

/* A cookie of the answer is somebody's session: its value is not told. */
static json_t *header(const char *name, size_t n, const char *value, size_t len)
{
    bool cookie = n == 10 && strncasecmp(name, "set-cookie", n) == 0;

    return json_pack("[o,o]", text(name, n, VALUE_MAX),
                     cookie ? json_string("(hidden)") : text(value, len, VALUE_MAX));
}

static json_t *headers(const struct fetch_result *f)
{
    const char *line = f->headers, *end = line + f->headers_len, *next, *colon, *stop;
    json_t *list = json_array();

    for (; line < end && json_array_size(list) < HEADERS_MOST; line = next) {
        stop = memchr(line, '\n', end - line);
        next = stop ? stop + 1 : end;
        if (!(colon = memchr(line, ':', next - line)))
            continue; /* the status line, the empty one */
        for (stop = next; stop[-1] == '\n' || stop[-1] == '\r';)
            stop--;
        json_array_append_new(list, header(line, colon - line, colon + 1 + (colon[1] == ' '),
                                           stop - colon - 1 - (colon[1] == ' ')));
    }
    return list;
}

static json_t *certificate(const struct fetch_result *f)
{
    char at[32] = "";
    time_t end = (time_t)f->tls_not_after;
    struct tm tm;

    if (f->tls_not_after == 0)
        return json_null();
    if (gmtime_r(&end, &tm))
        strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_pack("{so,so,ss}", "subject", string(f->tls_subject), "issuer",
                     string(f->tls_issuer), "not_after", at);
}

json_t *test_report(const struct probe_result *res)
{
    const struct fetch_result *f = res->fetch;
    json_t *o = json_object(), *failed = json_null();

    if (res->assertion)
        failed = json_pack("{ss,so,so}", "assertion", res->assertion, "expected",
                           string(res->expected), "actual", string(res->actual));
    json_object_set_new(o, "status", json_string(status_name(res->status)));
    json_object_set_new(o, "reason", json_string(reason_name(res->reason)));
    json_object_set_new(o, "message", string(res->message));
    json_object_set_new(o, "code", f->code ? json_integer(f->code) : json_null());
    json_object_set_new(o, "ms", milliseconds(f->total_us));
    json_object_set_new(o, "phases", phases(f));
    json_object_set_new(o, "address", string(f->address));
    json_object_set_new(o, "url", string(f->url ? f->url : ""));
    json_object_set_new(o, "tls", certificate(f));
    json_object_set_new(o, "redirects", json_integer(f->redirects));
    json_object_set_new(o, "headers", headers(f));
    json_object_set_new(o, "excerpt", text(f->body, f->body_len, EXCERPT_MAX));
    json_object_set_new(o, "size", json_integer(f->body_seen));
    json_object_set_new(o, "failed", failed);
    return o;
}

/* ---------------------------------------------------------------- one test */

static void unlink_test(struct test *t)
{
    struct test **at;

    for (at = &t->c->tests; *at != t;)
        at = &(*at)->next;
    *at = t->next;
    free(t);
}

static void ended(void *arg, const struct probe_result *res)
{
    struct test *t = arg;
    json_t *report = test_report(res);
    char *said = json_dumps(report, JSON_COMPACT);
    const char *args[] = {t->c->w->id, t->id, said};

    if (said)
        db_call(t->c->w->db, "select work.test_done($1,$2,$3)", 3, args, CALL_MS, NULL, NULL);
    json_decref(report);
    free(said);
    unlink_test(t);
}

static const char *member(json_t *o, const char *name, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : otherwise;
}

static int whole(json_t *o, const char *name, int otherwise)
{
    json_t *v = json_object_get(o, name);

    return json_is_integer(v) ? (int)json_integer_value(v) : otherwise;
}

static struct probe_spec *read_spec(const char *spec_text)
{
    json_t *o = json_loads(spec_text, 0, NULL);
    char *lines = json_dumps(json_object_get(o, "headers"), JSON_COMPACT);
    struct probe_settings s = {
        .url = member(o, "url", ""),
        .method = member(o, "method", "GET"),
        .headers = lines ? lines : "{}",
        .body = member(o, "body", ""),
        .expect = member(o, "expect", "200-399"),
        .keyword = member(o, "keyword", ""),
        .keyword_absent = json_is_true(json_object_get(o, "keyword_absent")),
        .verify_tls = !json_is_false(json_object_get(o, "verify_tls")),
        .timeout_s = whole(o, "timeout", 10),
        .redirects = whole(o, "redirects", 10),
        .degraded_ms = whole(o, "degraded_above", 0),
    };
    struct probe_spec *spec = probe_spec_new(&s);

    free(lines);
    json_decref(o);
    return spec;
}

static void begin(struct checker *c, const char *id, const char *spec_text)
{
    struct test *t = calloc(1, sizeof(*t));
    struct probe_spec *spec = read_spec(spec_text);

    if (t && spec) {
        t->c = c;
        strncpy(t->id, id, sizeof(t->id) - 1);
        t->probe = probe_http_start(c->fetch, spec, PROBE_KEEP, ended, t);
    }
    if (t && t->probe) {
        t->next = c->tests;
        c->tests = t;
    }
    else {
        free(t); /* its claim runs out, and it is taken again */
    }
    probe_spec_drop(spec);
}

static void claimed(void *arg, enum db_end end, const PGresult *res)
{
    struct checker *c = arg;
    int i;

    c->claiming = false;
    if (end == DB_REFUSED)
        log_error("cannot claim tests error=\"%s\"", db_message(end, res));
    for (i = 0; end == DB_OK && !c->w->stopping && i < PQntuples(res); i++)
        begin(c, PQgetvalue(res, i, 0), PQgetvalue(res, i, 1));
}

void test_claim(struct checker *c)
{
    const char *args[] = {c->w->id, c->w->conf->region, NULL};
    char n[16];
    struct test *t;
    int room = MOST;

    for (t = c->tests; t; t = t->next)
        room--;
    if (c->claiming || room <= 0 || !db_online(c->w->db))
        return;
    snprintf(n, sizeof(n), "%d", room);
    args[2] = n;
    c->claiming = true;
    db_call(c->w->db, "select id, spec from work.test_claim($1,$2,$3)", 3, args, CALL_MS,
            claimed, c);
}

/* At the end: `bye` frees the claims, another checker takes them up. */
void test_drop(struct checker *c)
{
    struct test *t;

    while ((t = c->tests)) {
        probe_cancel(t->probe);
        unlink_test(t);
    }
}
