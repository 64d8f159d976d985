/* tocsin status-data summarize: daily-summary.json out of the archives. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "file.h"
#include "options.h"
#include "status_data.h"
#include "store.h"

#define WINDOW_MAX 3660

static void say(const struct store *s, const char *dir, long window, int64_t as_of,
                bool verbose)
{
    const struct store_summary *sum = store_summary(s);
    const struct store_trouble *bad = store_trouble(s);

    printf(
        "Services: %d\nDays with data: %d\nWindow: %ld days\nOutput: %s/daily-summary.json\n",
        sum->services, sum->days, window, dir);
    if (verbose)
        printf("Readings: %lld\nAs of: %lld\n", (long long)sum->readings, (long long)as_of);
    if (bad->bad_lines || bad->bad_files)
        printf("Skipped: %ld lines; files that are broken: %ld\n", bad->bad_lines,
               bad->bad_files);
    if (sum->readings == 0)
        complain("no data found in the last %ld days of '%s/archives'", window, dir);
}

static int summarize(const char *dir, int64_t as_of, long window, bool verbose)
{
    char error[4400], archives[4096];
    struct store *s;
    struct stat st;
    int rv;

    snprintf(archives, sizeof(archives), "%.4000s/archives", dir);
    if (stat(archives, &st) < 0 || !S_ISDIR(st.st_mode)) {
        complain("there is no folder '%s': name the data's folder with --output-dir",
                 archives);
        return EXIT_FAILURE;
    }
    if (!(s = store_open(dir, true, DATA_LOCK_MS, error, sizeof(error)))) {
        complain("%s", error);
        return EXIT_FAILURE;
    }
    store_tell(s, data_tell, NULL);
    if ((rv = store_summarize(s, as_of, (int)window)) < 0)
        complain("%s", store_error(s));
    else
        say(s, dir, window, as_of, verbose);
    store_close(s);
    return rv < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const struct command *self, int argc, char **argv)
{
    const char *dir = "status-data";
    int64_t as_of = clock_ms();
    bool verbose = false;
    long window = 90;
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &dir, "DIR", "folder of the data (status-data)"},
        {"window", FLAG_INT, &window, "DAYS", "days to sum up, today among them (90)", 1,
         WINDOW_MAX},
        {"as-of", FLAG_TIME, &as_of, "TIME", "as if it were TIME (now)"},
        {"verbose", FLAG_SWITCH, &verbose, NULL, "say more"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);

    return status >= 0 ? status : summarize(dir, as_of, window, verbose);
}

const struct command data_summarize = {
    .name = "status-data summarize",
    .args = "[--output-dir DIR] [--window DAYS] [--as-of TIME]",
    .summary = "sum up the archives in daily-summary.json",
    .help = "A line that is no reading, and a file that is broken, is named on stderr and\n"
            "skipped; the rest counts. Days without readings are left out. The old name of\n"
            "this command is `bootstrap-summary`.\n",
    .run = run,
};

const struct command data_bootstrap = {
    .name = "status-data bootstrap-summary",
    .args = "[--output-dir DIR] [--window DAYS] [--as-of TIME]",
    .summary = "the old name of summarize",
    .run = run,
};
