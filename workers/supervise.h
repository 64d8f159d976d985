/*
 * supervise: the master: has a process for each row of roles[], and has it again.
 */
#ifndef TOCSIND_SUPERVISE_H
#define TOCSIND_SUPERVISE_H

#include "tocsind_conf.h"

/* Takes conf over. ready_fd: gets a byte when all
 * roles are ready, or -1. The exit status. */
int supervise(struct tocsind_conf *conf, const char *conf_path, int ready_fd);

#endif
