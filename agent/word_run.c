/* The agent itself: from the configuration to the loop, and out of it again. */
#define _GNU_SOURCE
#include "agent.h"
#include "enrol.h"
#include "log.h"
#include "proc.h"
#include "run.h"
#include "server.h"
#include "words.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUSY_CHECK_MS 500

/* static: what hangs on it when the process ends is not lost */
static struct agent agent;
static struct conf conf;
static const struct asked *asked;
static bool again; /* SIGHUP: start anew with the new configuration */

/* READY=1 and the like for the service manager. */
static void notify(const char *words)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    int fd;

    if (n == 0 || n >= sizeof(to.sun_path))
        return;
    memcpy(to.sun_path, path, n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return;
    if (sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
        log_warning("cannot tell the service manager: %s", strerror(errno));
    close(fd);
}

/* A loop that hangs is a service that systemd starts anew. */
static void on_watchdog(evutil_socket_t, short, void *)
{
    notify("WATCHDOG=1");
}

static void start_watchdog(void)
{
    static struct event *beat;
    const char *words = getenv("WATCHDOG_USEC");
    long us = words ? atol(words) / 2 : 0;
    struct timeval half = {us / 1000000, us % 1000000};

    if (us > 0 && (beat = event_new(agent.base, -1, EV_PERSIST, on_watchdog, NULL)))
        event_add(beat, &half);
}

static void on_stop(evutil_socket_t, short, void *)
{
    event_base_loopbreak(agent.base);
}

static bool busy(void)
{
    for (const struct part *const *p = parts; *p; p++)
        if ((*p)->busy && (*p)->busy(&agent))
            return true;
    return false;
}

/* Nothing that is under way is broken off by a new configuration. */
static void leave_when_idle(evutil_socket_t, short, void *)
{
    static const struct timeval later = {0, BUSY_CHECK_MS * 1000};

    if (busy())
        event_base_once(agent.base, -1, EV_TIMEOUT, leave_when_idle, NULL, &later);
    else
        event_base_loopbreak(agent.base);
}

static void on_hangup(evutil_socket_t, short, void *)
{
    struct conf next;
    struct conf_error e;

    if (conf_load(&next, conf.path, asked->own, &e)) {
        log_error("%s:%d: %s; the old configuration stays", conf.path, e.line, e.text);
    }
    else if (!again) {
        log_info("a new configuration: starting anew");
        again = true;
        leave_when_idle(-1, 0, NULL);
    }
    conf_drop(&next);
}

static int start_parts(void)
{
    for (const struct part *const *p = parts; *p; p++)
        if ((*p)->start && (*p)->start(&agent))
            return -1;
    return 0;
}

static void stop_parts(void)
{
    for (const struct part *const *p = parts; *p; p++)
        if ((*p)->stop)
            (*p)->stop(&agent);
}

static int set_up(void)
{
    static const struct {
        int number;
        event_callback_fn fn;
    } signals[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_hangup}};
    static struct event *watched[sizeof(signals) / sizeof(signals[0])];

    agent.conf = &conf;
    agent.started_at = time(NULL);
    proc_text(&conf, "/proc/sys/kernel/random/boot_id", agent.boot_id, sizeof(agent.boot_id));
    if (!(agent.base = event_base_new())) {
        log_error("no event loop");
        return -1;
    }
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        watched[i] = evsignal_new(agent.base, signals[i].number, signals[i].fn, NULL);
        event_add(watched[i], NULL);
    }
    if (enrol_finish(&conf) || start_parts())
        return -1;
    return (agent.server = server_start(&agent)) ? 0 : -1;
}

/* The same process with everything new; the configuration was found good. */
static void start_anew(void)
{
    const char *args[8];
    int n = 0;

    args[n++] = "tocsin-agent";
    args[n++] = "-c";
    args[n++] = asked->conf_path;
    if (asked->own)
        args[n++] = "--own";
    args[n++] = "run";
    args[n] = NULL;
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    execv("/proc/self/exe", (char *const *)args);
    log_error("cannot start anew: %s", strerror(errno));
}

int word_run(const struct asked *how)
{
    asked = how;
    if (asked_conf(asked, &conf))
        return 1;
    if (geteuid() == 0 && !conf.allow_root) {
        fprintf(stderr, "tocsin-agent: will not run as root: it has a user of its own\n");
        return 1;
    }
    if (set_up())
        return 1;
    notify("READY=1");
    start_watchdog();
    event_base_dispatch(agent.base);
    notify(again ? "RELOADING=1" : "STOPPING=1");
    server_close(agent.server);
    stop_parts();
    if (again) {
        run_stop_all(); /* systemd does that at our end */
        start_anew();
    }
    return again ? 1 : 0;
}
