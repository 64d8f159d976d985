/* migrate_files: the 1.x tree out of a 0.x tree. */
#include <stdio.h>
#include <stdlib.h>

#include "adopt.h"
#include "cli.h"
#include "data_migrate.h"
#include "v1.h"

/* The systems of the configuration that are shown; those it does not name stay in the
 * archives alone. For free(). */
static struct v1_entity *entities(const struct migration *m, int *n)
{
    struct v1_entity *all = calloc(m->rc.n + 1, sizeof(*all));

    *n = 0;
    for (size_t i = 0; all && i < m->rc.n; i++) {
        const struct system *system = &m->rc.system[i];

        if (system->hidden)
            continue;
        all[(*n)++] = (struct v1_entity){
            .name = system->name,
            .display = system->label,
            .description =
                system->description && *system->description ? system->description : NULL,
        };
    }
    return all;
}

int migrate_files(struct migration *m)
{
    struct v1 v1 = {.title = m->site_title, .url = m->site_url, .notes = &m->notes};
    const struct store_trouble *bad = store_trouble(m->store);
    struct adopted adopted;
    struct v1_entity *all;
    int rv;

    if (store_adopt(m->store, m->now, &adopted) < 0) {
        complain("%s", store_error(m->store));
        return -1;
    }
    v1.entity = all = entities(m, &v1.entities);
    if ((rv = v1_write(m->store, &v1, m->now)) < 0)
        complain("%s", store_error(m->store));
    free(all);
    if (rv < 0)
        return -1;
    printf("Readings from current.json: %ld\nReadings from systems/: %ld\n"
           "Days from daily-summary.json: %ld\nOutput: %s/status/v1\n",
           adopted.current, adopted.systems, adopted.days, m->dir);
    if (adopted.bad || bad->bad_lines || bad->bad_files)
        printf("Skipped: %ld entries, %ld lines; files that are broken: %ld\n", adopted.bad,
               bad->bad_lines, bad->bad_files);
    return 0;
}
