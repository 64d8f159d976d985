/*
 * tocsin-agent: serves state, logs, env files and deploys of the apps on root's list to the
 * control plane.
 */
#include "words.h"

#include <getopt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define CONF_PATH CONFDIR "/agent.conf"

static const struct {
    const char *name;
    int (*fn)(const struct asked *);
    const char *help;
} words[] = {
    {"run", word_run, "serve (the default)"},
    {"check", word_check, "is the configuration fine? Names the line that is not"},
    {"deploy", word_deploy, "APP: do what was asked for (by tocsin-deploy@ only)"},
    {"enrol-request", word_enrol_request, "a new key, and the wish for its certificate"},
    {"enrol-accept", word_enrol_accept, "take the control plane's answer (standard input)"},
    {"polkit", word_polkit, "print the polkit rule that fits the configuration"},
    {"env-helper", word_env_helper, "answer one request about env files (by tocsin-env@)"},
    {"version", word_version, "say which version this is"},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static int usage(FILE *to)
{
    fprintf(to, "usage: tocsin-agent [-c FILE] [--own] [WORD …]\n\n");
    for (size_t i = 0; i < WORDS; i++)
        fprintf(to, "  %-14s %s\n", words[i].name, words[i].help);
    fprintf(to, "\n  -c FILE        the configuration [" CONF_PATH "]\n"
                "  --own          it may belong to who runs this instead of to root\n");
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"conf", required_argument, NULL, 'c'},
                                          {"own", no_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    struct asked asked = {.conf_path = CONF_PATH};
    const char *name;
    int c;

    signal(SIGPIPE, SIG_IGN);
    /* the machine's openssl.cnf is for others */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    while ((c = getopt_long(argc, argv, "+c:hV", longs, NULL)) != -1) {
        if (c == 'c')
            asked.conf_path = optarg;
        else if (c == 'o')
            asked.own = true;
        else if (c == 'V')
            return word_version(&asked);
        else
            return usage(c == 'h' ? stdout : stderr);
    }
    name = optind < argc ? argv[optind] : "run";
    asked.argc = argc - optind;
    asked.argv = argv + optind;
    for (size_t i = 0; i < WORDS; i++)
        if (!strcmp(words[i].name, name))
            return words[i].fn(&asked);
    fprintf(stderr, "tocsin-agent: there is no word '%s'\n", name);
    return usage(stderr);
}
