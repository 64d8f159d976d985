/*
 * publisher: writes the status pages into status_dir, for httpd to serve.
 *
 * A page is written when something on it has changed, within a second, and each minute
 * anyway, the pages spread over it. Its model is one call; while one page is written the
 * database makes the next. Every file is replaced by rename, so that whoever reads, and
 * whoever kills us, finds whole ones. When PostgreSQL is away they stay as they are.
 */
#include "folder.h"
#include "page_json.h"
#include "page_list.h"
#include "role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINUTE  60000
#define CALL_MS 20000
#define MANY    20 /* pages that wait */
#define AHEAD   2  /* models that are asked for or wait to be written */

/* A model that is asked for, or has come. */
struct job {
    struct job *next;
    long long id;
    char *model, *access;
};

struct publisher {
    struct worker *w;
    /* Models, which take longer than a beat may wait: the next one begins as soon as one
     * has come. After anything else it would wait until the page at hand is written. */
    struct db *db;
    struct event *write;
    struct page_list pages;
    char rev[32];                  /* of the answer before; "": ask for all */
    bool asks, again, all, counts; /* pages_due() runs, and was for all; page_prepare() runs */
    int64_t all_ms, count_ms;      /* when next */
    int ahead;
    struct job *first, **last;
};

static struct publisher self = {.last = &self.first};

static void ask_due(struct publisher *p);
static void ask_models(struct publisher *p);

static void count_up(struct publisher *p, const char *what)
{
    json_t *old = json_object_get(p->w->stats, what);

    json_object_set_new(p->w->stats, what, json_integer(json_integer_value(old) + 1));
}

/* ---------------------------------------------------------------- the list of pages */

static void remove_folder(struct publisher *p, const char *slug)
{
    char error[512];
    int n;

    if (page_list_slug(&p->pages, slug)) /* another page has the name by now */
        return;
    n = folder_remove(p->w->conf->status_dir, slug, error, sizeof(error));
    if (n > 0)
        log_info("the folder of a page is gone slug=%s", slug);
    else if (n < 0)
        log_warning("%s", error);
}

static void page_ends(struct publisher *p, struct page_entry *e)
{
    char slug[64];

    snprintf(slug, sizeof(slug), "%s", e->slug);
    page_list_forget(&p->pages, e);
    remove_folder(p, slug);
}

/* No page has it any more, also not the one that we know by it. */
static void name_ends(struct publisher *p, const char *slug)
{
    struct page_entry *e = page_list_slug(&p->pages, slug);

    if (e)
        page_ends(p, e);
    else
        remove_folder(p, slug);
}

static void sweep_one(const char *slug, void *arg)
{
    remove_folder(arg, slug);
}

static void page_due(struct publisher *p, long long id, const char *slug, bool enabled)
{
    struct page_entry *e = page_list_find(&p->pages, id);
    bool fresh = !e;

    if (!enabled) {
        if (e)
            page_ends(p, e);
        return;
    }
    if (!e && !(e = page_list_add(&p->pages, id))) {
        log_error("there are too many pages most=%d", PAGE_LIST_MAX);
        return;
    }
    e->known = true;
    if (strcmp(e->slug, slug) != 0) {
        char old[64];

        snprintf(old, sizeof(old), "%s", e->slug);
        snprintf(e->slug, sizeof(e->slug), "%s", slug);
        if (old[0])
            remove_folder(p, old);
        fresh = true;
    }
    if (fresh || !p->all)
        e->due_ms = mono_ms();
}

/* What all pages link to. A full disk is no reason to end: tried again with each list. */
static void write_assets(struct publisher *p)
{
    char error[512], path[4096];

    snprintf(path, sizeof(path), "%s/%s", p->w->conf->status_dir, FOLDER_ASSETS);
    if (page_assets_write(path, error, sizeof(error)))
        log_warning("%s", error);
}

/* All pages were in the answer: what is not is gone. */
static void sweep(struct publisher *p)
{
    for (int i = p->pages.n - 1; i >= 0; i--)
        if (!p->pages.entry[i].known)
            page_ends(p, &p->pages.entry[i]);
    folder_each(p->w->conf->status_dir, sweep_one, p);
}

