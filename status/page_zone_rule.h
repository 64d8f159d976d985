/*
 * page_zone_rule: the rule at the end of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3", that
 * holds after its last transition.
 */
#ifndef TOCSIN_PAGE_ZONE_RULE_H
#define TOCSIN_PAGE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct zone_date {
    char kind; /* 'M': month, week, day; 'J': 1-365 without February 29; 'N': 0-365 */
    int month, week, day; /* week 5 is the last; 'J' and 'N' use day alone */
    int32_t second;       /* of the wall clock, -167 h to 167 h */
};

struct zone_rule {
    bool there, summer; /* summer: two clocks and two dates */
    struct {
        char abbr[8];
        int32_t offset_s;        /* east */
    } clock[2];                  /* winter's, summer's */
    struct zone_date begin, end; /* of summer */
};

/* False when the text is no rule; then there is none. */
bool zone_rule_parse(struct zone_rule *r, const char *text);
/* Which clock holds at a moment: 0 or 1. */
int zone_rule_at(const struct zone_rule *r, int64_t at);

#endif
