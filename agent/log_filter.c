#define _GNU_SOURCE
#include "log_filter.h"
#include "deploy_asked.h"
#include "deploy_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_MAX      4102444800 /* 2100 */
#define BEFORE_US     1000000 /* systemd's own lines about a deploy's unit stand around it */
#define BEHIND_US     2000000
#define NOT_YET_BEGUN 60 /* s: an ask may wait so long for its unit */

static int read_search(struct call *c, struct log_filter *f)
{
    const char *q = call_query(c, "q"), *why;
    long regex;

    if (call_number(c, "regex", 0, 1, 0, &regex))
        return -1;
    if (!q || !*q)
        return 0;
    f->search = regex ? log_regex_new(q, &why) : log_regex_words(q, &why);
    if (f->search)
        return 0;
    call_error_at(c, 422, "q", 0, "'q' %s", why);
    return -1;
}

int log_filter_read(struct call *c, struct log_filter *f)
{
    const char *stream = call_query(c, "stream");
    long level, since, until;

    memset(f, 0, sizeof(*f));
    if (call_number(c, "level", 0, 7, 7, &level) ||
        call_number(c, "since", 0, TIME_MAX, 0, &since) ||
        call_number(c, "until", 0, TIME_MAX, TIME_MAX, &until))
        return -1;
    if (stream && strcmp(stream, "stdout") && strcmp(stream, "stderr")) {
        call_error_at(c, 400, "stream", 0, "'stream' must be stdout or stderr");
        return -1;
    }
    f->stream = !stream ? LOG_BOTH : strcmp(stream, "stderr") ? LOG_STDOUT : LOG_STDERR;
    f->level = (int)level;
    f->since_us = since * 1000000;
    f->until_us = until == TIME_MAX ? 0 : until > 0 ? until * 1000000 : 1;
    return read_search(c, f);
}

void log_filter_drop(struct log_filter *f)
{
    log_regex_free(f->search);
    buf_free(&f->clean);
    f->search = NULL;
}

bool log_filter_fits(struct log_filter *f, const struct log_line *line)
{
    const char *text = line->text;
    size_t len = line->len;

    if (line->level > f->level || (f->stream == LOG_STDERR && !line->err) ||
        (f->stream == LOG_STDOUT && line->err) || (f->since_us && line->us < f->since_us) ||
        (f->until_us && line->us > f->until_us))
        return false;
    if (!f->search)
        return true;
    log_text_clean(&f->clean, &text, &len);
    return log_regex_match(f->search, text, len);
}

bool log_filter_open(const struct log_filter *f)
{
    return f->level == 7 && f->stream == LOG_BOTH && !f->search;
}

/* ---- where they are */

/* us of "2026-11-21T09:30:00.123Z"; 0: none */
static int64_t time_of(const json_t *report, const char *key)
{
    const char *text = json_string_value(json_object_get(report, key)), *rest;
    struct tm tm = {0};

    if (!text || !(rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm)))
        return 0;
    return timegm(&tm) * 1000000LL + (*rest == '.' ? atoi(rest + 1) * 1000LL : 0);
}

bool log_place_deploy(struct agent *agent, const struct app *app, struct log_place *place)
{
    json_t *report = deploy_asked_report(agent->conf, app, place->deploy, true);
    const char *state = json_string_value(json_object_get(report, "state"));
    int64_t ended;

    if (!report)
        return false;
    place->running = state && !strcmp(state, "running");
    if ((place->since_us = time_of(report, "started_at")) == 0)
        place->since_us = (time(NULL) - NOT_YET_BEGUN) * 1000000LL;
    place->since_us -= BEFORE_US;
    ended = time_of(report, "ended_at");
    place->until_us = ended > 0 ? ended + BEHIND_US : 0;
    json_decref(report);
    return true;
}

static int read_deploy(struct call *c, struct log_place *place, const char *id)
{
    if (!deploy_id_ok(id)) {
        call_error_at(c, 400, "deploy", 0, "'deploy' must be the id of a deploy");
        return -1;
    }
    snprintf(place->deploy, sizeof(place->deploy), "%s", id);
    snprintf(place->name, sizeof(place->name), "tocsin-deploy@%s.service", c->app->id);
    if (log_place_deploy(c->agent, c->app, place))
        return 0;
    call_error(c, 404, "no such deploy");
    return -1;
}

int log_place_read(struct call *c, struct log_place *place)
{
    const char *deploy = call_query(c, "deploy");

    memset(place, 0, sizeof(*place));
    if (!c->app->log) {
        call_error(c, 409, "this host does not show the log of %s", c->app->id);
        return -1;
    }
    if (deploy)
        return read_deploy(c, place, deploy);
    place->container = c->app->container != NULL;
    snprintf(place->name, sizeof(place->name), "%s",
             place->container ? c->app->container : c->app->unit);
    return 0;
}
