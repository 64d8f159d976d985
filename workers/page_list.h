/*
 * page_list: the pages that the publisher knows, and when each is to be written.
 */
#ifndef TOCSIND_PAGE_LIST_H
#define TOCSIND_PAGE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_LIST_MAX  20000
#define PAGE_LIST_TURN 60000 /* ms; each page is written as often, changed or not */

struct page_entry {
    long long id;
    char slug[64];
    int64_t due_ms;
    bool queued; /* its model is asked for */
    bool known;  /* in the newest answer */
    bool failed; /* said in the log */
};

struct page_list {
    struct page_entry *entry; /* by id; pointers to one hold until the list changes */
    int n;
};

struct page_entry *page_list_find(const struct page_list *l, long long id);
struct page_entry *page_list_slug(const struct page_list *l, const char *slug);
/* NULL: there are too many. */
struct page_entry *page_list_add(struct page_list *l, long long id);
void page_list_forget(struct page_list *l, struct page_entry *e);
/* The one that has been due for longest and is not queued; NULL: none is due. */
struct page_entry *page_list_due(const struct page_list *l, int64_t now_ms);
/* How many are due and not queued. */
int page_list_waiting(const struct page_list *l, int64_t now_ms);
/* The next turn of this page: each has a moment of its own, so that they are spread. */
int64_t page_list_next(long long id, int64_t now_ms);

#endif
