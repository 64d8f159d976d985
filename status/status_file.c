#include "status_file.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "names.h"

#define INCIDENTS_MOST 20
#define NOTES_BYTES    (64 << 20)

/* What is known of one system. */
struct item {
    int64_t newest;
    enum state state;
    long up, counted, open; /* counted: not in maintenance */
    int64_t lat_sum;
};

struct items {
    struct names names;
    struct item *item;
    size_t room;
    int64_t now, from;
};

static int take(const struct reading *r, int, void *arg)
{
    struct items *all = arg;
    struct item *it;
    uint32_t id;

    if (r->t > all->now || r->t < all->from)
        return 0;
    id = names_id(&all->names, r->svc, strlen(r->svc));
    if (id >= all->room) {
        size_t room = id * 2 + 64;
        struct item *more = realloc(all->item, room * sizeof(*more));

        if (!more)
            abort();
        memset(more + all->room, 0, (room - all->room) * sizeof(*more));
        all->item = more;
        all->room = room;
    }
    it = &all->item[id];
    if (r->t >= it->newest) {
        it->newest = r->t;
        it->state = r->state;
    }
    it->counted += r->state != STATE_MAINTENANCE;
    if (r->state == STATE_UP) {
        it->up++;
        it->lat_sum += r->lat > 0 ? r->lat : 0;
    }
    return 0;
}

/* incidents.json or maintenance.json as they are; what is not there or no list is empty. */
static json_t *notes_of(const char *dir, const char *name)
{
    char path[4200];
    size_t len = 0;
    char *text;
    json_t *list;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    text = file_read(path, NOTES_BYTES, &len);
    list = text ? json_loadb(text, len, 0, NULL) : NULL;
    free(text);
    if (json_is_array(list))
        return list;
    json_decref(list);
    return json_array();
}

static bool names_system(json_t *list, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (json_is_string(one) && !strcmp(json_string_value(one), name))
            return true;
    }
    return false;
}

static long open_incidents(json_t *incidents, const char *name)
{
    json_t *one;
    long n = 0;
    size_t i;

    json_array_foreach(incidents, i, one)
    {
        if (!json_is_string(json_object_get(one, "closedAt")) &&
            (names_system(json_object_get(one, "systems"), name) ||
             names_system(json_object_get(one, "affectedSystems"), name)))
            n++;
    }
    return n;
}

static json_t *item_json(const struct item *it, const char *name, json_t *incidents)
{
    static const char *const words[] = {"up", "degraded", "down", "maintenance"};
    json_t *obj = json_object();
    char at[32];

    day_print_ms(it->newest, at);
    json_object_set_new(obj, "name", json_string(name));
    json_object_set_new(obj, "status", json_string(words[it->state]));
    json_object_set_new(obj, "lastChecked", json_string(at));
    if (it->up > 0)
        json_object_set_new(obj, "responseTime",
                            json_integer((it->lat_sum * 2 + it->up) / (it->up * 2)));
    json_object_set_new(
        obj, "uptime",
        it->counted > 0
            ? json_real(round((double)it->up * 10000.0 / (double)it->counted) / 100.0)
            : json_null());
    json_object_set_new(obj, "incidentCount", json_integer(open_incidents(incidents, name)));
    return obj;
}

static char *compose(const struct items *all, const char *dir, int64_t now_ms)
{
    json_t *incidents = notes_of(dir, "incidents.json"), *list = json_array(), *root;
    char at[32], *text;
    size_t i;

    for (i = 0; i < all->names.n; i++)
        json_array_append_new(list,
                              item_json(&all->item[i], all->names.item[i].text, incidents));
    while (json_array_size(incidents) > INCIDENTS_MOST) /* newest first */
        json_array_remove(incidents, json_array_size(incidents) - 1);
    day_print_ms(now_ms, at);
    root = json_pack("{s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:b}", "items", list, "incidents",
                     incidents, "maintenance", notes_of(dir, "maintenance.json"),
                     "lastUpdated", at, "showServices", 1, "showIncidents", 1,
                     "showPerformanceMetrics", 1, "useDemoData", 0);
    text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(root);
    return text;
}

int status_file_write(struct store *s, const char *dir, int64_t now_ms, char *error,
                      size_t size)
{
    int today = day_of_ms(now_ms), rv = -1;
    struct items all = {.now = now_ms, .from = now_ms - STORE_CURRENT_DAYS * DAY_MS};
    char path[4200], *text = NULL;

    snprintf(path, sizeof(path), "%s/status.json", dir);
    if (store_each(s, today - STORE_CURRENT_DAYS, today, take, &all) < 0)
        snprintf(error, size, "%s", store_error(s));
    else if (!(text = compose(&all, dir, now_ms)))
        snprintf(error, size, "cannot write '%s': out of memory", path);
    else
        rv = file_replace_if_changed(path, text, strlen(text), error, size) < 0 ? -1 : 0;
    free(text);
    free(all.item);
    names_free(&all.names);
    return rv;
}
