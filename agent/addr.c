#include "addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_port(const char *s, int *out)
{
    char *end;
    long n = strtol(s, &end, 10);

    if (*s < '0' || *s > '9' || *end || n < 0 || n > 65535)
        return -1;
    *out = (int)n;
    return 0;
}

int addr_parse(struct addr *a, const char *text, int port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->at;
    bool bracket = *text == '[';
    size_t n = strcspn(text + bracket, bracket ? "]" : ":");
    const char *rest = text + bracket + n;
    char host[ADDR_TEXT];

    memset(a, 0, sizeof(*a));
    if (n >= sizeof(host) || (bracket && *rest++ != ']'))
        return -1;
    memcpy(host, text + bracket, n);
    host[n] = '\0';
    if (*rest == ':' ? parse_port(rest + 1, &port) : *rest != '\0' || port == 0)
        return -1;
    if (bracket) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        a->len = sizeof(*v6);
        return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? 0 : -1;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    a->len = sizeof(*v4);
    return inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &v4->sin_addr) ==
                   1
               ? 0
               : -1;
}

bool addr_is_private(const struct addr *a)
{
    static const struct {
        uint32_t net;
        int bits;
    } nets[] = {
        {0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}, {0x64400000, 10}, {0x7f000000, 8},
    };
    const uint8_t *six = ((const struct sockaddr_in6 *)&a->at)->sin6_addr.s6_addr;
    uint32_t four = ntohl(((const struct sockaddr_in *)&a->at)->sin_addr.s_addr);

    if (a->at.ss_family == AF_INET6) {
        if (!IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)&a->at)->sin6_addr))
            return (six[0] & 0xfe) == 0xfc ||
                   IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&a->at)->sin6_addr);
        memcpy(&four, six + 12, 4);
        four = ntohl(four);
    }
    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
        if ((four ^ nets[i].net) >> (32 - nets[i].bits) == 0)
            return true;
    return false;
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT])
{
    bool six = a->at.ss_family == AF_INET6;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->at;
    char host[INET6_ADDRSTRLEN] = "?";

    inet_ntop(a->at.ss_family, six ? (const void *)&v6->sin6_addr : &v4->sin_addr, host,
              sizeof(host));
    snprintf(out, ADDR_TEXT, six ? "[%s]:%d" : "%s:%d", host,
             ntohs(six ? v6->sin6_port : v4->sin_port));
    return out;
}
