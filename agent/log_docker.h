/* Between the parts of log_tap's Docker: going forward, and going back. */
#ifndef AGENT_LOG_DOCKER_H
#define AGENT_LOG_DOCKER_H

#include "docker.h"
#include "log_frame.h"
#include "log_tap_impl.h"

#define DOCKER_ID_SIZE     13
#define DOCKER_CURSOR_SIZE 64

struct docker_cursor {
    char id[DOCKER_ID_SIZE];
    int64_t ns;
    long count; /* of the lines of that moment, from 1 */
};

/* A line that waits to be told after those behind it. */
struct docker_kept {
    size_t at, len, cut;
    int64_t us;
    struct docker_cursor cursor;
    bool err;
};

struct docker_tap {
    struct tap *tap;
    struct fetch *fetch;
    struct event *over;
    bool tty, answered;
    bool resumed; /* the line of `from` has not been seen yet */
    struct docker_cursor from, now;
    struct log_frame frame;
    /* going back: lines up to a moment, in spans of time that grow and shrink */
    int64_t upto_ns, span_ns, begin_ns;
    long upto_count; /* of the lines of upto_ns: those before this one; 0: all */
    bool tail;       /* this one asked for the last so many lines */
    bool over_full;  /* there are too many lines in the span */
    buf text;
    struct docker_kept *kept;
    size_t nkept, room;
};

int docker_cursor_parse(const char *text, struct docker_cursor *c);
void docker_cursor_text(const struct docker_cursor *c, char text[DOCKER_CURSOR_SIZE]);

/* Ask for lines from since to until, both included; 0: no bound; tail 0: all. */
int docker_read(struct docker_tap *d, int64_t since_ns, int64_t until_ns, long tail);

int docker_back_begin(struct docker_tap *d);
bool docker_back_line(struct docker_tap *d, const struct log_line *line);
/* A span was read. */
void docker_back_end(struct docker_tap *d, const char *error);
void docker_back_free(struct docker_tap *d);

#endif
