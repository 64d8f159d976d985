/*
 * expect: which HTTP status codes count as good, "200-399,401".
 */
#ifndef TOCSIN_EXPECT_H
#define TOCSIN_EXPECT_H

#include <stdbool.h>

#define EXPECT_MAX 20 /* ranges in one text */

struct expect {
    int n;
    struct {
        short from, to;
    } range[EXPECT_MAX];
};

/* Read a text of codes and ranges from 100 to 599, ascending within a range. -1: it is
 * none; *e then expects nothing. */
int expect_parse(struct expect *e, const char *text);

bool expect_match(const struct expect *e, int code);

#endif
