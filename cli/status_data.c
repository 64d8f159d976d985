/* tocsin status-data: finds the command in the table and runs it. */
#include "status_data.h"

#include "options.h"

/* by name, as help lists them */
/* clang-format off */
static const struct command *const rows[] = {
    &data_bootstrap,
    &data_compress,
    &data_config,
    &data_open_issues,
    &data_migrate,
    &data_publish,
    &data_rebuild,
    &data_summarize,
    &data_sync,
    &data_update_status,
};
/* clang-format on */

void data_tell(void *, const char *sentence)
{
    complain("%s", sentence);
}

static int run(const struct command *self, int argc, char **argv)
{
    return flags_dispatch(self, rows, sizeof(rows) / sizeof(*rows), argc, argv);
}

const struct command cmd_status_data = {
    .name = "status-data",
    .args = "COMMAND [OPTION…]",
    .summary = "status data in plain files, with no server",
    .help = "Every command ends with 0 when all is well, 1 when something could not be done,\n"
            "and 2 when it was called wrongly. `--as-of TIME` takes another time than now,\n"
            "so that a run can be repeated.\n",
    .run = run,
};
