/*
 * tocsin status-data rebuild: all that follows from the archives, anew; for after a merge or
 * an edit by hand.
 */
#include <stdlib.h>
#include <unistd.h>

#include "rebuild.h"
#include "status_data.h"

/* `rc` is empty as yet: r->rc. */
static int run_on(const char *config, struct monitorrc *rc, struct rebuild *r, int64_t as_of)
{
    struct system unset = {.method = "GET", .timeout_ms = 10000, .max_ms = 30000};
    char error[4400];
    struct store *s;
    int rv;

    if ((flags_given("config") || access(config, R_OK) == 0) &&
        monitorrc_read(rc, config, &unset) != 0)
        return EXIT_FAILURE;
    if (!(s = store_open(r->dir, true, DATA_LOCK_MS, error, sizeof(error)))) {
        complain("%s", error);
        monitorrc_free(rc);
        return EXIT_FAILURE;
    }
    store_tell(s, data_tell, NULL);
    rv = rebuild(s, r, as_of);
    store_close(s);
    monitorrc_free(rc);
    return rv == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct monitorrc rc = {0};
    struct rebuild r = {.dir = "status-data", .rc = &rc, REBUILD_UNSET};
    const char *config = MONITORRC_FILE;
    int64_t as_of = clock_ms();
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &r.dir, "DIR", "folder of the data (status-data)"},
        {"config", FLAG_TEXT, &config, "FILE", "systems of status/v1 (" MONITORRC_FILE ")"},
        REBUILD_FLAGS(r),
        {"as-of", FLAG_TIME, &as_of, "TIME", "as if it were then"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);

    return status >= 0 ? status : run_on(config, &rc, &r, as_of);
}

const struct command data_rebuild = {
    .name = "status-data rebuild",
    .args = "[--output-dir DIR] [OPTION…]",
    .summary = "current.json, daily-summary.json and status.json out of the archives",
    .run = run,
};
