/*
 * role: what an account may do, from least to most.
 */
#ifndef TOCSIN_ROLE_H
#define TOCSIN_ROLE_H

enum tocsin_role {
    ROLE_ANYONE = 0, /* no sign-in needed */
    ROLE_VIEWER,
    ROLE_MEMBER,
    ROLE_OPERATOR,
    ROLE_ADMIN,
};

/* The word for a role, static; "" for ROLE_ANYONE. */
const char *tocsin_role_name(enum tocsin_role role);

/* The role for a word; ROLE_ANYONE for NULL or an unknown word. */
enum tocsin_role tocsin_role_parse(const char *word);

#endif
