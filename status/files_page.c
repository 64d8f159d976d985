#include "files_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "file.h"
#include "files_days.h"
#include "files_impl.h"
#include "store.h"

/* ---------------------------------------------------------------- readings */

static int take(const struct reading *r, int, void *arg)
{
    struct files *f = arg;
    struct sample one = {
        .t = r->t,
        .lat = r->lat,
        .code = (int16_t)(r->code > 0 && r->code < 1000 ? r->code : 0),
        .state = (uint8_t)r->state,
    };
    uint32_t id = names_id(&f->names, r->svc, strlen(r->svc));

    if (id >= f->room) {
        size_t room = id * 2 + 64;
        struct samples *more = realloc(f->samples, room * sizeof(*more));

        if (!more)
            abort();
        memset(more + f->room, 0, (room - f->room) * sizeof(*more));
        f->samples = more;
        f->room = room;
    }
    samples_add(&f->samples[id], &one);
    return 0;
}

static int read_samples(struct files *f, char *error, size_t size)
{
    int today = day_of_ms(f->from->now_ms), rv;
    struct store *s = store_open(f->from->dir, false, 0, error, size);

    if (!s)
        return -1;
    if (f->from->tell)
        store_tell(s, f->from->tell, f->from->tell_arg);
    /* a day more: what held at its end holds at the beginning of the first */
    rv = store_each(s, today - PAGE_DAYS, today, take, f);
    if (rv < 0)
        snprintf(error, size, "%s", store_error(s));
    store_close(s);
    return rv < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- components */

/* As in the readings, or with an id that none has. */
static uint32_t id_of(struct files *f, const char *name)
{
    uint32_t id = names_id(&f->names, name, strlen(name));

    return id < f->room && f->samples[id].n > 0 ? id : UINT32_MAX;
}

static bool key_taken(const struct page *page, int n, const char *key)
{
    int i;

    for (i = 0; i < n; i++)
        if (!strcmp(page->component[i].key, key))
            return true;
    return false;
}

/* Names that differ may have one slug: "a b" and "a-b". */
static const char *key_of(struct page *page, int n, const char *name)
{
    char key[FILE_SLUG_SIZE + 16];
    size_t len;
    int k;

    file_slug(name, key, FILE_SLUG_SIZE);
    len = strlen(key);
    for (k = 2; key_taken(page, n, key); k++)
        snprintf(key + len, sizeof(key) - len, "-%d", k);
    return arena_str(&page->memory, key);
}

static size_t spans_of(const struct files *f, const struct files_system *s, struct span *span)
{
    size_t n = 0;
    int i;

    for (i = 0; i < f->notes.windows; i++)
        if (f->notes.window[i].systems == 0 || /* everybody's */
            files_names(&f->notes.window[i], s->name, s->label))
            span[n++] = files_window_span(&f->notes.window[i]);
    return spans_join(span, n);
}

static void add_component(struct files *f, struct page *page, const struct files_system *s,
                          struct span *span)
{
    struct page_component *c = &page->component[page->components];
    uint32_t id = id_of(f, s->name);
    struct samples none = {0};

    c->key = key_of(page, page->components, s->name);
    c->section = arena_str(&page->memory, s->section ? s->section : "");
    c->name = arena_str(&page->memory, s->label ? s->label : s->name);
    c->description = arena_str(&page->memory, s->description ? s->description : "");
    c->show_ms = c->show_uptime = true;
    files_days(c, id == UINT32_MAX ? &none : &f->samples[id], span, spans_of(f, s, span),
               f->from->now_ms);
    files_old_days(f, c, s->name);
    page->components++;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct files_system *)a)->name,
                  ((const struct files_system *)b)->name);
}

/* All that have readings, when nobody says which. */
static struct files_system *found_systems(const struct files *f, size_t *n)
{
    struct files_system *all = calloc(f->names.n + 1, sizeof(*all));
    size_t i;

    if (!all)
        abort();
    *n = 0;
    for (i = 0; i < f->names.n; i++)
        if (i < f->room && f->samples[i].n > 0)
            all[(*n)++].name = f->names.item[i].text;
    qsort(all, *n, sizeof(*all), by_name);
    return all;
}

static void add_components(struct files *f, struct page *page)
{
    struct files_system *found = NULL;
    const struct files_system *all = f->from->system;
    struct span *span = calloc((size_t)f->notes.windows + 1, sizeof(*span));
    size_t n = f->from->systems, i;

    if (!span)
        abort();
    if (n == 0)
        all = found = found_systems(f, &n);
    page->component = arena_alloc(&page->memory, (n + 1) * sizeof(*page->component));
    for (i = 0; i < n; i++)
        add_component(f, page, &all[i], span);
    f->system = arena_alloc(&page->memory, (n + 1) * sizeof(*f->system));
    for (i = 0; i < n; i++) {
        f->system[i].name = arena_str(&page->memory, all[i].name);
        f->system[i].label = page->component[i].name;
    }
    free(span);
    free(found);
}

/* ---------------------------------------------------------------- all of it */

int page_from_files(struct page *page, const struct files_page *from, char *error, size_t size)
{
    struct files f = {.from = from};
    size_t i;
    int rv = -1;

    page->now = from->now_ms / 1000;
    page->today = day_of_ms(from->now_ms);
    if (notes_read(&f.notes, from->dir, error, size) == 0 &&
        read_samples(&f, error, size) == 0) {
        if (f.notes.bad && from->tell)
            from->tell(from->tell_arg, f.notes.trouble);
        files_read_summary(&f);
        add_components(&f, page);
        files_incidents(&f, page);
        files_windows(&f, page);
        rv = 0;
    }
    for (i = 0; i < f.room; i++)
        samples_free(&f.samples[i]);
    free(f.samples);
    json_decref(f.summary);
    names_free(&f.names);
    notes_free(&f.notes);
    return rv;
}
