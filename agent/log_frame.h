/*
 * log_frame: takes apart what Docker sends of a container's log, in pieces of any size.
 *
 * Without a terminal it comes in frames: which stream, three zeroes, four bytes of length, the
 * bytes. Each frame is a line or a part of a long one and begins with its time; with a
 * terminal there are only lines.
 */
#ifndef AGENT_LOG_FRAME_H
#define AGENT_LOG_FRAME_H

#include "log_line.h"

#define FRAME_STAMP_MAX 48

struct log_frame {
    bool tty;
    /* ns: since 1970; false: no more of them are wanted */
    bool (*line)(void *arg, bool err, int64_t ns, const struct log_line *line);
    void *arg;
    bool broken, stopped;
    uint64_t entries; /* frames, as Docker counts lines; with a terminal it may be some more */
    /* the rest is log_frame.c's */
    unsigned char head[8];
    int have;
    uint32_t left; /* bytes of the frame */
    struct log_frame_half {
        char stamp[FRAME_STAMP_MAX];
        size_t nstamp;
        bool in_stamp, begun; /* begun: a line has bytes already */
        int64_t ns;
        buf text;
        size_t over;
    } half[2];      /* stdout, stderr */
    int at;         /* which half */
    uint64_t bytes; /* with a terminal */
};

/* Starts as zeroes with tty, line and arg set. */
void log_frame_feed(struct log_frame *f, const char *bytes, size_t n);
void log_frame_free(struct log_frame *f);

/* ns of "2026-11-21T09:58:43.123456789Z"; -1: it is none. */
int64_t log_frame_time(const char *s, size_t n);

#endif
