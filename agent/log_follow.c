#include "log_follow.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MIN_MS       100
#define WAIT_MAX_MS       5000
#define WAIT_CONTAINER_MS 1000   /* a stopped one may be started any time */
#define BEHIND_MAX        8      /* clients that catch up at once */
#define CAUGHT_MAX        100000 /* lines; who is not there then never will be */
#define FULL              (256 << 10)
#define ROOM              (64 << 10)
#define TRIES_MAX         5

static LIST_HEAD(, follow) follows = LIST_HEAD_INITIALIZER(follows);
static TAILQ_HEAD(, log_stream) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static int nbehind;

static void catch_up_next(void);
static void start_tap(struct follow *f);

static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/* ---- those who are behind */

/* The stream reads nothing of its own any more. */
static void no_tap(struct log_stream *s)
{
    if (s->queued)
        TAILQ_REMOVE(&waiting, s, queue);
    s->queued = false;
    if (s->state == STREAM_BEHIND)
        nbehind--;
    s->state = STREAM_FULL; /* until the caller says what it is */
    if (s->tap)
        tap_close(s->tap);
    s->tap = NULL;
}

void log_stream_live(struct log_stream *s)
{
    no_tap(s);
    s->state = STREAM_LIVE;
    s->tries = 0;
    catch_up_next();
}

/* It will never be there: what is said now is better than that. false: it is no more. */
static bool give_up(struct log_stream *s)
{
    int64_t lines = s->at >= 0 ? s->follow->total - s->at : -1;

    strcpy(s->last, s->follow->last);
    log_stream_live(s);
    return log_stream_gap(s, lines);
}

static void on_room(void *arg)
{
    struct log_stream *s = arg;

    if (s->state == STREAM_BEHIND && s->tap)
        tap_go_on(s->tap);
    else if (s->state == STREAM_FULL)
        follow_catch_up(s);
}

static bool behind_line(void *arg, const struct log_line *line)
{
    static buf json;
    struct log_stream *s = arg;

    json.len = 0;
    s->caught++;
    if (s->at >= 0)
        s->at++;
    if (!log_stream_line(s, line, &json))
        return false;
    if (s->follow->last[0] && !strcmp(s->follow->last, line->cursor)) {
        log_stream_live(s);
        return false;
    }
    if (s->caught >= CAUGHT_MAX) {
        give_up(s);
        return false;
    }
    if (stream_waiting(s->out) > FULL) {
        tap_pause(s->tap);
        stream_on_room(s->out, ROOM, on_room, s);
    }
    return true;
}

static void behind_gap(void *arg)
{
    log_stream_gap(arg, -1);
}

static void behind_end(void *arg, const char *error)
{
    struct log_stream *s = arg;

    s->tap = NULL;
    no_tap(s);
    if (tap_error_is_cursor(error) || ++s->tries > TRIES_MAX)
        give_up(s);
    else
        follow_catch_up(s);
    catch_up_next();
}

static void begin(struct log_stream *s)
{
    const struct follow *f = s->follow;
    struct tap_spec spec = {.unit = f->container ? NULL : f->name,
                            .container = f->container ? f->name : NULL,
                            .follow = true,
                            .cursor = s->last[0] ? s->last : NULL,
                            .since_us = s->since_us,
                            .level = 7,
                            .line = behind_line,
                            .gap = behind_gap,
                            .end = behind_end,
                            .arg = s};

    s->caught = 0;
    if (!(s->tap = tap_open(s->agent, &spec))) {
        log_warning("cannot read the log of %s: %s", f->name, strerror(errno));
        give_up(s);
        return;
    }
    s->state = STREAM_BEHIND;
    nbehind++;
}

static void catch_up_next(void)
{
    struct log_stream *s;

    while (nbehind < BEHIND_MAX && (s = TAILQ_FIRST(&waiting))) {
        TAILQ_REMOVE(&waiting, s, queue);
        s->queued = false;
        begin(s);
    }
}

void follow_catch_up(struct log_stream *s)
{
    if (s->last[0] && !strcmp(s->last, s->follow->last)) {
        log_stream_live(s);
        return;
    }
    s->state = STREAM_QUEUE;
    s->queued = true;
    TAILQ_INSERT_TAIL(&waiting, s, queue);
    catch_up_next();
}

/* ---- the follower */

/* A client that does not take what it is sent gets no more until it has. */
static void look_at_client(struct follow *f, struct log_stream *s)
{
    if (stream_waiting(s->out) <= FULL)
        return;
    s->state = STREAM_FULL;
    s->at = f->total;
    stream_on_room(s->out, ROOM, on_room, s);
}

static void tell(struct follow *f, struct log_stream *s, const struct log_line *line)
{
    if (s->state != STREAM_LIVE) {
        if (s->state != STREAM_FULL && !strcmp(s->last, line->cursor))
            log_stream_live(s);
        return;
    }
    if (!s->last[0] && line->us < s->since_us)
        return; /* the follower began further back */
    if (log_stream_line(s, line, &f->json))
        look_at_client(f, s);
}

static bool on_line(void *arg, const struct log_line *line)
{
    struct follow *f = arg;
    struct log_stream *s, *next;

    f->total++;
    f->wait_ms = WAIT_MIN_MS;
    f->read_all = false;
    strcpy(f->last, line->cursor);
    f->json.len = 0;
    f->telling = true;
    for (s = LIST_FIRST(&f->streams); s; s = next) {
        next = LIST_NEXT(s, next);
        tell(f, s, line);
    }
    f->telling = false;
    return true;
}

