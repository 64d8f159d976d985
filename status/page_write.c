/* page_write: the folder of a page, a file at a time. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "day.h"
#include "file.h"
#include "page_view.h"

#define MONTHS_MAX 240

struct folder {
    struct view *v;
    const char *dir;
    struct page_written *out;
    bool first; /* without what only pages of their own and other sites show */
    buf file;
    buf names; /* "badge/api.svg\n": all that has been written */
};

static int put(struct folder *f, const char *name)
{
    char path[4096];
    int rv;

    if (snprintf(path, sizeof(path), "%s/%s", f->dir, name) >= (int)sizeof(path)) {
        snprintf(f->out->error, sizeof(f->out->error),
                 "cannot write '%.100s': the path is too long", name);
        return -1;
    }
    rv = file_refresh(path, f->file.data, f->file.len, f->out->error, sizeof(f->out->error));
    if (rv < 0)
        return -1;
    f->out->files++;
    f->out->bytes += f->file.len;
    f->out->unchanged += rv == 0;
    buf_puts(&f->names, name);
    buf_add(&f->names, "", 1);
    return 0;
}

static struct view *begin(struct folder *f, const char *up)
{
    buf_clear(&f->file);
    f->v->out = &f->file;
    f->v->up = up;
    f->v->live = false;
    return f->v;
}

/* Keys are names of files. */
static bool key_ok(const char *key)
{
    return key && *key && strlen(key) <= 120 &&
           key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-")] == 0;
}

static bool keys_ok(const struct page *p, struct page_written *out)
{
    const char *bad = NULL;
    int i;

    for (i = 0; i < p->components; i++)
        if (!key_ok(p->component[i].key))
            bad = p->component[i].name;
    for (i = 0; i < p->incidents; i++)
        if (!key_ok(p->incident[i].key))
            bad = p->incident[i].title;
    if (bad)
        snprintf(out->error, sizeof(out->error),
                 "cannot write '%.100s': its key is no name for a file", bad);
    return !bad;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted(const buf *names, size_t *n)
{
    const char **list, *p, *end = names->data + names->len;
    size_t i = 0;

    for (*n = 0, p = names->data; p < end; p += strlen(p) + 1)
        ++*n;
    list = malloc(sizeof(*list) * (*n + 1));
    if (!list)
        abort();
    for (p = names->data; p < end; p += strlen(p) + 1)
        list[i++] = p;
    qsort(list, *n, sizeof(*list), compare);
    return list;
}

/* What an earlier page had and this one has not: badges, incidents, months. */
static void remove_gone(struct folder *f, const char *sub)
{
    char path[4096], name[512];
    const char **list, *key = name;
    struct dirent *e;
    size_t n;
    DIR *d;

    snprintf(path, sizeof(path), "%s/%s", f->dir, sub);
    if (!(d = opendir(path)))
        return;
    list = sorted(&f->names, &n);
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", sub, e->d_name);
        if (!bsearch(&key, list, n, sizeof(*list), compare))
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    free(list);
}

static int folders(struct folder *f)
{
    static const char *const subs[] = {"badge", "embed", "history", "incidents"};
    char path[4096];
    size_t i;

    for (i = 0; i < sizeof(subs) / sizeof(*subs); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, subs[i]);
        if (file_mkdirs(path, f->out->error, sizeof(f->out->error)) < 0)
            return -1;
    }
    return 0;
}

static int put_logo(struct folder *f)
{
    const struct page *p = f->v->page;
    bool png = p->logo_type && strcmp(p->logo_type, "image/png") == 0;
    char path[4096];

    if (p->logo && p->logo_size) {
        buf_clear(&f->file);
        buf_add(&f->file, p->logo, p->logo_size);
        if (put(f, png ? "logo.png" : "logo.svg") < 0)
            return -1;
    }
    if (!p->logo_size || !png) {
        snprintf(path, sizeof(path), "%s/logo.png", f->dir);
        unlink(path);
    }
    if (!p->logo_size || png) {
        snprintf(path, sizeof(path), "%s/logo.svg", f->dir);
        unlink(path);
    }
    return 0;
}

static int put_badges(struct folder *f, int component, const char *key)
{
    static const char *const tails[] = {
        [BADGE_STATUS] = "", [BADGE_UPTIME] = "-uptime", [BADGE_RESPONSE] = "-ms"};
    char name[256];
    int kind;

    for (kind = BADGE_STATUS; kind <= BADGE_RESPONSE; kind++) {
        page_out_badge(begin(f, ""), component, (enum badge_kind)kind);
        snprintf(name, sizeof(name), "badge%s%s%s.svg", key ? "/" : "", key ? key : "",
                 tails[kind]);
        if (put(f, name) < 0)
            return -1;
    }
    return 0;
}

