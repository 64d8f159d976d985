/*
 * account: users of this machine, from /etc/passwd and /etc/group: a static program has no
 * other way to ask for them.
 */
#ifndef AGENT_ACCOUNT_H
#define AGENT_ACCOUNT_H

#include <sys/types.h>

#define ACCOUNT_GROUPS 64

struct account {
    char name[33], home[512];
    uid_t uid;
    gid_t gid, group[ACCOUNT_GROUPS]; /* all of them, the first one too */
    int ngroups;
};

/* 0, or -1: there is no such user. */
int account_find(const char *name, struct account *account);

#endif
