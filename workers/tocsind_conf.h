/*
 * tocsind_conf: what tocsind.conf says. Each key is explained in conf/tocsind.conf.
 */
#ifndef TOCSIND_CONF_H
#define TOCSIND_CONF_H

#include <stdbool.h>
#include "conf.h"

struct tocsind_conf {
    char *database; /* conninfo of the login tocsin_work */
    bool poll_only; /* no LISTEN: look once a second only */
    bool demo;      /* nothing is checked or sent: all of it is made up */

    int checkers; /* processes */
    char *region;
    int concurrency;               /* probes at once in one checker */
    struct conf_list allow_target; /* CIDRs that may be probed and sent to though private */

    char *public_url; /* where the pages are, for links; no slash at the end; may be NULL */
    char *smtp_url; /* smtp:// or smtps://; NULL: e-mail needs a server of the channel's own */
    char *smtp_from;
    char *smtp_user;
    char *smtp_password; /* read from smtp_password_file; NULL: none */
    char *smtp_password_file;
    char *smtp_starttls; /* required, opportunistic, off */
    char *smtp_ca_file;  /* NULL: the system's */
    int sends;           /* messages on their way at once */

    char *status_dir;       /* status pages, a folder each; NULL: none are written */
    char *status_data_dir;  /* status data as plain files; NULL: none */
    char *status_data_page; /* slug of the page whose monitors are in it, or "*" */
    bool status_data_null_err;

    char *fleet_dir;              /* keys and certificates of the fleet; NULL: there is none */
    char *fleet_socket;           /* where httpd reaches agents; NULL: run_dir/fleet.sock */
    char *fleet_socket_group;     /* NULL: our own */
    long fleet_poll;              /* seconds, for hosts for which nobody chose an interval */
    struct conf_list fleet_allow; /* CIDRs where agents may be; none: the private ranges */

    long keep_segments, keep_hours, keep_days, keep_deleted; /* seconds */

    char *run_dir;
    char *lock_file; /* NULL: run_dir/tocsind.lock */
    char *log_level;
    char *log_file; /* NULL: stderr as it was given */
    bool allow_root;
};

/* Read and check. NULL with a sentence ("FILE:LINE: …") on stderr or in the log is never
 * done here: why[] gets it. */
struct tocsind_conf *tocsind_conf_read(const char *path, char *why, size_t size);
void tocsind_conf_free(struct tocsind_conf *conf);

struct guard;
/* The networks where agents may be, and nothing else. */
void tocsind_conf_fleet(const struct tocsind_conf *conf, struct guard *allow);

#endif
