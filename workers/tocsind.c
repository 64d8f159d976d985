/*
 * tocsind: checks, schedules, notifies: the daemon of Tocsin. Here: its options.
 */
#define _GNU_SOURCE
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise.h"
#include "title.h"
#include "worker.h"

static const char usage[] = "usage: tocsind [-c FILE] [-f] [-t] [-r ROLE] [-V]\n"
                            "  -c FILE  configuration [" CONFDIR "/tocsind.conf]\n"
                            "  -f       stay in the foreground\n"
                            "  -t       test the configuration and leave\n"
                            "  -r ROLE  run one role in the foreground, without a master\n"
                            "  -V       print the version\n";

struct options {
    char *conf, *role;
    bool foreground, test;
};

static int options_read(struct options *o, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "c:fhr:tV")) != -1)
        switch (c) {
        case 'c':
            o->conf = optarg;
            break;
        case 'f':
            o->foreground = true;
            break;
        case 'r':
            o->role = optarg;
            break;
        case 't':
            o->test = true;
            break;
        case 'V':
            puts("tocsind " PACKAGE_VERSION);
            exit(0);
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            return -1;
        }
    return optind == argc ? 0 : -1;
}

/* The file is read again at SIGHUP, from another folder perhaps. */
static char *absolute(const char *path)
{
    char *real = realpath(path, NULL);

    return real ? real : strdup(path);
}

static int run_role(const char *name, struct tocsind_conf *conf)
{
    char id[37];
    struct worker_conf wc = {
        .conf = conf, .id = id, .master_fd = -1, .drain_ms = WORKER_DRAIN_MS};
    int r;

    for (int i = 0; roles[i] && !wc.role; i++)
        if (!strcmp(roles[i]->name, name))
            wc.role = roles[i];
    if (!wc.role) {
        fprintf(stderr, "tocsind: unknown role '%s'; there are:", name);
        for (int i = 0; roles[i]; i++)
            fprintf(stderr, " %s", roles[i]->name);
        fputc('\n', stderr);
        return 2;
    }
    worker_uuid(id);
    title_set(wc.role->name);
    log_init(wc.role->name, (enum log_level)log_level_parse(conf->log_level));
    r = worker_run(&wc);
    tocsind_conf_free(conf);
    return r;
}

/* In the daemon: the end of the pipe to write to. The caller's process waits for it to be
 * ready, and never returns. */
static int daemonize(void)
{
    int pipefd[2];
    char c;
    pid_t pid;

    if (pipe(pipefd) || (pid = fork()) < 0) {
        fprintf(stderr, "tocsind: cannot fork: %s\n", strerror(errno));
        exit(1);
    }
    if (pid == 0) {
        close(pipefd[0]);
        setsid();
        if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout))
            exit(1);
        return pipefd[1];
    }
    close(pipefd[1]);
    exit(read(pipefd[0], &c, 1) == 1 ? 0 : 1);
}

int main(int argc, char **argv)
{
    struct options o = {.conf = (char *)CONFDIR "/tocsind.conf"};
    struct tocsind_conf *conf;
    char why[1600];

    title_init(argc, argv);
    if (options_read(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    o.conf = absolute(o.conf);
    if (!(conf = tocsind_conf_read(o.conf, why, sizeof(why)))) {
        fprintf(stderr, "tocsind: %s\n", why);
        return 1;
    }
    if (o.test) {
        printf("%s: fine\n", o.conf);
        tocsind_conf_free(conf);
        free(o.conf);
        return 0;
    }
    if (geteuid() == 0 && !conf->allow_root) {
        fprintf(stderr,
                "tocsind: refuses to run as root: start it as a user of its own "
                "(systemd's User=, setpriv), or say 'allow_root = yes' in %s\n",
                o.conf);
        return 1;
    }
    if (o.role)
        return run_role(o.role, conf);
    log_init("master", (enum log_level)log_level_parse(conf->log_level));
    return supervise(conf, o.conf, o.foreground ? -1 : daemonize());
}
