/* outage: keeps the newest checks of each system while the last days are read. */
#include "outage.h"

#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "status_data.h"

#define OUTAGES_MAX 10000

/* The newest checks of one system, latest first. */
struct row {
    struct outage o;
    int n;
    int64_t t[OUTAGE_CONFIRM_MAX];
    enum state state[OUTAGE_CONFIRM_MAX];
};

struct gather {
    const struct outage_rules *how;
    struct arena **m;
    json_t *index; /* svc → place in row */
    struct row **row;
    int n, keep;
    bool any; /* take systems that nobody named */
};

static struct row *row_new(struct gather *g, const char *name)
{
    struct row *r = arena_alloc(g->m, sizeof(*r));

    r->o = (struct outage){.name = arena_str(g->m, name)};
    r->o.display = r->o.name;
    json_object_set_new(g->index, name, json_integer(g->n));
    g->row[g->n++] = r;
    return r;
}

static int each(const struct reading *in, int day, void *arg)
{
    struct gather *g = arg;
    json_t *place = json_object_get(g->index, in->svc);
    struct row *r;
    int i;

    (void)day;
    if (in->t > g->how->now_ms)
        return 0;
    if (!place && (!g->any || g->n == OUTAGES_MAX))
        return 0;
    r = place ? g->row[json_integer_value(place)] : row_new(g, in->svc);
    for (i = 0; i < r->n && r->t[i] > in->t; i++)
        ;
    if (i == g->keep)
        return 0;
    if (r->n < g->keep)
        r->n++;
    memmove(r->t + i + 1, r->t + i, (size_t)(r->n - i - 1) * sizeof(*r->t));
    memmove(r->state + i + 1, r->state + i, (size_t)(r->n - i - 1) * sizeof(*r->state));
    r->t[i] = in->t;
    r->state[i] = in->state;
    if (i == 0) {
        r->o.newest = *in;
        r->o.newest.svc = r->o.name;
        r->o.newest.err = arena_str(g->m, in->err);
    }
    return 0;
}

static bool is_up(enum state s)
{
    return s == STATE_UP || s == STATE_DEGRADED;
}

static void judge(struct row *r, const struct outage_rules *how)
{
    bool down = r->n && r->state[0] == STATE_DOWN;
    long needed = down ? how->confirm_down : how->confirm_up;
    int i;

    if (!r->n || r->t[0] < how->now_ms - how->max_age_ms || r->state[0] == STATE_MAINTENANCE)
        return;
    for (i = 0; i < r->n && i < needed; i++)
        if (down ? r->state[i] != STATE_DOWN : !is_up(r->state[i]))
            break;
    r->o.in_row = i;
    if (i >= needed)
        r->o.verdict = down ? OUTAGE_DOWN : OUTAGE_UP;
}

int outages_read(struct outage **out, struct arena **m, const struct outage_rules *how,
                 const struct issue_rules *known)
{
    struct gather g = {.how = how, .m = m, .any = known->systems == 0};
    int to = day_of_ms(how->now_ms), from = day_of_ms(how->now_ms - how->max_age_ms) - 1, i,
        rc;
    char error[4400];
    struct store *s = store_open(how->dir, false, 0, error, sizeof(error));

    if (!s) {
        complain("%s", error);
        return -1;
    }
    store_tell(s, data_tell, NULL);
    g.index = json_object();
    g.row = arena_alloc(m, OUTAGES_MAX * sizeof(*g.row));
    g.keep = (int)(how->confirm_down > how->confirm_up ? how->confirm_down : how->confirm_up);
    for (i = 0; i < known->systems && i < OUTAGES_MAX; i++) {
        struct row *r = row_new(&g, known->name[i]);

        r->o.display = known->display[i];
        r->o.url = known->url[i];
    }
    rc = store_each(s, from, to, each, &g);
    if (rc < 0)
        complain("%s", store_error(s));
    *out = arena_alloc(m, ((size_t)g.n + 1) * sizeof(**out));
    for (i = 0; i < g.n; i++) {
        judge(g.row[i], how);
        (*out)[i] = g.row[i]->o;
    }
    store_close(s);
    json_decref(g.index);
    return rc < 0 ? -1 : g.n;
}
