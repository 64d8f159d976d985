/*
 * tocsin setup-code: print the word that lets somebody make the first account.
 *
 * Only its hash is stored; a new one takes the place of the old one, and there is none
 * to have once an account exists.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "cli.h"
#include "db.h"

#define CODE_LENGTH 16 /* times 5 bits */
#define GROUP       4

/* Crockford's base 32: no letter that is taken for a digit. */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static int make(char code[CODE_LENGTH + 1], char hex[65])
{
    unsigned char bytes[CODE_LENGTH], digest[32];
    size_t i;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return -1;
    for (i = 0; i < CODE_LENGTH; i++)
        code[i] = letters[bytes[i] & 31];
    code[CODE_LENGTH] = '\0';
    if (EVP_Digest(code, CODE_LENGTH, digest, NULL, EVP_sha256(), NULL) != 1)
        return -1;
    for (i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

static int store(PGconn *db, const char *hex)
{
    const char *values[] = {hex};
    PGresult *res;

    if (db_number(db, "select count(*) from tocsin.account") != 0) {
        complain("there is an account already: sign in, or see `tocsin admin-create --help`");
        return -1;
    }
    res = db_query(db,
                   "insert into tocsin.setting (key, value)"
                   " values ('setup_code', to_jsonb($1::text))"
                   " on conflict (key) do update set value = excluded.value",
                   1, values);
    PQclear(res);
    return res ? 0 : -1;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, 'd'},
                                            CLI_OPTIONS_END};
    const char *conninfo = NULL;
    char code[CODE_LENGTH + 1], hex[65];
    int opt, status, i;
    PGconn *db;

    while ((opt = cli_option(self, argc, argv, options, &status)) != -1)
        if (opt == 'd')
            conninfo = optarg;
    if (status != -1)
        return status;

    if (make(code, hex)) {
        complain("no random numbers to be had");
        return EXIT_FAILURE;
    }
    status = EXIT_FAILURE;
    db = db_open(conninfo);
    if (db && db_become_owner(db) == 0 && store(db, hex) == 0) {
        for (i = 0; i < CODE_LENGTH; i += GROUP)
            printf("%s%.*s", i ? "-" : "", GROUP, code + i);
        putchar('\n');
        status = EXIT_SUCCESS;
    }
    PQfinish(db);
    return status;
}

const struct command cmd_setup_code = {
    .name = "setup-code",
    .args = "[--database CONNINFO]",
    .summary = "print a one-time code for the set-up page",
    .help =
        "The set-up page takes it in upper or lower case, with or without the dashes. Every\n"
        "call makes a new code and forgets the one before.\n",
    .run = run,
};
