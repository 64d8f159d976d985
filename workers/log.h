/*
 * log: one line an event, "2026-11-21T03:00:00.123Z info checker[1234] what key=value".
 *
 * To stderr, where the service manager takes it. The text is a format of words first and
 * key=value pairs after; control characters in it are made blanks, so that no value of a
 * stranger begins a line of its own. Never pass a secret.
 */
#ifndef TOCSIND_LOG_H
#define TOCSIND_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* tag: the role's name, static. */
void log_init(const char *tag, enum log_level least);
/* Lines go to this file from now on, also those of children to come; opened anew each time,
 * so that it may have been moved away. NULL: nothing changes. 0, or -1 with errno. */
int log_open(const char *path);
/* The level's number for a word, or -1. */
int log_level_parse(const char *word);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
