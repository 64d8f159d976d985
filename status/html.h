/*
 * html: text made fit for HTML and XML, between tags and in quoted attributes alike.
 */
#ifndef TOCSIN_HTML_H
#define TOCSIN_HTML_H

#include <stdbool.h>

#include "text.h"

/* Text as text: & < > " ' are escaped, so is nothing else. NULL adds nothing. */
void html_text(buf *out, const char *s);
void html_text_n(buf *out, const char *s, size_t n);

/*
 * Markup with text in it. Of printf only %s (a string, escaped), %d, %lld and %%; so that
 * what is not escaped stands in the format, where a reader sees it.
 */
void html(buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether a link may lead there: http, https or mailto, or inside this site. */
bool html_link_ok(const char *url);

#endif
