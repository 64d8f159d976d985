/*
 * tocsin fleet: the certificates by which agents and the control plane know each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"
#include "pki.h"

#define DAY 86400

static int dir_option(const struct command *self, int argc, char **argv, const char **dir,
                      bool *renew)
{
    static const struct option options[] = {{"renew", no_argument, NULL, 'r'},
                                            {"dir", required_argument, NULL, 'd'},
                                            CLI_OPTIONS_END};
    int opt, status;

    *dir = FLEETDIR;
    while ((opt = cli_option(self, argc, argv, renew ? options : options + 1, &status)) != -1)
        if (opt == 'd')
            *dir = optarg;
        else if (opt == 'r')
            *renew = true;
    return status;
}

static void say_end(const char *what, int64_t ends)
{
    time_t at = (time_t)ends;
    struct tm tm;
    char date[32] = "?";

    if (gmtime_r(&at, &tm))
        strftime(date, sizeof(date), "%Y-%m-%d", &tm);
    printf("%-10s until %s (%lld days)\n", what, date,
           (long long)(ends - (int64_t)time(NULL)) / DAY);
}

static int show(const char *dir)
{
    char why[PKI_WHY];
    struct pki *pki = pki_read(dir, PKI_LOOK, why);

    if (!pki) {
        complain("%s", why);
        return EXIT_FAILURE;
    }
    printf("%-10s %s\n", "folder", dir);
    printf("%-10s %s\n", "pin", pki_pin(pki));
    say_end("authority", pki_ca_ends(pki));
    say_end("control", pki_control_ends(pki));
    pki_free(pki);
    return EXIT_SUCCESS;
}

static int run_init(const struct command *self, int argc, char **argv)
{
    const char *dir;
    bool renew = false;
    char why[PKI_WHY];
    int status = dir_option(self, argc, argv, &dir, &renew);

    if (status != -1)
        return status;
    if (renew ? pki_renew(dir, why) : pki_make(dir, why)) {
        complain("%s", why);
        return EXIT_FAILURE;
    }
    if (renew)
        puts("control.pem is new; `systemctl reload tocsind` takes it over.");
    return show(dir);
}

static int run_show(const struct command *self, int argc, char **argv)
{
    const char *dir;
    int status = dir_option(self, argc, argv, &dir, NULL);

    return status != -1 ? status : show(dir);
}

static const struct command cmd_fleet_init = {
    .name = "fleet init",
    .args = "[--dir DIR] [--renew]",
    .summary = "make the authority and the control plane's certificate",
    .help = "  --dir DIR  the folder [" FLEETDIR "]\n"
            "  --renew    only another certificate for the control plane, by the same "
            "authority\n\n"
            "Nothing that is there is ever written over. The folder holds the keys of the\n"
            "whole fleet: make it as the user that runs tocsind, name it as fleet_dir in\n"
            "tocsind.conf, and keep a copy of it where backups are safe: without it every\n"
            "agent is to be enrolled anew.\n",
    .run = run_init,
};

static const struct command cmd_fleet_show = {
    .name = "fleet show",
    .args = "[--dir DIR]",
    .summary = "print the authority's pin and when the certificates end",
    .help = "  --dir DIR  the folder [" FLEETDIR "]\n",
    .run = run_show,
};

static int run(const struct command *self, int argc, char **argv)
{
    static const struct command *const rows[] = {&cmd_fleet_init, &cmd_fleet_show};

    return flags_dispatch(self, rows, sizeof(rows) / sizeof(rows[0]), argc, argv);
}

const struct command cmd_fleet = {
    .name = "fleet",
    .args = "COMMAND",
    .summary = "certificates of the fleet's agents",
    .run = run,
};
