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

static int first_pages(struct folder *f)
{
    page_out_index(begin(f, ""));
    return put(f, "index.html");
}

static int write_all(struct folder *f)
{
    if (folders(f) < 0 || first_pages(f) < 0)
        return -1;
    page_out_summary(begin(f, ""));
    if (put(f, "summary.json") < 0) /* last: who sees it sees the rest as new */
        return -1;
    remove_gone(f, "badge");
    remove_gone(f, "incidents");
    remove_gone(f, "history");
    return 0;
}

int page_write(const struct page *page, const char *dir, struct page_written *out)
{
    struct view v;
    struct folder f = {.v = &v, .dir = dir, .out = out};
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

void page_html(const struct page *page, int incident, buf *out)
{
    struct view v;

    view_start(&v, page);
    v.out = out;
    if (incident < 0)
        page_out_index(&v);
    view_end(&v);
}