static int put_incidents(struct folder *f)
{
    const struct page *p = f->v->page;
    char name[256];
    int i;

    for (i = 0; i < p->incidents; i++) {
        page_out_incident(begin(f, "../"), &p->incident[i]);
        snprintf(name, sizeof(name), "incidents/%s.html", p->incident[i].key);
        if (put(f, name) < 0)
            return -1;
    }
    return 0;
}

static int month_of(const struct view *v, int64_t at)
{
    struct zone_time t;

    zone_time(v->zone, at, &t);
    return t.year * 12 + t.month - 1;
}

/* From the first month that has something to tell, to this one. */
static int put_months(struct folder *f)
{
    const struct page *p = f->v->page;
    int64_t first = p->now - (int64_t)(PAGE_DAYS - 1) * DAY_S;
    int i, month, last = month_of(f->v, p->now), from;
    char name[64];

    for (i = 0; i < p->incidents; i++)
        if (p->incident[i].started_at < first)
            first = p->incident[i].started_at;
    for (i = 0; i < p->windows; i++)
        if (p->window[i].starts_at < first)
            first = p->window[i].starts_at;
    from = month_of(f->v, first);
    if (from < last - MONTHS_MAX)
        from = last - MONTHS_MAX;
    for (month = from; month <= last; month++) {
        page_out_month(begin(f, "../"), month, month > from ? month - 1 : -1,
                       month < last ? month + 1 : -1);
        snprintf(name, sizeof(name), "history/%04d-%02d.html", month / 12, month % 12 + 1);
        if (put(f, name) < 0)
            return -1;
    }
    return 0;
}

/* The many that change seldom. */
static int put_others(struct folder *f)
{
    static const struct {
        const char *name;
        void (*write)(struct view *v);
    } files[] = {{"feed.atom", page_out_atom},
                 {"feed.json", page_out_json_feed},
                 {"maintenance.ics", page_out_calendar}};
    const struct page *p = f->v->page;
    size_t k;
    int i;

    for (k = 0; k < sizeof(files) / sizeof(*files); k++) {
        files[k].write(begin(f, ""));
        if (put(f, files[k].name) < 0)
            return -1;
    }
    if (put_badges(f, -1, NULL) < 0 || put_logo(f) < 0)
        return -1;
    if (f->first)
        return 0;
    if (put_incidents(f) < 0 || put_months(f) < 0)
        return -1;
    for (i = 0; i < p->components; i++)
        if (put_badges(f, i, p->component[i].key) < 0)
            return -1;
    return 0;
}

static int write_all(struct folder *f)
{
    if (folders(f) < 0 || put_others(f) < 0)
        return -1;
    page_out_index(begin(f, ""));
    if (put(f, "index.html") < 0)
        return -1;
    page_out_embed(begin(f, "../"));
    if (put(f, "embed/index.html") < 0)
        return -1;
    page_out_summary(begin(f, "")); /* last: who sees it sees the rest as new */
    if (put(f, "summary.json") < 0)
        return -1;
    if (f->first)
        return 0;
    remove_gone(f, "badge");
    remove_gone(f, "incidents");
    remove_gone(f, "history");
    return 0;
}

static int write_page(const struct page *page, const char *dir, bool first,
                      struct page_written *out)
{
    struct view v;
    struct folder f = {.v = &v, .dir = dir, .out = out, .first = first};
    int rv;

    memset(out, 0, sizeof(*out));
    if (!keys_ok(page, out))
        return -1;
    view_start(&v, page);
    rv = write_all(&f);
    view_end(&v);
    buf_free(&f.file);
    buf_free(&f.names);
    return rv;
}

int page_write(const struct page *page, const char *dir, struct page_written *out)
{
    return write_page(page, dir, false, out);
}

int page_write_first(const struct page *page, const char *dir, struct page_written *out)
{
    return write_page(page, dir, true, out);
}

void page_html(const struct page *page, int incident, buf *out)
{
    struct view v;

    view_start(&v, page);
    v.out = out;
    if (incident < 0)
        page_out_index(&v);
    else if (incident < page->incidents) {
        v.up = "../";
        page_out_incident(&v, &page->incident[incident]);
    }
    view_end(&v);
}
