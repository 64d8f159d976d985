/*
 * status_kept: what a child remembers of the pages it guards: their rules, as long as the
 * files that say them stay the same, and passwords that were right a while ago.
 */
#ifndef TOCSIN_STATUS_KEPT_H
#define TOCSIN_STATUS_KEPT_H

#include <httpd.h>

#define KEPT_S 600 /* a good password is not hashed again for so long */

/* Once in each child. */
void kept_child_init(apr_pool_t *p);

/*
 * May the client read what lies in the folder of a page? DECLINED: anybody may. OK: it may,
 * by a rule; when that has a password, *password is the hash to be met. HTTP_FORBIDDEN. Or
 * HTTP_INTERNAL_SERVER_ERROR, logged: there is a rule that cannot be used.
 */
int kept_admits(request_rec *r, const char *folder, const char **password);

/* Was this password right for this hash lately? And: it is. */
int kept_password(const char *hash, const char *password);
void keep_password(const char *hash, const char *password);

#endif
