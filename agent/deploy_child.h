/*
 * deploy_child: programs that a deploy runs, as the user root named for it.
 *
 * One after the other, each in a session of its own with nothing to read. What one says goes
 * to standard output line by line (the journal), or is kept for who asked.
 */
#ifndef AGENT_DEPLOY_CHILD_H
#define AGENT_DEPLOY_CHILD_H

#include "account.h"
#include "buf.h"

#include <stdbool.h>

#define DEPLOY_LINE_MAX 4096
#define DEPLOY_MARK     "::tocsin::" /* our own lines begin with it, and no others */

struct deploy_child {
    const char *const *argv;
    const char *const *env;
    const char *dir;
    const struct account *user; /* NULL: as who we are */
    long timeout_s;
    bool cancel; /* SIGTERM to us ends it */
    bool quiet;  /* what it says on stderr is not shown, either */
    buf *out;    /* NULL: shown, otherwise its standard output is kept */
    size_t most; /* bytes of out */
};

enum deploy_ended { DEPLOY_OK, DEPLOY_FAILED, DEPLOY_LATE, DEPLOY_CANCELLED };

/* how: "exit code 3", "killed by signal 9", "not started: …". */
enum deploy_ended deploy_child_run(const struct deploy_child *child, char *how, size_t size);

/* From now on SIGTERM and SIGINT mean cancel. */
void deploy_child_signals(void);
bool deploy_cancelled(void);
/* Wait, at most; returns early when cancelled and `cancel`. */
void deploy_pause(int ms, bool cancel);

/* "::tocsin:: {json}" */
void deploy_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
