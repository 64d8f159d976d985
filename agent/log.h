/*
 * log: lines for the journal, on stderr. The journal adds the time; "<4>" and the like in
 * front of a line are levels it understands, left out where stderr is a terminal.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

enum log_level { LOG_IS_ERROR = 3, LOG_IS_WARNING = 4, LOG_IS_INFO = 6 };

void log_line(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Say nothing from now on: for fuzzing. */
void log_hush(void);

#define log_error(...)   log_line(LOG_IS_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_IS_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_IS_INFO, __VA_ARGS__)

#endif
