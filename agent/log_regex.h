/*
 * log_regex: patterns of a stranger over lines of strangers, in linear time and bounded
 * memory.
 *
 * The pattern becomes a machine of states that are made when a text first needs them (a lazy
 * DFA), so no pattern can go back and forth in a text: each byte is looked at once. Known are
 * . [abc] [^a-z] | ( ) (?: ) * + ? {2,5} and their lazy forms, ^ $ \b \B, \d \w \s and their
 * opposites, \n \t \xHH \uHHHH, and (?i) in front. No back references, nothing that looks
 * around. Characters are UTF-8; upper and lower case are the same for ASCII only.
 */
#ifndef AGENT_LOG_REGEX_H
#define AGENT_LOG_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_REGEX_MAX 512 /* bytes of a pattern */

struct log_regex;

/* NULL, with the rule that is broken in *why (static). */
struct log_regex *log_regex_new(const char *pattern, const char **why);
/* The words as they are, whatever the case of their ASCII letters. */
struct log_regex *log_regex_words(const char *words, const char **why);
void log_regex_free(struct log_regex *r);

/* Is it in there, anywhere? The text is UTF-8: log_text_clean() makes it so. */
bool log_regex_match(struct log_regex *r, const char *text, size_t len);

#endif
