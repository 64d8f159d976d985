/*
 * probe_http: one HTTP(S) request, held against what the monitor expects of it.
 */
#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCERPT_MAX 4096

struct probe {
    struct fetch_job *job;
    struct probe_spec *spec;
    probe_done done;
    void *arg;
    size_t at; /* of the keyword seen so far */
    bool found;
};

static void __attribute__((format(printf, 5, 6)))
say(struct probe_result *res, int status, enum reason reason, const char *assertion,
    const char *fmt, ...)
{
    va_list ap;

    res->status = status;
    res->reason = reason;
    res->assertion = assertion;
    va_start(ap, fmt);
    vsnprintf(res->message, sizeof(res->message), fmt, ap);
    va_end(ap);
}

/* The keyword in quotes, its control characters blanked: it goes into a line of text. */
static void quote(const struct search *keyword, char *out, size_t size)
{
    size_t n = keyword->len, i;

    if (n > size - 3) {
        n = size - 3;
        while (n > 0 && ((unsigned char)keyword->text[n] & 0xc0) == 0x80)
            n--;
    }
    out[0] = '"';
    for (i = 0; i < n; i++)
        out[i + 1] = (unsigned char)keyword->text[i] < 0x20 ? ' ' : keyword->text[i];
    out[n + 1] = '"';
    out[n + 2] = '\0';
}

static void judge_keyword(const struct probe *p, const struct fetch_result *f,
                          struct probe_result *res)
{
    const struct probe_spec *s = p->spec;
    char word[128];

    quote(s->keyword, word, sizeof(word));
    snprintf(res->expected, sizeof(res->expected), "%s%s", s->keyword_absent ? "no " : "",
             word);
    snprintf(res->actual, sizeof(res->actual), "%s", p->found ? "found" : "not found");
    if (p->found && s->keyword_absent)
        say(res, STATUS_DOWN, REASON_KEYWORD_PRESENT, "keyword",
            "%s is in the answer and must not be", word);
    else if (!p->found && f->cut)
        say(res, STATUS_DOWN, REASON_BODY_TOO_LARGE, "keyword",
            "%s was not found in the first MiB, and the answer goes on", word);
    else if (!p->found && !s->keyword_absent)
        say(res, STATUS_DOWN, REASON_KEYWORD_MISSING, "keyword", "%s is not in the answer",
            word);
}

static void judge(const struct probe *p, const struct fetch_result *f,
                  struct probe_result *res)
{
    const struct probe_spec *s = p->spec;
    long ms = (long)(f->total_us / 1000);

    res->status = STATUS_UP;
    if (f->reason != REASON_OK) {
        say(res, STATUS_DOWN, f->reason, "connection", "%s", f->message);
        snprintf(res->expected, sizeof(res->expected), "a complete answer");
        snprintf(res->actual, sizeof(res->actual), "%s", f->message);
        return;
    }
    if (!expect_match(&s->expect, f->code)) {
        say(res, STATUS_DOWN, REASON_HTTP_CODE, "code", "expected %s, got %d", s->expect_text,
            f->code);
        snprintf(res->expected, sizeof(res->expected), "%s", s->expect_text);
        snprintf(res->actual, sizeof(res->actual), "%d", f->code);
        return;
    }
    if (s->keyword)
        judge_keyword(p, f, res);
    if (res->status != STATUS_UP || s->degraded_ms == 0 || ms <= s->degraded_ms)
        return;
    say(res, STATUS_DEGRADED, REASON_SLOW, "time", "took %ld ms, more than %d ms", ms,
        s->degraded_ms);
    snprintf(res->expected, sizeof(res->expected), "at most %d ms", s->degraded_ms);
    snprintf(res->actual, sizeof(res->actual), "%ld ms", ms);
}

static void ended(void *arg, const struct fetch_result *f)
{
    struct probe *p = arg;
    struct probe_result res;

    res.message[0] = res.expected[0] = res.actual[0] = '\0';
    res.assertion = NULL;
    res.reason = REASON_OK;
    res.fetch = f;
    res.code = f->code;
    res.total_us = f->total_us;
    res.phase_us[0] = (int32_t)f->dns_us;
    res.phase_us[1] = (int32_t)f->connect_us;
    res.phase_us[2] = (int32_t)f->tls_us;
    res.phase_us[3] = (int32_t)f->ttfb_us;
    res.tls_not_after = f->tls_not_after;
    judge(p, f, &res);
    p->done(p->arg, &res);
    probe_spec_drop(p->spec);
    free(p);
}

static bool body(void *arg, const char *bytes, size_t n)
{
    struct probe *p = arg;

    if (n == 0) { /* another answer begins, after a redirect */
        p->at = 0;
        p->found = false;
    }
    if (!p->found)
        p->found = search_feed(p->spec->keyword, &p->at, bytes, n);
    return true; /* read on: the time to the end of the body is part of the result */
}

struct probe *probe_http_start(struct fetch *f, struct probe_spec *spec, unsigned flags,
                               probe_done done, void *arg)
{
    struct probe *p = calloc(1, sizeof(*p));
    struct fetch_request q = {
        .url = spec->url,
        .method = spec->method,
        .headers = spec->headers,
        .body = spec->body,
        .body_len = spec->body_len,
        .timeout_ms = spec->timeout_s * 1000L,
        .redirects = spec->redirects,
        .flags = (spec->verify_tls ? 0 : FETCH_NO_VERIFY) |
                 (flags & PROBE_KEEP ? FETCH_KEEP_HEADERS | FETCH_KEEP_TLS : 0),
        .keep_body = flags & PROBE_KEEP ? EXCERPT_MAX : 0,
        .data = spec->keyword ? body : NULL,
        .done = ended,
        .arg = p,
    };

    if (!p)
        return NULL;
    p->spec = spec;
    p->done = done;
    p->arg = arg;
    if (!(p->job = fetch_start(f, &q))) {
        free(p);
        return NULL;
    }
    probe_spec_use(spec);
    return p;
}

void probe_cancel(struct probe *p)
{
    fetch_cancel(p->job);
    probe_spec_drop(p->spec);
    free(p);
}
