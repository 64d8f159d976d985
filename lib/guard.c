#include "guard.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 255

struct range {
    uint8_t addr[16];
    uint8_t bits;
    const char *why;
};

/* IPv4 ranges are written in their mapped form: ::ffff:a.b.c.d with 96 more bits. */
#define V4(a, b, c, d, n) {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, 96 + (n)

static const struct range v4_special[] = {
    {V4(0, 0, 0, 0, 8), "an address of \"this network\""},
    {V4(10, 0, 0, 0, 8), "a private address"},
    {V4(100, 64, 0, 0, 10), "a carrier's shared address"},
    {V4(127, 0, 0, 0, 8), "a loopback address"},
    {V4(168, 63, 129, 16, 32), "a cloud's metadata address"},
    {V4(169, 254, 0, 0, 16), "a link-local address"},
    {V4(172, 16, 0, 0, 12), "a private address"},
    {V4(192, 0, 0, 0, 24), "a reserved address"},
    {V4(192, 0, 2, 0, 24), "an address for documentation"},
    {V4(192, 31, 196, 0, 24), "a reserved address"},
    {V4(192, 52, 193, 0, 24), "a reserved address"},
    {V4(192, 88, 99, 0, 24), "a reserved address"},
    {V4(192, 168, 0, 0, 16), "a private address"},
    {V4(192, 175, 48, 0, 24), "a reserved address"},
    {V4(198, 18, 0, 0, 15), "an address for benchmarks"},
    {V4(198, 51, 100, 0, 24), "an address for documentation"},
    {V4(203, 0, 113, 0, 24), "an address for documentation"},
    {V4(224, 0, 0, 0, 4), "a multicast address"},
    {V4(240, 0, 0, 0, 4), "a reserved address"},
};

/* What is outside of 2000::/3 is refused whatever it is; these say what it is. */
static const struct range v6_special[] = {
    {{0}, 128, "the unspecified address"},
    {{[15] = 1}, 128, "a loopback address"},
    {{0xfc}, 7, "a private address"},
    {{0xfe, 0x80}, 10, "a link-local address"},
    {{0xfe, 0xc0}, 10, "a private address"},
    {{0xff}, 8, "a multicast address"},
    {{0x20, 0x01}, 23, "a reserved address"}, /* Teredo, ORCHID, benchmarks, ... */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "an address for documentation"},
    {{0x26, 0x20, 0x00, 0x4f, 0x80}, 48, "a reserved address"},
    {{0x3f, 0xff}, 20, "an address for documentation"},
};

/* IPv6 prefixes that carry an IPv4 address, and where it stands. */
static const struct {
    uint8_t addr[16];
    uint8_t bits;
    uint8_t at;
} wrapped[] = {
    {{[10] = 0xff, 0xff}, 96, 12},      /* ::ffff:a.b.c.d */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12}, /* NAT64 */
    {{0x20, 0x02}, 16, 2},              /* 6to4 */
};

