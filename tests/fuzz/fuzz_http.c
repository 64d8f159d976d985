/*
 * Requests to the agent, as who has the control plane's certificate could send them: whatever
 * comes, the agent answers or hangs up, and still answers the next.
 *
 * What is sent goes through evhttp, the routes and the handlers of all parts over a real
 * socket without TLS, on a list of two apps; no program can be run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <event2/http.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "log.h"
#include "server.h"

#define TURNS_MAX 200

static struct agent agent;
static struct conf conf;
static struct evhttp *http;
static struct sockaddr_in where = {.sin_family = AF_INET};
static char folder[] = "/tmp/tocsin-fuzz.XXXXXX";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void die(const char *what)
{
    perror(what);
    abort();
}

static void clean_up(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/agent.conf", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/actions", folder);
    unlink(path);
    rmdir(folder);
}

static void write_conf(char path[64])
{
    FILE *f;

    if (!mkdtemp(folder))
        die("mkdtemp");
    atexit(clean_up);
    snprintf(path, 64, "%s/agent.conf", folder);
    if (!(f = fopen(path, "w")))
        die(path);
    fprintf(f,
            "listen = 127.0.0.1:1\nstate_dir = %s\nroot = %s\n"
            "systemctl = /nonexistent\njournalctl = /nonexistent\ngit = /nonexistent\n"
            "docker_socket = /nonexistent\n[app web]\nunit = web.service\n"
            "[app box]\ncontainer = box\nrestart = no\n",
            folder, folder);
    fchmod(fileno(f), 0600);
    fclose(f);
}

static void set_up(void)
{
    socklen_t len = sizeof(where);
    struct conf_error e;
    char path[64];
    int fd;

    signal(SIGPIPE, SIG_IGN);
    log_hush(); /* of what cannot be run */
    write_conf(path);
    if (conf_load(&conf, path, true, &e))
        die(e.text);
    agent.conf = &conf;
    agent.base = event_base_new();
    for (const struct part *const *p = parts; *p; p++)
        if ((*p)->start && (*p)->start(&agent))
            die("a part does not start");
    http = server_http(&agent);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&where, sizeof(where)) || listen(fd, 16) ||
        getsockname(fd, (struct sockaddr *)&where, &len) || evhttp_accept_socket(http, fd))
        die("listen");
}

/* As much of the answer as comes until nothing moves any more. */
static size_t talk(const char *bytes, size_t size, char *out, size_t room)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct linger now = {1, 0}; /* ports are few */
    size_t sent = 0, got = 0;
    ssize_t n = 1;

    /* a signal does not stop it, and here it is over at once */
    if (connect(fd, (struct sockaddr *)&where, sizeof(where)) && errno != EINTR)
        die("connect");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int turn = 0; turn < TURNS_MAX && n != 0; turn++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        if (sent < size && (n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL)) > 0)
            sent += (size_t)n;
        event_base_loop(agent.base, EVLOOP_NONBLOCK);
        n = recv(fd, out + got, got < room ? room - got : 0, 0);
        if (n > 0)
            got += (size_t)n;
        else if (sent == size && n < 0 && turn > 8 && poll(&p, 1, 0) == 0)
            break;
    }
    close(fd);
    for (int turn = 0; turn < 4; turn++)
        event_base_loop(agent.base, EVLOOP_NONBLOCK);
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char plain[] =
        "GET /v1/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static char answer[1 << 16];
    size_t n;

    if (!http)
        set_up();
    talk((const char *)data, size, answer, sizeof(answer) - 1);
    memset(answer, 0, 32);
    n = talk(plain, sizeof(plain) - 1, answer, sizeof(answer) - 1);
    if (n < 12 || memcmp(answer, "HTTP/1.1 404", 12))
        abort();
    return 0;
}
