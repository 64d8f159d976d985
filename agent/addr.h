/*
 * addr: numeric addresses. A static glibc resolves no names, and nothing here wants to.
 */
#ifndef AGENT_ADDR_H
#define AGENT_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDR_TEXT 64

struct addr {
    struct sockaddr_storage at;
    socklen_t len;
};

/* "10.0.0.4:7443", "[fd00::4]:7443"; without a port `port`, 0: the port must be there.
 * "localhost" is 127.0.0.1. -1: it is none. */
int addr_parse(struct addr *a, const char *text, int port);

/* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7, and this machine's loopback. */
bool addr_is_private(const struct addr *a);

/* "10.0.0.4:7443" */
const char *addr_text(const struct addr *a, char out[ADDR_TEXT]);

#endif
