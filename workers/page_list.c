#include "page_list.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    const struct page_entry *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

struct page_entry *page_list_find(const struct page_list *l, long long id)
{
    struct page_entry wanted = {.id = id};

    return l->n ? bsearch(&wanted, l->entry, (size_t)l->n, sizeof(*l->entry), by_id) : NULL;
}

struct page_entry *page_list_slug(const struct page_list *l, const char *slug)
{
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->entry[i].slug, slug))
            return &l->entry[i];
    return NULL;
}

struct page_entry *page_list_add(struct page_list *l, long long id)
{
    struct page_entry *all;
    int at = l->n;

    if (l->n >= PAGE_LIST_MAX || !(all = realloc(l->entry, sizeof(*all) * (size_t)(l->n + 1))))
        return NULL;
    l->entry = all;
    while (at > 0 && all[at - 1].id > id)
        at--;
    memmove(all + at + 1, all + at, sizeof(*all) * (size_t)(l->n - at));
    l->n++;
    all[at] = (struct page_entry){.id = id};
    return &all[at];
}

void page_list_forget(struct page_list *l, struct page_entry *e)
{
    int at = (int)(e - l->entry);

    memmove(e, e + 1, sizeof(*e) * (size_t)(l->n - at - 1));
    l->n--;
}

int64_t page_list_next(long long id, int64_t now_ms)
{
    int64_t phase = (int64_t)((unsigned long long)id * 7919 % PAGE_LIST_TURN);
    int64_t at = now_ms - now_ms % PAGE_LIST_TURN + phase;

    return at > now_ms ? at : at + PAGE_LIST_TURN;
}

struct page_entry *page_list_due(const struct page_list *l, int64_t now_ms)
{
    struct page_entry *found = NULL;

    for (int i = 0; i < l->n; i++) {
        struct page_entry *e = &l->entry[i];

        if (!e->queued && e->due_ms <= now_ms && (!found || e->due_ms < found->due_ms))
            found = e;
    }
    return found;
}

int page_list_waiting(const struct page_list *l, int64_t now_ms)
{
    int n = 0;

    for (int i = 0; i < l->n; i++)
        n += !l->entry[i].queued && l->entry[i].due_ms <= now_ms;
    return n;
}