static void take_due(struct publisher *p, const PGresult *res)
{
    enum { REV, ID, SLUG, ENABLED, GONE };

    for (int i = 0; i < p->pages.n; i++)
        p->pages.entry[i].known = false;
    for (int i = 0; i < PQntuples(res); i++) {
        if (!PQgetisnull(res, i, REV))
            snprintf(p->rev, sizeof(p->rev), "%s", PQgetvalue(res, i, REV));
        else if (PQgetvalue(res, i, GONE)[0] == 't')
            name_ends(p, PQgetvalue(res, i, SLUG));
        else
            page_due(p, db_int(res, i, ID, 0), PQgetvalue(res, i, SLUG),
                     PQgetvalue(res, i, ENABLED)[0] == 't');
    }
    if (p->all) {
        p->all_ms = mono_ms() + MINUTE;
        write_assets(p);
        sweep(p);
    }
}

static void on_due(void *arg, enum db_end end, const PGresult *res)
{
    struct publisher *p = arg;

    p->asks = false;
    if (end == DB_REFUSED) {
        log_error("cannot ask for pages sqlstate=%s error=\"%s\"", db_sqlstate(res),
                  db_message(end, res));
        p->rev[0] = '\0';
    }
    if (end != DB_OK)
        return;
    take_due(p, res);
    if (p->again)
        ask_due(p);
    ask_models(p);
}

static void ask_due(struct publisher *p)
{
    const char *args[] = {p->rev};

    p->again = p->asks; /* it may have looked before the change that woke us */
    if (p->asks || !db_online(p->w->db))
        return;
    p->asks = true;
    p->all = !p->rev[0] || mono_ms() >= p->all_ms;
    if (p->all)
        args[0] = NULL;
    db_call(p->w->db, "select * from work.pages_due($1)", 1, args, CALL_MS, on_due, p);
}

/* ---------------------------------------------------------------- writing one */

static void told(void *arg, enum db_end end, const PGresult *res)
{
    (void)arg;
    if (end == DB_REFUSED)
        log_warning("cannot say that a page was written sqlstate=%s error=\"%s\"",
                    db_sqlstate(res), db_message(end, res));
}

static void tell(struct publisher *p, struct page_entry *e, const struct page_written *out,
                 const char *error)
{
    char id[24], bytes[24], files[12];
    const char *args[] = {id, bytes, files, error};

    snprintf(id, sizeof(id), "%lld", e->id);
    snprintf(bytes, sizeof(bytes), "%zu", out->bytes);
    snprintf(files, sizeof(files), "%d", out->files);
    db_call(p->w->db, "select work.page_published($1,$2,$3,$4)", 4, args, CALL_MS, told, p);
    count_up(p, error ? "failed_total" : "written_total");
    if (error && !e->failed)
        log_warning("a page is not written slug=%s error=\"%s\"", e->slug, error);
    else if (!error && e->failed)
        log_info("a page is written again slug=%s", e->slug);
    e->failed = error != NULL;
}

/* Files that are new cost more than all else. While many pages wait for their first ones, each
 * gets what people read at once, and the rest when all have that. */
static int write_files(struct publisher *p, struct page_entry *e, const struct page *page,
                       const char *folder, struct page_written *out)
{
    char index[4200];
    int64_t now = mono_ms();

    snprintf(index, sizeof(index), "%s/index.html", folder);
    if (page_list_waiting(&p->pages, now) < MANY || access(index, F_OK) == 0)
        return page_write(page, folder, out);
    e->due_ms = now;
    return page_write_first(page, folder, out);
}

static int write_model(struct publisher *p, struct page_entry *e, const struct job *j,
                       struct page_written *out, char *error, size_t size)
{
    char path[4096];
    json_error_t why;
    json_t *model = json_loads(j->model, 0, &why);
    struct page *page = NULL;
    int rv = -1;

    if (!model) {
        snprintf(error, size, "the model of the page is no JSON: %.160s", why.text);
        return -1;
    }
    page_json_place(model, p->w->conf->public_url);
    page = page_from_json(model, error, size);
    json_decref(model);
    if (page && !folder_take(p->w->conf->status_dir, e->slug, j->access, path, sizeof(path),
                             error, size)) {
        rv = write_files(p, e, page, path, out);
        if (rv < 0)
            snprintf(error, size, "%s", out->error);
        else
            folder_open_to_all(path, j->access);
    }
    page_free(page);
    return rv;
}

static void job_free(struct job *j)
{
    free(j->model);
    free(j->access);
    free(j);
}

