/*
 * deploy_request: what the agent asks the deploy unit for, and what may be asked.
 *
 * The agent writes it into its own folder; the unit, which is root, believes none of it.
 */
#ifndef AGENT_DEPLOY_REQUEST_H
#define AGENT_DEPLOY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define DEPLOY_ID_SIZE     37
#define DEPLOY_REF_SIZE    201
#define DEPLOY_REQUEST_MAX 4096
#define DEPLOY_SHA_SIZE    65

struct deploy_request {
    char id[DEPLOY_ID_SIZE];
    char ref[DEPLOY_REF_SIZE]; /* "" when it is to look what there is, and no more */
};

/* 0, or -1 with the rule that is broken (static). */
int deploy_request_parse(const char *text, size_t n, struct deploy_request *request,
                         const char **why);

/* Lower-case hexadecimal digits and dashes, as RFC 9562 has them. */
bool deploy_id_ok(const char *id);
/* A name that git takes for a branch or a tag and for nothing else, or a commit. */
bool deploy_ref_ok(const char *ref);
/* All of a commit's name: 40 or 64 hexadecimal digits. */
bool deploy_ref_commit(const char *ref);
/* Does one of the blank-separated patterns fit, where '*' stands for any characters? */
bool deploy_ref_allowed(const char *patterns, const char *ref);

#endif
