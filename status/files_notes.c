/* files_notes: incidents and maintenance windows of the files, as a page has them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "files_impl.h"

static bool has(const struct note *note, const char *name)
{
    int i;

    for (i = 0; name && i < note->systems; i++)
        if (!strcasecmp(note->system[i], name))
            return true;
    return false;
}

bool files_names(const struct note *note, const char *name, const char *label)
{
    return has(note, name) || has(note, label);
}

struct span files_window_span(const struct note *w)
{
    int64_t end = w->closed_at && w->closed_at < w->ends_at ? w->closed_at : w->ends_at;

    return (struct span){w->starts_at * 1000, end * 1000};
}

/* Which components a note is about; returns how many. */
static int components(const struct files *f, struct page *page, const struct note *note,
                      int **out)
{
    int i, n = 0;

    *out = arena_alloc(&page->memory, (size_t)(page->components + 1) * sizeof(**out));
    for (i = 0; i < page->components; i++)
        if (files_names(note, f->system[i].name, f->system[i].label))
            (*out)[n++] = i;
    return n;
}

static const char *text(struct page *page, const char *s)
{
    return arena_str(&page->memory, s ? s : "");
}

/* What was said first, then each comment. */
static int updates(struct page *page, const struct note *note, bool body,
                   struct page_update **out)
{
    struct page_update *u =
        arena_alloc(&page->memory, (size_t)(note->comments + 1) * sizeof(*u));
    int i, n = 0;

    *out = u;
    if (body && note->body && *note->body)
        u[n++] = (struct page_update){
            .at = note->created_at,
            .phase = "investigating",
            .author = "",
            .body = text(page, note->body),
        };
    for (i = 0; i < note->comments; i++)
        u[n++] = (struct page_update){
            .at = note->comment[i].at,
            .phase = text(page, note->comment[i].phase),
            .author = text(page, note->comment[i].author),
            .body = text(page, note->comment[i].body),
        };
    return n;
}

static const char *key(struct page *page, const struct note *note)
{
    char out[24];

    snprintf(out, sizeof(out), "%" PRId64, note->id < 0 ? 0 : note->id);
    return arena_str(&page->memory, out);
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct page_incident *)a)->started_at;
    int64_t y = ((const struct page_incident *)b)->started_at;

    return (x < y) - (x > y);
}

void files_incidents(struct files *f, struct page *page)
{
    int i, n = f->notes.incidents;
    struct page_incident *all = arena_alloc(&page->memory, (size_t)(n + 1) * sizeof(*all));

    page->incident = all;
    for (i = 0; i < n; i++) {
        const struct note *note = &f->notes.incident[i];
        struct page_incident *it = &all[page->incidents];

        if (note->created_at > page->now)
            continue; /* as it was then */
        it->key = key(page, note);
        it->title = text(page, note->title);
        it->severity = text(page, note->severity ? note->severity : "minor");
        it->started_at = note->created_at;
        it->resolved_at = note->closed_at <= page->now ? note->closed_at : 0;
        it->url = note->url ? text(page, note->url) : NULL;
        it->components = components(f, page, note, &it->component);
        it->updates = updates(page, note, true, &it->update);
        page->incidents++;
    }
    if (page->incidents > 0)
        qsort(all, (size_t)page->incidents, sizeof(*all), newest_first);
}

static int by_start(const void *a, const void *b)
{
    int64_t x = ((const struct page_window *)a)->starts_at;
    int64_t y = ((const struct page_window *)b)->starts_at;

    return (x > y) - (x < y);
}

void files_windows(struct files *f, struct page *page)
{
    int i, n = f->notes.windows;
    struct page_window *all = arena_alloc(&page->memory, (size_t)(n + 1) * sizeof(*all));

    page->window = all;
    for (i = 0; i < n; i++) {
        const struct note *note = &f->notes.window[i];
        struct span span = files_window_span(note);
        struct page_window *it = &all[page->windows];

        if (span.to <= span.from)
            continue; /* called off before it began */
        it->key = key(page, note);
        it->title = text(page, note->title);
        it->description = text(page, note->body);
        it->starts_at = span.from / 1000;
        it->ends_at = span.to / 1000;
        it->url = note->url ? text(page, note->url) : NULL;
        it->components = components(f, page, note, &it->component);
        it->updates = updates(page, note, false, &it->update);
        page->windows++;
    }
    if (page->windows > 0)
        qsort(all, (size_t)page->windows, sizeof(*all), by_start);
}
