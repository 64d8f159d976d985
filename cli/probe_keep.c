/* probe_keep: the readings of one run go into the files at once. */
#include <stdlib.h>

#include "options.h"
#include "probe.h"
#include "status_data.h"

static struct reading *readings(const struct probe *p, size_t *n)
{
    struct reading *all = calloc(p->n, sizeof(*all));
    size_t i;

    *n = 0;
    for (i = 0; all && i < p->n; i++) {
        const struct result *r = &p->result[i];

        if (r->window && p->skip_maintenance)
            continue;
        all[(*n)++] = (struct reading){
            .t = r->t,
            .svc = r->system->name,
            .err = *r->err ? r->err : NULL,
            .code = r->code,
            .lat = r->lat,
            .state = r->state,
        };
    }
    return all;
}

int probe_keep(struct probe *p)
{
    int64_t now = p->as_of;
    char error[512] = "out of memory";
    struct store *s = NULL;
    struct reading *all;
    size_t n;
    int rv = -1;

    if ((all = readings(p, &n)))
        s = store_open(p->dir, true, DATA_LOCK_MS, error, sizeof(error));
    if (s)
        store_tell(s, data_tell, NULL);
    if (!now) /* only now that we hold the lock: others may have added later readings */
        now = clock_ms();
    p->after.dir = p->dir;
    p->after.rc = p->url ? NULL : &p->rc; /* one URL says nothing of the other systems */
    if (!s)
        complain("probe: %s", error);
    else if (store_append(s, all, n) < 0)
        complain("probe: %s", store_error(s));
    else
        rv = rebuild(s, &p->after, now);
    if (s)
        store_close(s);
    free(all);
    return rv;
}