static void on_gap(void *arg)
{
    struct follow *f = arg;
    struct log_stream *s, *next;

    if (f->read_all)
        return; /* the old container's log was read to its end */
    f->telling = true;
    for (s = LIST_FIRST(&f->streams); s; s = next) {
        next = LIST_NEXT(s, next);
        if (s->state == STREAM_LIVE)
            log_stream_gap(s, -1);
    }
    f->telling = false;
}

static void begin_later(struct follow *f)
{
    struct timeval tv = {f->wait_ms / 1000, f->wait_ms % 1000 * 1000};
    int most = f->container ? WAIT_CONTAINER_MS : WAIT_MAX_MS;

    event_add(f->again, &tv);
    f->wait_ms = f->wait_ms * 2 < most ? f->wait_ms * 2 : most;
}

static void on_end(void *arg, const char *error)
{
    struct follow *f = arg;

    f->tap = NULL;
    /* while there is none, none says anything that could be missed */
    if (!error || strncmp(error, "Docker has no", 13))
        f->read_all = !error && f->container;
    if (error && f->wait_ms == WAIT_MIN_MS)
        log_warning("following %s: %s", f->name, error);
    if (tap_error_is_cursor(error)) {
        f->begin[0] = f->last[0] = '\0';
        f->since_us = now_us();
        on_gap(f);
    }
    begin_later(f);
}

static void start_tap(struct follow *f)
{
    struct tap_spec spec = {.unit = f->container ? NULL : f->name,
                            .container = f->container ? f->name : NULL,
                            .follow = true,
                            .cursor = f->last[0]    ? f->last
                                      : f->begin[0] ? f->begin
                                                    : NULL,
                            .since_us = f->since_us,
                            .level = 7,
                            .line = on_line,
                            .gap = on_gap,
                            .end = on_end,
                            .arg = f};

    if (!(f->tap = tap_open(f->agent, &spec))) {
        if (f->wait_ms == WAIT_MIN_MS)
            log_warning("cannot follow %s: %s", f->name, strerror(errno));
        begin_later(f);
    }
}

static void follow_free(struct follow *f)
{
    LIST_REMOVE(f, next);
    if (f->tap)
        tap_close(f->tap);
    event_free(f->again);
    buf_free(&f->json);
    free(f);
}

static void on_again(evutil_socket_t, short, void *arg)
{
    struct follow *f = arg;

    if (LIST_EMPTY(&f->streams))
        follow_free(f);
    else if (!f->tap)
        start_tap(f);
}

/* ---- coming and going */

static struct follow *find(const struct log_place *place)
{
    struct follow *f;

    LIST_FOREACH(f, &follows, next)
    if (f->container == place->container && !strcmp(f->name, place->name))
        return f;
    return NULL;
}

static struct follow *make(struct agent *agent, const struct log_place *place)
{
    struct follow *f = calloc(1, sizeof(*f));

    if (!f || !(f->again = evtimer_new(agent->base, on_again, f)))
        abort();
    f->agent = agent;
    f->container = place->container;
    snprintf(f->name, sizeof(f->name), "%s", place->name);
    f->wait_ms = WAIT_MIN_MS;
    LIST_INIT(&f->streams);
    LIST_INSERT_HEAD(&follows, f, next);
    return f;
}

/* Where the first client wants to begin, all may: who wants less leaves out what is older. */
static void begin_with(struct follow *f, struct log_stream *s)
{
    f->from_now = !s->last[0] && s->since_us == 0;
    strcpy(f->begin, s->last);
    if (s->since_us == 0)
        s->since_us = now_us();
    f->since_us = s->since_us;
    log_stream_live(s);
    if (f->tap)
        tap_close(f->tap);
    event_del(f->again);
    start_tap(f);
}

void follow_join(struct agent *agent, const struct log_place *place, struct log_stream *s)
{
    struct follow *f = find(place);
    bool fresh = !f || LIST_EMPTY(&f->streams);

    if (!f)
        f = make(agent, place);
    s->follow = f;
    s->at = -1;
    LIST_INSERT_HEAD(&f->streams, s, next);
    if (fresh && (!f->last[0] || strcmp(f->last, s->last))) {
        f->last[0] = '\0';
        begin_with(f, s);
    }
    else if (!s->last[0] && s->since_us == 0) {
        s->since_us = now_us();
        log_stream_live(s);
    }
    else if (!f->last[0] && f->from_now && s->last[0]) {
        begin_with(f, s); /* nothing was said yet: the same follower will do */
    }
    else if (!f->last[0] && s->last[0] && !strcmp(f->begin, s->last)) {
        log_stream_live(s);
    }
    else {
        follow_catch_up(s);
    }
}

void follow_leave(struct log_stream *s)
{
    static const struct timeval now = {0, 0};
    struct follow *f = s->follow;

    no_tap(s);
    if (f) {
        LIST_REMOVE(s, next);
        s->follow = NULL;
        if (LIST_EMPTY(&f->streams)) {
            if (f->telling)
                event_add(f->again, &now);
            else
                follow_free(f);
        }
    }
    catch_up_next();
}

void follow_stop_all(void)
{
    while (!LIST_EMPTY(&follows)) {
        struct follow *f = LIST_FIRST(&follows);

        while (!LIST_EMPTY(&f->streams)) {
            struct log_stream *s = LIST_FIRST(&f->streams);

            LIST_REMOVE(s, next);
            s->follow = NULL;
            no_tap(s);
        }
        follow_free(f);
    }
}
