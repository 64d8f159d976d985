/*
 * page_story: an incident or a window, as feeds tell them.
 */
#ifndef TOCSIN_PAGE_STORY_H
#define TOCSIN_PAGE_STORY_H

#include "page_view.h"

struct story {
    const struct page_incident *incident; /* or */
    const struct page_window *window;
    int64_t at, updated;
};

#endif
