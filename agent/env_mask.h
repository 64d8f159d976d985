/*
 * env_mask: which values of an env file are secrets, and how they are hidden and put back.
 *
 * A key is secret when one of its words is (API_TOKEN, apiToken; not MONKEY), a value when it
 * is a URL with a password or a private key. Comments and odd lines are held to the same
 * rule. In text a hidden value is ENV_MARK, once for each line it has.
 */
#ifndef AGENT_ENV_MASK_H
#define AGENT_ENV_MASK_H

#include "env_text.h"

#define ENV_MARK                                                                              \
    "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"    \
    "\xe2\x80\xa2"

struct env_mask {
    char **word;
    int n;
    /* what may be seen: keys, or all of it */
    const char *const *shown;
    int nshown;
    bool all_shown;
};

/* words: separated by blanks or commas; NULL: the words that are usual. */
void env_mask_init(struct env_mask *mask, const char *words);
void env_mask_free(struct env_mask *mask);

bool env_mask_key(const struct env_mask *mask, const char *key, size_t n);
bool env_mask_value(const struct env_mask *mask, const char *value, size_t n);
bool env_mask_item(const struct env_mask *mask, const struct env_text *t,
                   const struct env_item *item);
/* Whether the bytes have a mark in them. */
bool env_mask_marked(const char *bytes, size_t n);

/* The item as it is shown, hidden or not; as many lines as it has. */
void env_mask_show(const struct env_mask *mask, const struct env_text *t,
                   const struct env_item *item, buf *out);
/* All of t with the secrets hidden; as many lines as t. */
void env_mask_text(const struct env_mask *mask, const struct env_text *t, buf *out);

/*
 * Write the text, which came back from who has seen `old` masked, with the lines that have a
 * mark as they were. -1 with the line where such a line is not the one that was shown, is
 * there twice, or stands in another order.
 */
int env_unmask(const struct env_mask *mask, const struct env_text *old, const char *text,
               size_t n, buf *out, struct env_fail *fail);

#endif
