/*
 * github_issue: what an issue says, as an incident or a maintenance window.
 *
 * Severity is the first of critical, major, maintenance, minor that a label says, and minor
 * when none does. A label names a system by its name or display name, alone or after a type
 * ("system:api"). A maintenance label makes a window of any issue.
 */
#ifndef TOCSIN_CLI_GITHUB_ISSUE_H
#define TOCSIN_CLI_GITHUB_ISSUE_H

#include <jansson.h>

#include "notes.h"
#include "options.h"

struct issue_rules {
    const char *separator;               /* between type and name; ":" */
    struct flag_list maintenance;        /* labels */
    const char **name, **display, **url; /* of the systems that are known; url may be NULL */
    int systems;
};

/* Is it one, by its labels? */
bool issue_has_label(const json_t *issue, const char *label);
bool issue_is_window(const json_t *issue, const struct issue_rules *rules);

/*
 * Fills a note from an entry of github_list(). 1: done; 0: a window that cannot be used, why
 * is in error with the field; -1: this is no issue at all.
 */
int issue_incident(struct note *out, struct arena **m, const json_t *issue,
                   const struct issue_rules *rules, char *error, size_t size);
int issue_window(struct note *out, struct arena **m, const json_t *issue,
                 const struct issue_rules *rules, char *error, size_t size);

/* Adds the comments of github_list(). */
void issue_comments(struct note *out, struct arena **m, const json_t *comments);

#endif