/* One a turn of the loop: the beat is never held up by more than a page. */
static void on_write(evutil_socket_t, short, void *arg)
{
    struct publisher *p = arg;
    struct job *j = p->first;
    struct page_entry *e;
    int64_t began = mono_us();

    if (!j)
        return;
    if (!(p->first = j->next))
        p->last = &p->first;
    p->ahead--;
    if ((e = page_list_find(&p->pages, j->id))) {
        struct page_written out = {.error = ""};
        char error[512] = "";
        int rv = write_model(p, e, j, &out, error, sizeof(error));

        tell(p, e, &out, rv < 0 ? error : NULL);
        json_object_set_new(p->w->stats, "write_us", json_integer(mono_us() - began));
    }
    job_free(j);
    if (p->w->stopping) {
        worker_drained(p->w);
        return;
    }
    if (p->first)
        event_active(p->write, EV_TIMEOUT, 0);
    ask_models(p);
}

/* ---------------------------------------------------------------- asking for models */

static void on_model(void *arg, enum db_end end, const PGresult *res)
{
    struct job *j = arg;
    struct publisher *p = &self;
    struct page_entry *e = page_list_find(&p->pages, j->id);

    if (e)
        e->queued = false;
    if (end == DB_OK && e && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0)) {
        j->model = strdup(PQgetvalue(res, 0, 0));
        j->access = PQgetisnull(res, 0, 1) ? NULL : strdup(PQgetvalue(res, 0, 1));
        if (!j->model)
            abort();
        *p->last = j;
        p->last = &j->next;
        event_active(p->write, EV_TIMEOUT, 0);
        return;
    }
    if (end == DB_REFUSED && e) {
        struct page_written none = {.error = ""};

        tell(p, e, &none, db_message(end, res));
    }
    else if (end != DB_OK && e) {
        e->due_ms = mono_ms(); /* again as soon as the database is back */
    }
    p->ahead--;
    job_free(j);
    if (end == DB_OK || end == DB_REFUSED)
        ask_models(p);
}

static void ask_models(struct publisher *p)
{
    struct page_entry *e;

    while (!p->w->stopping && p->ahead < AHEAD && db_online(p->db) &&
           (e = page_list_due(&p->pages, mono_ms()))) {
        struct job *j = calloc(1, sizeof(*j));
        char id[24];
        const char *args[] = {id};

        if (!j)
            abort();
        j->id = e->id;
        e->queued = true;
        e->due_ms = page_list_next(e->id, mono_ms());
        p->ahead++;
        snprintf(id, sizeof(id), "%lld", e->id);
        db_call(p->db, "select model, access from work.page_model($1)", 1, args, CALL_MS,
                on_model, j);
    }
}

static void on_counted(void *arg, enum db_end end, const PGresult *res)
{
    struct publisher *p = arg;
    long long n = end == DB_OK && PQntuples(res) == 1 ? db_int(res, 0, 0, 0) : 0;

    p->counts = false;
    p->count_ms = mono_ms() + (n > 0 ? 200 : MINUTE / 6);
}

/* ---------------------------------------------------------------- the role */

static int count(const struct tocsind_conf *c)
{
    return c->status_dir ? 1 : 0;
}

static int start(struct worker *w)
{
    struct publisher *p = &self;

    umask(022); /* httpd reads what we write */
    p->w = w;
    p->db = db_new(w->base, w->conf->database, "tocsind publisher", NULL,
                   (struct db_hooks){.arg = NULL});
    p->write = event_new(w->base, -1, 0, on_write, p);
    if (!p->write)
        abort();
    json_object_set_new(w->stats, "written_total", json_integer(0));
    json_object_set_new(w->stats, "failed_total", json_integer(0));
    return 0;
}

static void wake(struct worker *w, unsigned why)
{
    struct publisher *p = &self;

    if (why & WAKE_ONLINE) /* who knows what was missed */
        for (int i = 0; i < p->pages.n; i++)
            p->pages.entry[i].due_ms = mono_ms();
    if (why & (WAKE_TICK | WAKE_ONLINE | WAKE_PUBLISH))
        ask_due(p);
    ask_models(p);
    if (!p->counts && mono_ms() >= p->count_ms && p->pages.n && db_online(p->db)) {
        p->counts = true;
        db_call(p->db, "select work.page_prepare()", 0, NULL, CALL_MS, on_counted, p);
    }
    json_object_set_new(w->stats, "pages", json_integer(p->pages.n));
}

static void stop(struct worker *w)
{
    if (!self.first)
        worker_drained(w);
}

const struct role role_publisher = {"publisher", count, start, wake, stop};
