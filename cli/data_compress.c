/* tocsin status-data compress: archives of days that are over become gzip files. */
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "status_data.h"
#include "store.h"

static int run(const struct command *self, int argc, char **argv)
{
    const char *dir = "status-data";
    int64_t as_of = clock_ms();
    bool verbose = false;
    char error[4400];
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &dir, "DIR", "folder of the data (status-data)"},
        {"as-of", FLAG_TIME, &as_of, "TIME", "as if it were TIME (now)"},
        {"verbose", FLAG_SWITCH, &verbose, NULL, "say it, too, when there is nothing to do"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv), done;
    struct store *s;

    if (status >= 0)
        return status;
    if (!(s = store_open(dir, true, DATA_LOCK_MS, error, sizeof(error)))) {
        complain("%s", error);
        return EXIT_FAILURE;
    }
    store_tell(s, data_tell, NULL);
    if ((done = store_compress(s, as_of)) < 0)
        complain("%s", store_error(s));
    else if (done > 0 || verbose)
        printf("compressed %d day%s\n", done, done == 1 ? "" : "s");
    status = done < 0 || store_trouble(s)->bad_files ? EXIT_FAILURE : EXIT_SUCCESS;
    store_close(s);
    return status;
}

const struct command data_compress = {
    .name = "status-data compress",
    .args = "[--output-dir DIR] [--as-of TIME]",
    .summary = "compress the archives of the days that are over",
    .help = "Days are UTC. Readings that came after their day was compressed are merged into\n"
            "it. A day whose gz is broken stays as it is; it is named, and the end is 1.\n",
    .run = run,
};
