/* known: which systems there are, for labels to name. */
#ifndef TOCSIN_CLI_KNOWN_H
#define TOCSIN_CLI_KNOWN_H

#include "github_issue.h"

/*
 * Those of the configuration (.monitorrc.json when `config` is NULL and it is there), of
 * `more` or $SYSTEM_LABELS. -1: said on stderr.
 */
int known_systems(struct issue_rules *rules, struct arena **m, const char *config,
                  const struct flag_list *more);

#endif
