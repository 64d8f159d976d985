/*
 * role: see role.h.
 */
#include <string.h>

#include "role.h"

static const char *const names[] = {"", "viewer", "member", "operator", "admin"};

const char *tocsin_role_name(enum tocsin_role role)
{
    return role >= ROLE_VIEWER && role <= ROLE_ADMIN ? names[role] : "";
}

enum tocsin_role tocsin_role_parse(const char *word)
{
    for (int i = ROLE_VIEWER; word && i <= ROLE_ADMIN; i++)
        if (!strcmp(word, names[i]))
            return (enum tocsin_role)i;
    return ROLE_ANYONE;
}
