#define _GNU_SOURCE
#include "account.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static void find_groups(struct account *account)
{
    FILE *f = fopen("/etc/group", "re");
    struct group *g;

    account->group[0] = account->gid;
    account->ngroups = 1;
    while (f && account->ngroups < ACCOUNT_GROUPS && (g = fgetgrent(f)))
        for (char **who = g->gr_mem; *who; who++)
            if (!strcmp(*who, account->name) && g->gr_gid != account->gid) {
                account->group[account->ngroups++] = g->gr_gid;
                break;
            }
    if (f)
        fclose(f);
}

int account_find(const char *name, struct account *account)
{
    FILE *f = fopen("/etc/passwd", "re");
    struct passwd *p;
    int r = -1;

    memset(account, 0, sizeof(*account));
    while (f && r && (p = fgetpwent(f))) {
        if (strcmp(p->pw_name, name))
            continue;
        r = 0;
        snprintf(account->name, sizeof(account->name), "%s", name);
        snprintf(account->home, sizeof(account->home), "%s", p->pw_dir);
        account->uid = p->pw_uid;
        account->gid = p->pw_gid;
        find_groups(account);
    }
    if (f)
        fclose(f);
    return r;
}
