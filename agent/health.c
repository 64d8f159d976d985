#include "health.h"
#include "clock.h"
#include "fetch.h"
#include "run.h"
#include "utf8.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_MS   2000
#define OUTPUT_MAX 4096

struct health_check {
    struct agent *agent;
    const struct app *app;
    struct health last;
    int64_t began_ms, ended_ms;
    struct fetch *fetch;
    struct run *run;
    void (*fn)(void *);
    void *arg;
};

struct health_check *health_new(struct agent *agent, const struct app *app)
{
    struct health_check *h;

    if ((!app->health && !app->health_argv) || !(h = calloc(1, sizeof(*h))))
        return NULL;
    h->agent = agent;
    h->app = app;
    return h;
}

void health_free(struct health_check *h)
{
    if (!h)
        return;
    if (h->fetch)
        fetch_stop(h->fetch);
    if (h->run)
        run_stop(h->run);
    free(h);
}

const struct health *health_last(const struct health_check *h)
{
    return h ? &h->last : NULL;
}

void health_message(char out[HEALTH_MESSAGE_MAX + 1], const char *text, size_t len)
{
    size_t n = 0;

    while (len > 0 && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t')) {
        text++;
        len--;
    }
    while (n < len && text[n] != '\n' && text[n] != '\0')
        n++;
    utf8_clean(out, HEALTH_MESSAGE_MAX + 1, text, n);
}

static void done(struct health_check *h, bool ok)
{
    void (*fn)(void *) = h->fn;

    h->fetch = NULL;
    h->run = NULL;
    h->ended_ms = clock_ms();
    h->last.known = true;
    h->last.ok = ok;
    h->last.ms = (int)(h->ended_ms - h->began_ms);
    h->last.at = time(NULL);
    h->fn = NULL;
    if (fn)
        fn(h->arg);
}

static void on_fetch(void *arg, const struct fetch_end *end)
{
    struct health_check *h = arg;
    bool ok = !end->error && end->status >= 200 && end->status < 400;

    if (end->error)
        snprintf(h->last.message, sizeof(h->last.message), "%s", end->error);
    else
        snprintf(h->last.message, sizeof(h->last.message), "HTTP %d", end->status);
    done(h, ok);
}

static void on_run(void *arg, const struct run_end *end)
{
    struct health_check *h = arg;

    health_message(h->last.message, end->out, end->out_len);
    if (end->late)
        snprintf(h->last.message, sizeof(h->last.message), "not done within %ld s",
                 h->app->health_timeout);
    else if (end->code < 0)
        snprintf(h->last.message, sizeof(h->last.message), "killed by signal %d", end->signal);
    else if (!h->last.message[0])
        snprintf(h->last.message, sizeof(h->last.message), "exit code %d", end->code);
    done(h, end->code == 0 && !end->late);
}

static void fetch_it(struct health_check *h)
{
    const char *from = h->app->health + strlen("http://");
    size_t n = strcspn(from, "/?");
    char host[ADDR_TEXT], path[1024];
    struct addr to;
    struct fetch_spec spec = {.to = &to,
                              .method = "GET",
                              .path = path,
                              .host = host,
                              .deadline_ms = (int)h->app->health_timeout * 1000,
                              .end = on_fetch,
                              .arg = h};

    snprintf(host, sizeof(host), "%.*s", (int)n, from);
    snprintf(path, sizeof(path), "%s%s", from[n] == '/' ? "" : "/", from + n);
    path[strcspn(path, "#")] = '\0';
    if (addr_parse(&to, host, 80) == 0)
        h->fetch = fetch_start(h->agent, &spec);
}

static void run_it(struct health_check *h)
{
    struct run_spec spec = {.argv = (const char *const *)h->app->health_argv,
                            .deadline_ms = (int)h->app->health_timeout * 1000,
                            .most = OUTPUT_MAX,
                            .join = true,
                            .end = on_run,
                            .arg = h};

    h->run = run_start(h->agent, &spec);
}

bool health_ask(struct health_check *h, void (*fn)(void *), void *arg)
{
    if (h->last.known && !h->fetch && !h->run && clock_ms() - h->ended_ms < FRESH_MS)
        return false;
    h->fn = fn;
    h->arg = arg;
    if (h->fetch || h->run)
        return true;
    h->began_ms = clock_ms();
    if (h->app->health)
        fetch_it(h);
    else
        run_it(h);
    if (h->fetch || h->run)
        return true;
    snprintf(h->last.message, sizeof(h->last.message), "cannot be checked: %s",
             strerror(errno));
    h->fn = NULL;
    done(h, false);
    return false;
}
