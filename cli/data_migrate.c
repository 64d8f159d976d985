/* tocsin status-data migrate: from one home of the data to another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_migrate.h"
#include "options.h"
#include "status_data.h"

#ifdef TOCSIN_FILES_ONLY
int migrate_database(struct migration *, bool)
{
    complain("this tocsin was built for files alone: use the one that came with the server");
    return -1;
}
#endif

static int is_there(const char *dir)
{
    struct stat st;

    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return 1;
    complain("there is no folder '%s': name the data's folder with --output-dir", dir);
    return 0;
}

/* No configuration is fine, unless somebody has named it. */
static int read_config(struct migration *m)
{
    static const struct system unset = {.method = "GET", .timeout_ms = 10000, .max_ms = 30000};

    if (!m->config && access(MONITORRC_FILE, R_OK) == 0)
        m->config = MONITORRC_FILE;
    return m->config ? monitorrc_read(&m->rc, m->config, &unset) : 0;
}

static int migrate(struct migration *m, bool database, bool from_database)
{
    char error[4400];
    int rv = -1;

    if (!from_database && !is_there(m->dir))
        return -1;
    if (read_config(m) < 0)
        return -1;
    if (!(m->store = store_open(m->dir, true, DATA_LOCK_MS, error, sizeof(error)))) {
        complain("%s", error);
        return -1;
    }
    store_tell(m->store, data_tell, NULL);
    if (notes_read(&m->notes, m->dir, error, sizeof(error)) < 0)
        complain("%s", error);
    else if (database)
        rv = migrate_database(m, from_database);
    else
        rv = migrate_files(m);
    if (m->notes.bad)
        complain("%s%s", m->notes.trouble, m->notes.bad > 1 ? " (and others)" : "");
    notes_free(&m->notes);
    store_close(m->store);
    return rv;
}

static int refuse(const struct command *self, const char *why)
{
    complain("%s: %s", self->name, why);
    return CLI_USAGE;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct migration m = {
        .dir = "status-data",
        .site_title = "Status",
        .site_url = "",
        .now = clock_ms(),
    };
    bool from_database = false;
    const struct flag flags[] = {
        {"output-dir", FLAG_TEXT, &m.dir, "DIR", "folder of the data (status-data)"},
        {"from", FLAG_TEXT, &m.dir, NULL, NULL},
        {"config", FLAG_TEXT, &m.config, "FILE",
         "which systems (.monitorrc.json if it is there)"},
        {"site-title", FLAG_TEXT, &m.site_title, "TEXT", "title of the feed (Status)"},
        {"site-url", FLAG_TEXT, &m.site_url, "URL", "where the status page is read"},
        {"database", FLAG_TEXT, &m.database, "CONNINFO", "into this database"},
        {"owner", FLAG_TEXT, &m.owner, "EMAIL", "whose monitors they are there"},
        {"from-database", FLAG_SWITCH, &from_database, NULL, "out of the database, into DIR"},
        {"as-of", FLAG_TIME, &m.now, "TIME", "as if it were TIME (now)"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);

    if (status >= 0)
        return status;
    if (from_database && !flags_given("database"))
        return refuse(self, "--from-database needs --database");
    if (flags_given("database") && !from_database && !m.owner)
        return refuse(self, "--database needs --owner, whose monitors they become");
    if (m.owner && !flags_given("database"))
        return refuse(self, "--owner goes with --database");
    status = migrate(&m, flags_given("database"), from_database);
    monitorrc_free(&m.rc);
    return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command data_migrate = {
    .name = "status-data migrate",
    .args = "[--output-dir DIR] [--database CONNINFO --owner EMAIL | --database CONNINFO "
            "--from-database]",
    .summary = "from the 0.x tree to the 1.x tree, to the database, or back",
    .help =
        "Without --database: what only current.json, systems/*.json or daily-summary.json\n"
        "know goes into the archives, then DIR/status/v1 is written; readings that only\n"
        "DIR/status/v1/archives has come into the archives, too.\n"
        "With --database: each system becomes a monitor of --owner, with its checks, days "
        "and\n"
        "transitions; incidents and maintenance as well. A system without a URL in --config\n"
        "is paused. With --from-database: the other way, all monitors or those of --owner.\n"
        "It can be run again, and goes on where it was ended; nothing comes twice.\n",
    .run = run,
};
