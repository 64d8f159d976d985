/*
 * route: from a method and a path to the function that answers.
 *
 * In a pattern "{app}" stands for the id of an app on the list, "{word}" for any other
 * word ([A-Za-z0-9_-][A-Za-z0-9._-]{0,127}); they come in call->app and call->word[].
 */
#ifndef AGENT_ROUTE_H
#define AGENT_ROUTE_H

#include <event2/http.h>
#include <stddef.h>

#define ROUTE_WORDS    3
#define ROUTE_WORD_MAX 128

struct call;

struct route {
    enum evhttp_cmd_type method; /* EVHTTP_REQ_GET, _POST, _PUT */
    const char *pattern;
    void (*handle)(struct call *);
    int kind;
};

#define ROUTE_BODY   1 /* a JSON object must come, and is in call->body */
#define ROUTE_STREAM 2 /* keeps its connection: refused before there is no room for polls */

struct route_match {
    const struct route *route; /* NULL: none */
    unsigned allowed;          /* methods that the path knows, when route is NULL */
    char app[ROUTE_WORD_MAX + 1];
    char word[ROUTE_WORDS][ROUTE_WORD_MAX + 1];
};

/* Tried in order over all tables of parts.c. */
void route_find(struct route_match *m, unsigned method, const char *path);

/* Does the path fit? Fills app and word. For tests as well. */
int route_fits(struct route_match *m, const char *pattern, const char *path);

/* "GET, PUT" */
const char *route_allow(unsigned methods, char out[64]);

#endif
