/*
 * status_rule: who may read a page, as the publisher wrote it beside the page's files.
 *
 *     address 192.0.2.0/24 2001:db8::/32     only from there
 *     password $y$j9T$…                      only with this password, for any user name
 *
 * A line each; with both, both have to hold. Anything else makes the whole rule void, and a
 * void rule lets nobody in.
 */
#ifndef TOCSIN_STATUS_RULE_H
#define TOCSIN_STATUS_RULE_H

#include <apr_network_io.h>
#include <apr_tables.h>

#define RULE_MAX      65536 /* bytes of the file */
#define RULE_NETS_MAX 1000

struct status_rule {
    apr_array_header_t *nets; /* apr_ipsubnet_t *; empty: from anywhere */
    const char *password;     /* crypt(3); NULL: without */
};

/* Read it into p: NULL, or what is wrong with it. `text` is changed. */
const char *rule_parse(apr_pool_t *p, char *text, struct status_rule *out);
/* May this address read? */
int rule_admits(const struct status_rule *rule, apr_sockaddr_t *from);

#endif
