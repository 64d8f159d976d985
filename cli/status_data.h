/*
 * status_data: the commands of `tocsin status-data`, which work on plain files.
 *
 * One is added by a `const struct command data_NAME` in its own file, named
 * "status-data NAME", its line here, and its row in status_data.c. They end with 0 when all
 * is well, EXIT_FAILURE when something could not be done (said on stderr), CLI_USAGE when
 * called wrongly.
 */
#ifndef TOCSIN_CLI_STATUS_DATA_H
#define TOCSIN_CLI_STATUS_DATA_H

#include "cli.h"

extern const struct command data_bootstrap;
extern const struct command data_compress;
extern const struct command data_config;
extern const struct command data_open_issues;
extern const struct command data_migrate;
extern const struct command data_publish;
extern const struct command data_rebuild;
extern const struct command data_summarize;
extern const struct command data_sync;
extern const struct command data_update_status;

#define DATA_LOCK_MS 60000 /* how long a command waits for another writer */

/* For store_tell(): each sentence on stderr. */
void data_tell(void *, const char *sentence);

#endif
