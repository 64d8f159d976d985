/*
 * server: the listening socket, TLS and HTTP.
 */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "agent.h"

#define SERVER_CONNECTIONS_MAX 64

/* Listen on conf->address; calls go to call_take(). NULL: said in the log. */
struct server *server_start(struct agent *agent);
/* Connections that there is room for. */
int server_room(const struct server *s);
/* Take no more connections; what is open goes on. */
void server_close(struct server *s);
void server_free(struct server *s);

/* HTTP without TLS on a connected descriptor, for tests and fuzzing of what is behind. */
struct evhttp *server_http(struct agent *agent);

#endif