static bool within(const uint8_t *addr, const uint8_t *net, int bits)
{
    int whole = bits / 8, rest = bits % 8;

    if (memcmp(addr, net, whole) != 0)
        return false;
    return rest == 0 || ((addr[whole] ^ net[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

static void map_v4(uint8_t out[16], const uint8_t *four)
{
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    memcpy(out + 12, four, 4);
}

static bool allowed(const struct guard *g, const uint8_t addr[16])
{
    int i;

    for (i = 0; i < g->nallow; i++)
        if (within(addr, g->allow[i].addr, g->allow[i].bits))
            return true;
    return false;
}

static const char *check_v4(const struct guard *g, const uint8_t *four)
{
    uint8_t addr[16];
    size_t i;

    map_v4(addr, four);
    if (allowed(g, addr))
        return NULL;
    for (i = 0; i < sizeof(v4_special) / sizeof(*v4_special); i++)
        if (within(addr, v4_special[i].addr, v4_special[i].bits))
            return v4_special[i].why;
    return NULL;
}

static const char *check_v6(const struct guard *g, const uint8_t addr[16])
{
    size_t i;

    if (allowed(g, addr))
        return NULL;
    for (i = 0; i < sizeof(wrapped) / sizeof(*wrapped); i++)
        if (within(addr, wrapped[i].addr, wrapped[i].bits))
            return check_v4(g, addr + wrapped[i].at);
    for (i = 0; i < sizeof(v6_special) / sizeof(*v6_special); i++)
        if (within(addr, v6_special[i].addr, v6_special[i].bits))
            return v6_special[i].why;
    return (addr[0] & 0xe0) == 0x20 ? NULL : "a reserved address";
}

void guard_init(struct guard *g)
{
    memset(g, 0, sizeof(*g));
}

int guard_allow(struct guard *g, const char *cidr)
{
    struct guard_net net;
    char text[INET6_ADDRSTRLEN], *end;
    const char *slash = strchr(cidr, '/');
    size_t n = slash ? (size_t)(slash - cidr) : strlen(cidr);
    uint8_t four[4];
    int i, most = 128, base = 0;
    long bits;

    if (g->nallow == GUARD_ALLOW_MAX || n >= sizeof(text))
        return -1;
    memcpy(text, cidr, n);
    text[n] = '\0';
    if (inet_pton(AF_INET, text, four) == 1) {
        map_v4(net.addr, four);
        most = 32;
        base = 96;
    }
    else if (inet_pton(AF_INET6, text, net.addr) != 1) {
        return -1;
    }
    bits = most;
    if (slash) {
        if (slash[1] < '0' || slash[1] > '9')
            return -1;
        bits = strtol(slash + 1, &end, 10);
        if (*end != '\0' || bits > most)
            return -1;
    }
    net.bits = base + bits;
    for (i = net.bits; i < 128; i++) /* 10.1.2.3/8 is a slip: which of the two is meant? */
        if (net.addr[i / 8] & (0x80 >> (i % 8)))
            return -1;
    g->allow[g->nallow++] = net;
    return 0;
}

const char *guard_check(const struct guard *g, const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET)
        return check_v4(g, (const uint8_t *)&((const struct sockaddr_in *)addr)->sin_addr);
    if (addr->sa_family == AF_INET6)
        return check_v6(g, ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr);
    return "no internet address";
}

bool guard_named(const struct guard *g, const struct sockaddr *addr)
{
    uint8_t mapped[16];

    if (addr->sa_family == AF_INET) {
        map_v4(mapped, (const uint8_t *)&((const struct sockaddr_in *)addr)->sin_addr);
        return allowed(g, mapped);
    }
    return addr->sa_family == AF_INET6 &&
           allowed(g, ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr);
}

static const char *check_name(const struct guard *g, const char *name)
{
    static const char *const own[] = {"localhost", "localhost.localdomain", "ip6-localhost",
                                      "ip6-loopback"};
    static const uint8_t loop4[4] = {127, 0, 0, 1};
    static const uint8_t loop6[16] = {[15] = 1};
    const char *dot = strrchr(name, '.');
    bool local = dot && strcasecmp(dot, ".localhost") == 0;
    size_t i;

    for (i = 0; i < sizeof(own) / sizeof(*own) && !local; i++)
        local = strcasecmp(name, own[i]) == 0;
    if (!local || !check_v4(g, loop4) || !check_v6(g, loop6))
        return NULL;
    return "a name of this machine";
}

const char *guard_check_host(const struct guard *g, const char *host)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;
    char text[HOST_MAX + 1];
    const char *why;
    size_t n;

    if (*host == '[')
        host++;
    n = strlen(host);
    if (n > HOST_MAX)
        return "too long for a name";
    memcpy(text, host, n + 1);
    if (n > 0 && text[n - 1] == ']')
        text[--n] = '\0';
    if (n > 0 && text[n - 1] == '.') /* "localhost." and "127.0.0.1." are dialled as well */
        text[--n] = '\0';
    if (n == 0)
        return "no name";
    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return check_name(g, text);
    why = guard_check(g, found->ai_addr);
    freeaddrinfo(found);
    return why;
}
