/* v1_summary: what summary.json says of each system. */
#include <math.h>
#include <string.h>

#include "day.h"
#include "v1_in.h"

/* What open incidents and windows make of a state: down is worst. */
static const char *const names[] = {"up", "degraded", "down", "maintenance"};

static bool affects(const struct note *note, const char *name)
{
    for (int i = 0; i < note->systems; i++)
        if (!strcmp(note->system[i], name))
            return true;
    return false;
}

static enum state state_of(const struct v1_work *w, const struct v1_entity *e,
                           const struct v1_figures *f)
{
    const struct notes *notes = w->v1->notes;
    enum state state = STATE_DEGRADED; /* nothing measured: this layout has no better word */

    if (f && f->newest > w->now - DAY_MS)
        state = (enum state)f->state;
    else if (e->process)
        state = STATE_UP;
    for (int i = 0; notes && i < notes->windows; i++)
        if (note_window_covers(&notes->window[i], e->name, w->now / 1000))
            return STATE_MAINTENANCE;
    for (int i = 0; notes && i < notes->incidents; i++) {
        const struct note *note = &notes->incident[i];

        if (note->closed_at || !affects(note, e->name))
            continue;
        if (!strcmp(note->severity, "critical"))
            state = STATE_DOWN;
        else if (state != STATE_DOWN)
            state = STATE_DEGRADED;
    }
    return state;
}

/* Two decimals, rounded down: 100 only when nothing failed. */
static double percent(int64_t passed, int64_t total)
{
    return floor((double)passed * 10000 / (double)total) / 100;
}

/* Over the last `days` days, each check counting the same; -1: there is none. */
static double over(const struct v1_figures *f, int days)
{
    int64_t passed = 0, total = 0;

    for (int i = V1_DAYS - days; f && i < V1_DAYS; i++) {
        passed += f->day[i].passed;
        total += f->day[i].total;
    }
    return total ? percent(passed, total) : -1;
}

static double first_of(double a, double b, double c)
{
    if (a >= 0)
        return a;
    if (b >= 0)
        return b;
    return c >= 0 ? c : 0;
}

static json_t *uptime(const struct v1_figures *f, bool process)
{
    double d1 = f && f->total24 ? percent(f->passed24, f->total24) : -1;
    double d7 = over(f, 7), d90 = over(f, V1_DAYS);

    if (process && d90 < 0)
        d1 = 100;
    return json_pack("{s:f, s:f, s:f}", "d1", first_of(d1, d7, d90), "d7",
                     first_of(d7, d90, d1), "d90", first_of(d90, d7, d1));
}

static json_t *rounded(int64_t sum, int64_t n)
{
    return n ? json_integer((json_int_t)floor((double)sum / (double)n + 0.5)) : json_null();
}

static json_t *tuple(const struct v1_day *day)
{
    static const char *const codes[] = {"u", "g", "d", "m"};
    json_t *t = json_array();

    if (day->total == 0) { /* keeps the place of the days before it */
        json_array_append_new(t, json_integer(0));
        json_array_append_new(t, json_null());
        json_array_append_new(t, json_string("m"));
        return t;
    }
    json_array_append_new(t, json_real((double)day->passed * 100 / day->total));
    json_array_append_new(t, rounded(day->sum, day->ups));
    json_array_append_new(t, json_string(codes[day->worst]));
    return t;
}

static void add_days(json_t *o, const struct v1_work *w, const struct v1_figures *f)
{
    json_t *days = json_array(), *gaps = json_array();
    int first = V1_DAYS, last = V1_DAYS - 1;
    char date[11];

    if (f) {
        for (first = 0; first < V1_DAYS && f->day[first].total == 0;)
            first++;
        while (last > first && f->day[last].total == 0)
            last--;
    }
    for (int i = first; i <= last; i++) {
        json_array_append_new(days, tuple(&f->day[i]));
        if (f->day[i].total == 0) {
            day_print(w->today - (V1_DAYS - 1 - i), date);
            json_array_append_new(gaps, json_string(date));
        }
    }
    day_print(w->today - (V1_DAYS - 1 - last), date);
    json_object_set_new(o, "daysEnd", json_string(date));
    json_object_set_new(o, "days", days);
    if (json_array_size(gaps))
        json_object_set_new(o, "noData", gaps);
    else
        json_decref(gaps);
}

json_t *v1_entities(struct v1_work *w, const struct v1_entity *entity, int n)
{
    json_t *all = json_array();

    for (int i = 0; i < n; i++) {
        const struct v1_entity *e = &entity[i];
        uint32_t svc = names_id(&w->s->names, e->name, strlen(e->name));
        const struct v1_figures *f = svc < w->known ? &w->figures[svc] : NULL;
        json_t *o = json_object();

        if (f && !f->newest)
            f = NULL;
        json_object_set_new(o, "name", v1_text(e->name));
        json_object_set_new(o, "type", json_string(e->process ? "process" : "system"));
        if (e->display)
            json_object_set_new(o, "displayName", v1_text(e->display));
        if (e->description)
            json_object_set_new(o, "description", v1_text(e->description));
        json_object_set_new(o, "status", json_string(names[state_of(w, e, f)]));
        json_object_set_new(o, "uptime", uptime(f, e->process));
        json_object_set_new(
            o, "responseTimeMs",
            json_pack("{s:o}", "d1", rounded(f ? f->ms_sum : 0, f ? f->ms_n : 0)));
        add_days(o, w, f);
        json_array_append_new(all, o);
    }
    return all;
}
