/*
 * mime: mails as bytes: headers that nothing can be injected into, bodies that survive.
 *
 * Text is UTF-8. Control characters in a header's value become blanks, bytes that are no
 * UTF-8 become '?', words that are not plain ASCII are encoded (RFC 2047), long lines are
 * folded (RFC 5322), lines end with CRLF.
 */
#ifndef TOCSIN_MIME_H
#define TOCSIN_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define MIME_MAX (256 * 1024) /* bytes of one mail */

/* Bytes that grow up to MIME_MAX. Errors stick: append freely, ask once. */
struct mime {
    char *data;
    size_t len, size;
    bool failed;
};

void mime_init(struct mime *m);
void mime_free(struct mime *m);

/* Name: value; the value is a stranger's text, encoded as needed. */
void mime_text_header(struct mime *m, const char *name, const char *value);

/* Name: value; the value is ours and ASCII ("1.0", "<id@host>"); anything else is left out. */
void mime_header(struct mime *m, const char *name, const char *value);

/* "To: a@x,\r\n b@y": addresses in RFC 5321's plain form. */
void mime_addresses(struct mime *m, const char *name, const char *const *address, int n);

/* From: a stranger's name, and an address of ours. */
void mime_from(struct mime *m, const char *name, const char *address);

/* Date: of that moment, in UTC. */
void mime_date(struct mime *m, time_t when);

/* The rest: content headers, an empty line, the text as quoted-printable. */
void mime_body(struct mime *m, const char *text);

/* Is it local@domain in the plain form, without quotes, blanks or control characters? */
bool mime_is_address(const char *s);

#endif
