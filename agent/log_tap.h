/*
 * log_tap: reads the lines of a unit or a container, one after the other: from journalctl, a
 * child without a shell, or from Docker's socket.
 */
#ifndef AGENT_LOG_TAP_H
#define AGENT_LOG_TAP_H

#include "agent.h"
#include "log_line.h"

struct tap;

struct tap_spec {
    const char *unit, *container; /* one of both */
    bool follow;                  /* go on with what is said from now on */
    bool back;                    /* the newest first; not with follow */
    const char *cursor;           /* from behind this line; NULL: from the beginning */
    int64_t since_us, until_us;   /* 0: none. With a cursor they may be ignored */
    long most;                    /* more lines than that are not needed; 0: nobody knows */
    int level;                    /* lines that are less bad may be left out; 7: none is */
    /* A line; good until this returns. false: no more are wanted, and no `end` comes. */
    bool (*line)(void *arg, const struct log_line *line);
    /* The line of the cursor is gone, and with it perhaps others behind it: said before the
     * first line. May be NULL. */
    void (*gap)(void *arg);
    /* There are no more, or an error (a sentence) came in between. The tap is then no more.
     * Never from within tap_open. */
    void (*end)(void *arg, const char *error);
    void *arg;
};

/* NULL: it cannot be started; errno says why. The spec's strings are not needed afterwards. */
struct tap *tap_open(struct agent *agent, const struct tap_spec *spec);
/* Read no more, or again: who writes has to wait. */
void tap_pause(struct tap *t);
void tap_go_on(struct tap *t);
/* `end` is not called. From anywhere. */
void tap_close(struct tap *t);
/* All that there are, at the end of the agent. */
void tap_close_all(void);

/* May the text be a cursor of ours? */
bool tap_cursor_ok(const char *cursor);
/* Is that error about the cursor that was given? */
bool tap_error_is_cursor(const char *error);

#endif
