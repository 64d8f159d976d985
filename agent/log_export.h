/*
 * log_export: reads `journalctl -o export` as it comes, in pieces of any size.
 *
 * An entry is lines of KEY=value, or for what is no printable text KEY, eight bytes of length
 * and so many bytes; an empty line ends it. Of what can be long only so much is kept as is
 * shown: the memory is bounded whatever comes.
 */
#ifndef AGENT_LOG_EXPORT_H
#define AGENT_LOG_EXPORT_H

#include "log_line.h"

/* The fields to ask journalctl for; it adds the cursor and the time by itself. */
#define LOG_EXPORT_FIELDS "MESSAGE,PRIORITY,_PID"

struct log_export {
    /* A line; its strings are good until this returns. false: no more of them are wanted. */
    bool (*line)(void *arg, const struct log_line *line);
    void *arg;
    bool broken;  /* what came is no such format; nothing is read any more */
    bool stopped; /* `line` said so */
    /* the rest is log_export.c's */
    enum { EXPORT_LINE, EXPORT_LENGTH, EXPORT_VALUE, EXPORT_END } at;
    int field;     /* of a value with a length */
    uint64_t left; /* bytes of it that are to come */
    int have;      /* bytes of its length */
    size_t over;   /* bytes of the line that were not kept */
    buf part;      /* the line so far */
    /* the entry so far */
    char cursor[LOG_CURSOR_MAX + 1];
    int64_t us;
    int level;
    long pid;
    bool has_level, has_text;
    buf text;
    size_t cut;
};

/* Starts as zeroes with `line` and `arg` set. */
void log_export_feed(struct log_export *e, const char *bytes, size_t n);
void log_export_free(struct log_export *e);

#endif
