/*
 * agent_link_impl: what agent_link.c and agent_link_end.c share.
 */
#ifndef TOCSIND_AGENT_LINK_IMPL_H
#define TOCSIND_AGENT_LINK_IMPL_H

#include "agent_link.h"
#include "curl_loop.h"

struct agent_link {
    struct curl_loop loop;
    struct guard allow;
    const struct pki *pki;
    int most;
    struct agent_call *calls, *idle;
    unsigned connects;
};

struct agent_call {
    struct agent_link *link;
    struct agent_call *next; /* in idle */
    CURL *easy;              /* made at the first use, kept */
    bool busy;
    struct agent_peer peer;
    struct curl_slist *connect_to, *headers;
    enum agent_take (*data)(void *arg, const struct agent_answer *head, const char *bytes,
                            size_t n);
    void (*done)(void *arg, const struct agent_answer *answer);
    void *arg;
    size_t most;
    int timeout_ms;
    const char *why;      /* the guard said no */
    const char *too_much; /* what there was too much of */
    bool enough;          /* data() had enough */
    size_t head_seen;
    char *body;
    size_t body_size;
    char error[CURL_ERROR_SIZE];
    struct agent_answer answer;
};

/* agent_link_end.c: fill end and message of the answer. */
void agent_call_explain(struct agent_call *c, CURLcode rc);

#endif
