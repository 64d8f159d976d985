/*
 * markdown: CommonMark of a stranger as HTML that can do no harm.
 *
 * What comes out is made of this list alone: p br h4 h5 h6 em strong code pre blockquote ul ol
 * li hr, and a with href to http, https or mailto. HTML in the text is shown as text; a
 * picture is a link to it, so that reading a page tells nobody else about the reader.
 */
#ifndef TOCSIN_MARKDOWN_H
#define TOCSIN_MARKDOWN_H

#include <stddef.h>

#define MARKDOWN_MAX 100000 /* bytes; more of it is cut */

/* Both for free(), never NULL. */
char *markdown_html(const char *text, size_t len);
/* As plain text: links as "words (address)". */
char *markdown_text(const char *text, size_t len);

#endif
