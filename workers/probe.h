/*
 * probe: one check of one monitor, from its settings to a result.
 *
 * A probe ends once, through its done callback, with one named reason. What it finds is a
 * single observation: whether to believe it is the business of lib/verdict.
 */
#ifndef TOCSIND_PROBE_H
#define TOCSIND_PROBE_H

#include "expect.h"
#include "fetch.h"
#include "search.h"
#include "status.h"

/* Settings as they come from the database: texts, none NULL. */
struct probe_settings {
    const char *url, *method, *headers /* JSON object */, *body, *expect, *keyword;
    bool keyword_absent, verify_tls;
    int timeout_s, redirects, degraded_ms; /* degraded_ms 0: no limit */
};

/* The same, read; shared by the probes of a monitor. */
struct probe_spec {
    int uses;
    char *url, *body;
    char method[12], expect_text[164];
    size_t body_len;
    struct curl_slist *headers;
    struct expect expect;
    struct search *keyword; /* NULL: none */
    bool keyword_absent, verify_tls;
    int timeout_s, redirects, degraded_ms;
};

/* NULL: out of memory. What cannot be read (the API refuses it first) expects nothing. */
struct probe_spec *probe_spec_new(const struct probe_settings *from);
/* Settings that an edit takes away stay until the probes that use them have ended. */
struct probe_spec *probe_spec_use(struct probe_spec *spec);
void probe_spec_drop(struct probe_spec *spec);
/* Are they the same? Then an edit was of something else. */
bool probe_spec_same(const struct probe_spec *a, const struct probe_spec *b);

struct probe_result {
    int status; /* STATUS_UP, STATUS_DEGRADED or STATUS_DOWN */
    enum reason reason;
    int code;
    int64_t total_us;
    int32_t phase_us[4];             /* dns, connect, tls, ttfb */
    int64_t tls_not_after;           /* unix time, 0: none seen */
    char message[FETCH_MESSAGE_MAX]; /* "" when up */
    const char *assertion; /* what failed: "connection", "code", "keyword", "time"; NULL */
    char expected[300], actual[300];
    const struct fetch_result *fetch; /* the rest, for "test now" */
};

enum { PROBE_KEEP = 1 }; /* keep headers, certificate and the beginning of the body */

struct probe;
typedef void (*probe_done)(void *arg, const struct probe_result *res);

/* NULL: the fetch is full. done is called from the loop, never from here. */
struct probe *probe_http_start(struct fetch *f, struct probe_spec *spec, unsigned flags,
                               probe_done done, void *arg);
void probe_cancel(struct probe *p);

#endif
