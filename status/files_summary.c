/*
 * files_summary: days that only daily-summary.json still knows.
 *
 * It tells how many checks passed, not when: the share of those that did not is taken for
 * the share of the day that the system was down.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "files_impl.h"
#include "status.h"

#define SUMMARY_BYTES (256 << 20)

void files_read_summary(struct files *f)
{
    char path[4200];
    size_t len = 0;
    char *text;

    snprintf(path, sizeof(path), "%s/daily-summary.json", f->from->dir);
    if (!(text = file_read(path, SUMMARY_BYTES, &len)))
        return;
    f->summary = json_loadb(text, len, 0, NULL);
    free(text);
}

static int32_t number(json_t *entry, const char *key, int32_t unset)
{
    json_t *v = json_object_get(entry, key);
    double value = json_number_value(v);

    return json_is_number(v) && value >= 0 && value < INT32_MAX ? (int32_t)value : unset;
}

static void take(struct page_day *day, json_t *entry)
{
    json_t *share = json_object_get(entry, "uptimePct");
    double up = json_number_value(share);
    int32_t checks = number(entry, "checksTotal", 0);
    int32_t passed = number(entry, "checksPassed", 0);

    if (!json_is_number(share) || !(up >= 0 && up <= 1) || checks == 0 || passed > checks)
        return;
    day->seconds[STATUS_UP] = (int32_t)(up * DAY_S + 0.5);
    day->seconds[STATUS_DOWN] = DAY_S - day->seconds[STATUS_UP];
    day->checks = checks;
    day->failed = checks - passed;
    day->avg_ms = number(entry, "avgLatencyMs", -1);
    day->p95_ms = number(entry, "p95LatencyMs", -1);
}

void files_old_days(const struct files *f, struct page_component *c, const char *name)
{
    int first = day_of_ms(f->from->now_ms) - PAGE_DAYS + 1, day;
    json_t *list = json_object_get(json_object_get(f->summary, "services"), name), *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *date = json_string_value(json_object_get(entry, "date"));

        if (date && day_parse(date, strlen(date), &day) && day >= first &&
            day < first + PAGE_DAYS - 1 && c->day[day - first].checks == 0)
            take(&c->day[day - first], entry);
    }
}
