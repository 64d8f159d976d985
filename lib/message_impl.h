/* message_impl: what the files of message share. */
#ifndef TOCSIN_MESSAGE_IMPL_H
#define TOCSIN_MESSAGE_IMPL_H

#include <stdio.h>

#include "message.h"

/* A member that is a string, or "". */
const char *message_text(const json_t *o, const char *key);
/* Control characters become blanks. */
void message_clean(char *s);
/* A line of the text. A stranger's line break does not begin another. */
void message_line(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Is it one of a status page to its subscribers? */
bool message_is_public(const char *event);
/* Fills such a one; m->event is set. 0 or -1. */
int message_public(struct message *m, const json_t *body, const char *public_url);
json_t *message_public_webhook(const struct message *m, const json_t *body);

#endif
