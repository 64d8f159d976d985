/* tocsin admin-create: an administrator without the set-up page, or back in. */
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "cli.h"
#include "db.h"

#define PASSWORD_MIN 12
#define PASSWORD_MAX 512

/* Both from the environment: an argument would be in everybody's list of processes. */
static const char *needed(const char *name)
{
    const char *value = getenv(name);

    if (value && *value)
        return value;
    complain("admin-create: %s is not set", name);
    return NULL;
}

static int hash(const char *password, char *out, size_t size)
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *hashed = NULL;
    int rv = -1;

    if (data && crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
        hashed = crypt_r(password, setting, data);
    if (hashed && hashed[0] == '$' && strlen(hashed) < size) {
        memcpy(out, hashed, strlen(hashed) + 1);
        rv = 0;
    }
    if (data)
        OPENSSL_cleanse(data, sizeof(*data));
    free(data);
    if (rv)
        complain("cannot hash the password with yescrypt");
    return rv;
}

/* 1: made or reset; 0: was there and is left as it is; -1: failed. */
static int store(PGconn *db, const char *email, const char *hashed, int reset)
{
    const char *values[] = {email, hashed};
    PGresult *res = db_query(db,
                             reset ? "insert into tocsin.account (email, password, role) "
                                     "values (lower($1), $2, 'admin')"
                                     " on conflict (email) do update set password = "
                                     "excluded.password, role = 'admin',"
                                     " disabled_at = null returning id"
                                   : "insert into tocsin.account (email, password, role) "
                                     "values (lower($1), $2, 'admin')"
                                     " on conflict (email) do nothing returning id",
                             2, values);
    int rv = res ? PQntuples(res) : -1;

    PQclear(res);
    return rv;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, 'd'},
                                            {"reset", no_argument, NULL, 'r'},
                                            CLI_OPTIONS_END};
    const char *conninfo = NULL, *email, *password;
    char hashed[CRYPT_OUTPUT_SIZE];
    int opt, status, made = -1, reset = 0;
    PGconn *db;

    while ((opt = cli_option(self, argc, argv, options, &status)) != -1) {
        if (opt == 'd')
            conninfo = optarg;
        else
            reset = 1;
    }
    if (status != -1)
        return status;
    if (!(email = needed("TOCSIN_ADMIN_EMAIL")) ||
        !(password = needed("TOCSIN_ADMIN_PASSWORD")))
        return CLI_USAGE;
    if (!strchr(email, '@') || strpbrk(email, " \t\r\n")) {
        complain("admin-create: '%s' is no e-mail address", email);
        return CLI_USAGE;
    }
    if (strlen(password) < PASSWORD_MIN || strlen(password) > PASSWORD_MAX) {
        complain("admin-create: the password must have %d to %d bytes", PASSWORD_MIN,
                 PASSWORD_MAX);
        return CLI_USAGE;
    }
    if (hash(password, hashed, sizeof(hashed)))
        return EXIT_FAILURE;

    db = db_open(conninfo);
    if (db && db_become_owner(db) == 0)
        made = store(db, email, hashed, reset);
    PQfinish(db);
    if (made >= 0)
        printf("%s %s\n", made ? (reset ? "reset" : "created") : "exists already:", email);
    return made < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command cmd_admin_create = {
    .name = "admin-create",
    .args = "[--database CONNINFO] [--reset]",
    .summary = "create an administrator, or let one in again",
    .help =
        "The e-mail address and the password come from TOCSIN_ADMIN_EMAIL and\n"
        "TOCSIN_ADMIN_PASSWORD in the environment. An account that exists is left as it is;\n"
        "with --reset it gets this password, is an administrator and is enabled.\n",
    .run = run,
};
