/* when_word: the table, and the one rule of daylight saving that abbreviations need. */
#include "when_word.h"

#include <string.h>

#include "day.h"

#define HOUR 3600

static const struct {
    const char *word;
    enum word_kind kind;
    int value;
} words[] = {
    {"at", WORD_FILL, 0},
    {"on", WORD_FILL, 0},
    {"the", WORD_FILL, 0},
    {"of", WORD_FILL, 0},
    {"and", WORD_FILL, 0},
    {"today", WORD_DAY, 0},
    {"tomorrow", WORD_DAY, 1},
    {"tmr", WORD_DAY, 1},
    {"yesterday", WORD_DAY, -1},
    {"midnight", WORD_HOUR, 0},
    {"morning", WORD_HOUR, 6},
    {"noon", WORD_HOUR, 12},
    {"midday", WORD_HOUR, 12},
    {"afternoon", WORD_HOUR, 15},
    {"evening", WORD_HOUR, 20},
    {"night", WORD_HOUR, 22},
    {"tonight", WORD_TONIGHT, 22},
    {"now", WORD_NOW, 0},
    {"this", WORD_THIS, 0},
    {"coming", WORD_THIS, 0},
    {"next", WORD_NEXT, 0},
    {"in", WORD_IN, 0},
    {"ago", WORD_AGO, 0},
    {"from", WORD_FROM_NOW, 0},
    {"later", WORD_FROM_NOW, 0},
    {"a", WORD_A, 1},
    {"an", WORD_A, 1},
    {"one", WORD_A, 1},
    {"two", WORD_A, 2},
    {"three", WORD_A, 3},
    {"four", WORD_A, 4},
    {"five", WORD_A, 5},
    {"six", WORD_A, 6},
    {"half", WORD_HALF, 0},
    {"am", WORD_AM, 0},
    {"pm", WORD_PM, 0},
    {"s", WORD_UNIT, 1},
    {"sec", WORD_UNIT, 1},
    {"secs", WORD_UNIT, 1},
    {"second", WORD_UNIT, 1},
    {"seconds", WORD_UNIT, 1},
    {"m", WORD_UNIT, 60},
    {"min", WORD_UNIT, 60},
    {"mins", WORD_UNIT, 60},
    {"minute", WORD_UNIT, 60},
    {"minutes", WORD_UNIT, 60},
    {"h", WORD_UNIT, HOUR},
    {"hr", WORD_UNIT, HOUR},
    {"hrs", WORD_UNIT, HOUR},
    {"hour", WORD_UNIT, HOUR},
    {"hours", WORD_UNIT, HOUR},
    {"d", WORD_UNIT, DAY_S},
    {"day", WORD_UNIT, DAY_S},
    {"days", WORD_UNIT, DAY_S},
    {"w", WORD_UNIT, 7 * DAY_S},
    {"week", WORD_UNIT, 7 * DAY_S},
    {"weeks", WORD_UNIT, 7 * DAY_S},
    {"fortnight", WORD_UNIT, 14 * DAY_S},
    {"month", WORD_UNIT, -1},
    {"months", WORD_UNIT, -1},
    {"quarter", WORD_UNIT, -3},
    {"y", WORD_UNIT, -12},
    {"year", WORD_UNIT, -12},
    {"years", WORD_UNIT, -12},
    {"z", WORD_ZONE, 0},
    {"utc", WORD_ZONE, 0},
    {"gmt", WORD_ZONE, 0},
    {"wet", WORD_ZONE, 0},
    {"west", WORD_ZONE, 60},
    {"bst", WORD_ZONE, 60},
    {"cet", WORD_ZONE, 60},
    {"mez", WORD_ZONE, 60},
    {"cest", WORD_ZONE, 120},
    {"mesz", WORD_ZONE, 120},
    {"eet", WORD_ZONE, 120},
    {"sast", WORD_ZONE, 120},
    {"eest", WORD_ZONE, 180},
    {"msk", WORD_ZONE, 180},
    {"ist", WORD_ZONE, 330},
    {"sgt", WORD_ZONE, 480},
    {"hkt", WORD_ZONE, 480},
    {"awst", WORD_ZONE, 480},
    {"jst", WORD_ZONE, 540},
    {"kst", WORD_ZONE, 540},
    {"acst", WORD_ZONE, 570},
    {"aest", WORD_ZONE, 600},
    {"acdt", WORD_ZONE, 630},
    {"aedt", WORD_ZONE, 660},
    {"nzst", WORD_ZONE, 720},
    {"nzdt", WORD_ZONE, 780},
    {"brt", WORD_ZONE, -180},
    {"art", WORD_ZONE, -180},
    {"nst", WORD_ZONE, -210},
    {"ast", WORD_ZONE, -240},
    {"adt", WORD_ZONE, -180},
    {"est", WORD_ZONE, -300},
    {"edt", WORD_ZONE, -240},
    {"cst", WORD_ZONE, -360},
    {"cdt", WORD_ZONE, -300},
    {"mst", WORD_ZONE, -420},
    {"mdt", WORD_ZONE, -360},
    {"pst", WORD_ZONE, -480},
    {"pdt", WORD_ZONE, -420},
    {"akst", WORD_ZONE, -540},
    {"akdt", WORD_ZONE, -480},
    {"hst", WORD_ZONE, -600},
    {"et", WORD_US_ZONE, -300},
    {"ct", WORD_US_ZONE, -360},
    {"mt", WORD_US_ZONE, -420},
    {"pt", WORD_US_ZONE, -480},
};

