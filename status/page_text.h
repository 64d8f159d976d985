/*
 * page_text: the words of a status page, in the languages there are.
 *
 * A language is a file page_text_XX.c with one table; a word that it lacks is English.
 */
#ifndef TOCSIN_PAGE_TEXT_H
#define TOCSIN_PAGE_TEXT_H

#include <stdbool.h>

#include "buf.h"

enum word {
    W_UNKNOWN, /* the six states, by number */
    W_UP,
    W_DEGRADED,
    W_DOWN,
    W_MAINTENANCE,
    W_PAUSED,
    W_ALL_UP, /* the banner */
    W_SOME_DEGRADED,
    W_PARTIAL_OUTAGE,
    W_MAJOR_OUTAGE,
    W_IN_MAINTENANCE,
    W_SOME_UNKNOWN,
    W_ALL_UNKNOWN,
    W_ALL_PAUSED,
    W_OPEN_INCIDENT,
    W_EMPTY,
    W_DOWN_SINCE,     /* {1} name, {2} time */
    W_DEGRADED_SINCE, /* {1} name, {2} time */
    W_AFFECTED,       /* {1} names */
    W_UPDATED,        /* {1} time */
    W_AGE_RULE,
    W_AGE_RULE_LONG, /* {1} duration */
    W_COMPONENTS,    /* headings */
    W_OPEN_INCIDENTS,
    W_PAST_INCIDENTS,
    W_PAST_DAYS, /* the last 14 days */
    W_NO_INCIDENTS,
    W_NO_INCIDENTS_MONTH,
    W_HISTORY,
    W_BACK,
    W_SKIP,
    W_90_DAYS_AGO, /* the strip */
    W_30_DAYS_AGO,
    W_TODAY,
    W_IN_90_DAYS, /* {1} percent */
    W_NO_DATA,
    W_NO_DATA_DAYS, /* {1} how many */
    W_STRIP,        /* {1} percent, {2} how many days with problems */
    W_PROBLEM_DAYS, /* {1} how many */
    W_DAY,
    W_STATUS,
    W_DETAILS,
    W_UPTIME,
    W_P95,
    W_CHECKS,
    W_FAILED,
    W_INVESTIGATING, /* phases */
    W_IDENTIFIED,
    W_MONITORING,
    W_RESOLVED,
    W_COMMENT,
    W_CRITICAL, /* severities */
    W_MAJOR,
    W_MINOR,
    W_AFFECTS, /* {1} names */
    W_STARTED, /* {1} time */
    W_LASTED,  /* {1} duration */
    W_EARLIER, /* {1} how many */
    W_POSTMORTEM,
    W_ELSEWHERE,
    W_UPCOMING, /* maintenance */
    W_IN_PROGRESS,
    W_COMPLETED,
    W_SUBSCRIBE,
    W_EMAIL,
    W_SUBSCRIBE_DO,
    W_SUBSCRIBE_HELP,
    W_ONLY_ABOUT,
    W_WEBHOOK_HELP,
    W_FEEDS,
    W_CALENDAR,
    W_LEGEND,
    W_DAY_RULE, /* {1} duration */
    W_PERCENT_RULE,
    W_DAYS_RULE, /* {1} zone */
    W_BADGE,
    W_JSON,
    W_ZONE, /* what page.js makes */
    W_ZONE_HERE,
    W_THEME,
    W_LIGHT,
    W_DARK,
    W_SYSTEM,
    W_STALE,      /* {1} duration */
    W_NO_REFRESH, /* {1} time */
    W_PREVIOUS,
    W_NEXT,
    W_CLOSE,
    W_SENDING,
    W_SENT,
    W_SENT_HOOK,
    W_NOT_SENT,
    W_B_STATUS, /* badges */
    W_B_UPTIME,
    W_B_RESPONSE,
    W_LINK_OPEN, /* of the embedded bar */
    WORDS
};

struct language {
    const char *code;
    bool rtl;
    const char *decimal;   /* between 99 and 91 */
    const char *percent;   /* behind it */
    const char *date;      /* {1} day, {2} month, {3} year */
    const char *month[12]; /* short */
    const char *long_month[12];
    const char *word[WORDS];
};

extern const struct language language_en, language_de, language_fr, language_es, language_ar;

/* By "de", "de-AT", "DE_at"; English when there is no such. Never NULL. */
const struct language *language_of(const char *code);
const char *language_word(const struct language *l, enum word w);
/* A phrase with {1} and {2} put in as they are; NULL is empty. */
void language_say(buf *out, const struct language *l, enum word w, const char *one,
                  const char *two);
/* "12 Nov 2026" */
void language_date(buf *out, const struct language *l, int year, int month, int day);
/* "99.91 %" of hundredths of a percent; "—" for less than 0. */
void language_percent(buf *out, const struct language *l, int hundredths);

#endif
