/*
 * tocsin status-data rebuild: all that follows from the archives, anew; for after a merge or
 * an edit by hand.
 */
#include <stdlib.h>

#include "options.h"
#include "status_data.h"
#include "status_file.h"

static int run(const struct command *self, int argc, char **argv)
{
    const char *dir = "status-data";
    int64_t as_of = clock_ms();
    bool null_err = false;
    char error[4400];
    long window = 90;
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &dir, "DIR", "folder of the data (status-data)"},
        {"window", FLAG_INT, &window, "DAYS", "of daily-summary.json (90)", 1, 3660},
        {"null-err", FLAG_SWITCH, &null_err, NULL,
         "write \"err\":null into current.json where there is none"},
        {"as-of", FLAG_TIME, &as_of, "TIME", "as if it were then"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);
    struct store *s;

    if (status >= 0)
        return status;
    if (!(s = store_open(dir, true, DATA_LOCK_MS, error, sizeof(error)))) {
        complain("%s", error);
        return EXIT_FAILURE;
    }
    store_tell(s, data_tell, NULL);
    status = EXIT_FAILURE;
    if (store_current(s, as_of, null_err) < 0 || store_summarize(s, as_of, (int)window) < 0)
        complain("%s", store_error(s));
    else if (status_file_write(s, dir, as_of, error, sizeof(error)) < 0)
        complain("%s", error);
    else
        status = EXIT_SUCCESS;
    store_close(s);
    return status;
}

const struct command data_rebuild = {
    .name = "status-data rebuild",
    .args = "[--output-dir DIR] [OPTION…]",
    .summary = "current.json, daily-summary.json and status.json out of the archives",
    .run = run,
};
