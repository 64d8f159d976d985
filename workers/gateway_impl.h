/*
 * gateway_impl: what the files of the role gateway share.
 *
 *   gateway.c         the role, its socket, and who answers which path
 *   gateway_pass.c    one request handed to an agent, and its answer or stream handed back
 *   gateway_enrol.c   a new agent: proof, certificate
 *   gateway_socket.c  the socket's place in the file system
 */
#ifndef TOCSIND_GATEWAY_IMPL_H
#define TOCSIND_GATEWAY_IMPL_H

#include <event2/http.h>

#include "agent_hosts.h"

#define GATEWAY_BODY_MAX                                                                      \
    (1024 * 1024 + 64 * 1024) /* an env file as JSON is more than itself */
#define GATEWAY_HOST_PASS 24  /* requests at once to one agent, which takes 64 connections */
#define GATEWAY_HOST_SSE  36  /* and streams */

struct gateway {
    struct worker *w;
    struct pki *pki;
    struct guard allow;
    struct agent_link *link;
    struct agent_hosts *hosts;
    struct evhttp *http;
    struct evhttp_bound_socket *bound;
    struct pass *passes;
    int streams, asks; /* of passes */
    int enrols;
    bool said_pin;
};

struct places { /* of one host; agent_host.data */
    int streams, asks;
};

/* {"error":"…"} */
void gateway_error(struct evhttp_request *req, int status, const char *error);
void gateway_reply(struct evhttp_request *req, int status, const char *type, const char *body,
                   size_t len);
/* Nothing runs any more, and we are to leave. */
void gateway_left(struct gateway *g);

/* gateway_pass.c: path begins with /v1/ */
void pass_request(struct gateway *g, struct agent_host *host, struct evhttp_request *req,
                  const char *path);
/* Streams of a host that is not what it was. */
void pass_cut(struct gateway *g, long long host);
/* Each second: who does not read, who does not speak. */
void pass_look(struct gateway *g);
void pass_stop(struct gateway *g); /* streams end, requests go on */

/* gateway_enrol.c */
void enrol_request(struct gateway *g, struct evhttp_request *req);

/* gateway_socket.c: a listening socket at path, in the place of any before. -1: said in why.
 */
int gateway_socket(const char *path, const char *group, char *why, size_t size);

#endif
