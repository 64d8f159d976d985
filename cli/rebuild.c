#include "rebuild.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "notes.h"
#include "status_file.h"
#include "v1.h"

static bool has_v1(const char *dir)
{
    char path[4200];

    snprintf(path, sizeof(path), "%s/status/v1/summary.json", dir);
    return access(path, F_OK) == 0;
}

static struct v1_entity *entities(const struct monitorrc *rc, int *n)
{
    struct v1_entity *all = calloc((rc ? rc->n : 0) + 1, sizeof(*all));
    size_t i;

    *n = 0;
    for (i = 0; all && rc && i < rc->n; i++) {
        const struct system *s = &rc->system[i];

        if (!s->hidden)
            all[(*n)++] = (struct v1_entity){
                .name = s->name,
                .display = s->label,
                .description = s->description && *s->description ? s->description : NULL,
            };
    }
    return all;
}

/* Notes that cannot be read leave the tree as it is. */
static int write_v1(struct store *s, const struct rebuild *r, int64_t now, char *error,
                    size_t size)
{
    struct v1 v1 = {.title = r->site_title, .url = r->site_url};
    struct notes notes = {0};
    struct v1_entity *all;
    int rv;

    if (notes_read(&notes, r->dir, error, size) != 0)
        return -1;
    v1.notes = &notes;
    v1.entity = all = entities(r->rc, &v1.entities);
    if ((rv = v1_write(s, &v1, now)) < 0)
        snprintf(error, size, "%s", store_error(s));
    free(all);
    notes_free(&notes);
    return rv;
}

int rebuild(struct store *s, const struct rebuild *r, int64_t now)
{
    char error[4400];
    int rv = -1;

    if (store_current(s, now, r->null_err) < 0 ||
        store_summarize(s, now, (int)r->window) < 0) {
        complain("%s", store_error(s));
        return -1;
    }
    if (status_file_write(s, r->dir, now, error, sizeof(error)) == 0 &&
        ((!r->v1 && !has_v1(r->dir)) || write_v1(s, r, now, error, sizeof(error)) == 0))
        rv = 0;
    else
        complain("%s", error);
    return rv;
}
