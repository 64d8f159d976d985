/*
 * guard: which addresses may be dialled on behalf of a user.
 *
 * Users choose the addresses that are probed and called back, so every connection is
 * checked after the name was resolved, on the address that is about to be dialled, and
 * again on each redirect. The special-purpose ranges of IANA are refused (loopback,
 * private, link-local with the clouds' metadata, multicast, documentation, ...), also
 * when they come wrapped in IPv6, unless the administrator allows them.
 *
 *     struct guard g;
 *     guard_init(&g);
 *     guard_allow(&g, "10.0.0.0/8");
 *     why = guard_check(&g, addr);
 *
 * A guard is plain data: copy it, share it between threads once it is filled.
 */
#ifndef TOCSIN_GUARD_H
#define TOCSIN_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define GUARD_ALLOW_MAX 64

struct guard_net {
    uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;
};

struct guard {
    int nallow;
    struct guard_net allow[GUARD_ALLOW_MAX];
};

void guard_init(struct guard *g);

/* Allow "10.0.0.0/8", "fd00::/8", or one address. -1: malformed, bits set beyond the
 * prefix, or more than GUARD_ALLOW_MAX. */
int guard_allow(struct guard *g, const char *cidr);

/* NULL when the address may be dialled, or why not: "a loopback address" (static). */
const char *guard_check(const struct guard *g, const struct sockaddr *addr);

/* Is it within a network that guard_allow() named? For lists that say all that may be
 * dialled, not only what else. */
bool guard_named(const struct guard *g, const struct sockaddr *addr);

/*
 * guard_check for the host of a URL before anything is resolved, with or without brackets:
 * catches every literal spelling (2130706433, 0x7f.1, ::ffff:127.0.0.1, ...) and the
 * names of this machine (localhost and what ends in it). NULL for any other name: what
 * it resolves to is checked by guard_check when it is dialled.
 */
const char *guard_check_host(const struct guard *g, const char *host);

#endif
