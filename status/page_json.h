/*
 * page_json: a page out of the database: the JSON of tocsin.page_model().
 */
#ifndef TOCSIN_PAGE_JSON_H
#define TOCSIN_PAGE_JSON_H

#include <jansson.h>

#include "page.h"

/*
 * Says where the page is read and its form is sent, when the administrator did not give it a
 * host of its own: below `public_url`, which has no slash at its end (NULL: not known, and
 * the form goes to where the API is as seen from the page's folder).
 */
void page_json_place(json_t *model, const char *public_url);

/* The page, for page_free(), and none of it is of `model` any more. NULL: see error, which
 * names the member that is wrong. */
struct page *page_from_json(const json_t *model, char *error, size_t size);

#endif