/* The names of days and months, and what at least must be written of them. */
static const struct {
    const char *word;
    enum word_kind kind;
    int value;
} names[] = {
    {"monday", WORD_WEEKDAY, 0},    {"tuesday", WORD_WEEKDAY, 1},
    {"wednesday", WORD_WEEKDAY, 2}, {"thursday", WORD_WEEKDAY, 3},
    {"friday", WORD_WEEKDAY, 4},    {"saturday", WORD_WEEKDAY, 5},
    {"sunday", WORD_WEEKDAY, 6},    {"january", WORD_MONTH, 1},
    {"february", WORD_MONTH, 2},    {"march", WORD_MONTH, 3},
    {"april", WORD_MONTH, 4},       {"may", WORD_MONTH, 5},
    {"june", WORD_MONTH, 6},        {"july", WORD_MONTH, 7},
    {"august", WORD_MONTH, 8},      {"september", WORD_MONTH, 9},
    {"october", WORD_MONTH, 10},    {"november", WORD_MONTH, 11},
    {"december", WORD_MONTH, 12},
};

enum word_kind when_word(const char *word, size_t len, int *value)
{
    size_t i;

    *value = 0;
    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i].word) == len && !memcmp(words[i].word, word, len)) {
            *value = words[i].value;
            return words[i].kind;
        }
    for (i = 0; len >= 3 && i < sizeof(names) / sizeof(*names); i++)
        if (!strncmp(names[i].word, word, len) && len <= strlen(names[i].word)) {
            *value = names[i].value;
            return names[i].kind;
        }
    return WORD_UNKNOWN;
}

/* The day of the n-th Sunday of a month. */
static int sunday(int year, int month, int n)
{
    int first = day_of_date(year, month, 1);

    return first + (6 - (first + 3) % 7) + 7 * (n - 1); /* 1970-01-01 was a Thursday */
}

int when_us_offset(int winter_minutes, int64_t wall)
{
    int year, month, mday;
    int64_t begins, ends;

    day_to_date((int)(wall / DAY_S), &year, &month, &mday);
    begins = (int64_t)sunday(year, 3, 2) * DAY_S + 2 * HOUR;
    ends = (int64_t)sunday(year, 11, 1) * DAY_S + 2 * HOUR;
    return winter_minutes * 60 + (wall >= begins && wall < ends ? HOUR : 0);
}
