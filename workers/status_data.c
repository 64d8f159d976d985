/*
 * status_data: the export role. Writes what is measured as plain files into status_data_dir,
 * for whoever reads the files of tocsin probe: docs/status-data.md.
 *
 * Each round asks for the readings that came since the last, appends them, and rewrites what
 * follows from them. How far it is stands in the folder itself, after the readings are safe
 * there: one that is cut off in between writes some twice, and readers count them once.
 * What is older than the database's segments comes monitor by monitor.
 */
#define _GNU_SOURCE /* asprintf */
#include "data_systems.h"
#include "file.h"
#include "notes.h"
#include "role.h"
#include "status_file.h"
#include "store.h"
#include "v1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ROUND_MS     60000
#define CALL_MS      60000
#define SYSTEMS_MAX  1000
#define WINDOW_DAYS  90
#define LOCK_WAIT_MS 3000
#define DAY_S        86400

struct export
{
    struct worker *w;
    struct db *db; /* its calls take longer than a beat may wait */
    struct data_systems systems;
    char *mark, at[48]; /* how far it is; NULL: not known */
    char *next, next_at[48];
    char before[48];   /* filling what is older: from there */
    int filling;       /* index of the system; -1: none */
    bool runs, read;   /* a round runs; the watermark was looked for */
    bool failed, sure; /* sure: all that was appended lies before mark */
    json_t *notes;
    int64_t due_ms, packed_day;
};

static struct export self = {.filling = -1};

static void ask_since(struct export *x);
static void ask_between(struct export *x);

static const char *dir(const struct export *x)
{
    return x->w->conf->status_data_dir;
}

/* A round ends here, whatever became of it. */
static void round_ends(struct export *x, const char *error)
{
    x->runs = false;
    x->filling = -1;
    x->due_ms = mono_ms() + ROUND_MS;
    json_decref(x->notes);
    x->notes = NULL;
    json_object_set_new(x->w->stats, "error", error ? json_string(error) : json_null());
    if (error && !x->failed)
        log_warning("status data is not written error=\"%s\"", error);
    else if (!error && x->failed)
        log_info("status data is written again");
    x->failed = error != NULL;
    if (x->w->stopping)
        worker_drained(x->w);
}

/* True when the call ended well and the process goes on. */
static bool went_well(struct export *x, enum db_end end, const PGresult *res)
{
    if (end == DB_OK && !x->w->stopping)
        return true;
    round_ends(x, end == DB_REFUSED ? db_message(end, res) : NULL);
    if (end == DB_LOST || end == DB_AWAY)
        x->due_ms = mono_ms() + 1000;
    return false;
}

/* ---------------------------------------------------------------- how far it is */

static void mark_path(const struct export *x, char *path, size_t size)
{
    snprintf(path, size, "%s/.watermark", dir(x));
}

static void mark_read(struct export *x)
{
    char path[1024], *text, *line;
    size_t len;

    x->read = true;
    mark_path(x, path, sizeof(path));
    if (!(text = file_read(path, 1 << 20, &len)))
        return;
    line = strchr(text, '\n');
    if (line && strlen(line + 1) > 1 && strlen(line + 1) < sizeof(x->at)) {
        *line = '\0';
        snprintf(x->at, sizeof(x->at), "%s", line + 1);
        x->at[strcspn(x->at, "\n")] = '\0';
        x->mark = strdup(text);
    }
    free(text);
}

static int mark_write(struct export *x, char *error, size_t size)
{
    char path[1024], *text;
    int n, rv;

    mark_path(x, path, sizeof(path));
    n = asprintf(&text, "%s\n%s\n", x->next, x->next_at);
    if (n < 0)
        abort();
    rv = file_replace(path, text, (size_t)n, error, size);
    free(text);
    if (rv < 0)
        return -1;
    free(x->mark);
    x->mark = x->next;
    x->next = NULL;
    memcpy(x->at, x->next_at, sizeof(x->at));
    return 0;
}

static void take_next(struct export *x, const PGresult *res)
{
    free(x->next);
    x->next = strdup(PQgetvalue(res, 0, 0));
    snprintf(x->next_at, sizeof(x->next_at), "%s", PQgetvalue(res, 0, 1));
}

/* ---------------------------------------------------------------- readings into files */

/* Rows from `row` on whose columns from `col` on are t, state, code, lat, err; svc NULL: the
 * column before is the monitor. */
static int append(struct export *x, struct store *s, const PGresult *res, int row, int col,
                  const char *svc)
{
    int n = 0, rows = PQntuples(res);
    struct reading *r = calloc((size_t)rows + 1, sizeof(*r));
    int rv;

    if (!r)
        abort();
    for (; row < rows; row++) {
        const char *name =
            svc ? svc : data_systems_svc(&x->systems, db_int(res, row, col - 1, 0));

        if (!name)
            continue;
        r[n++] = (struct reading){
            .t = db_int(res, row, col, 0),
            .svc = name,
            .state = (enum state)db_int(res, row, col + 1, 0),
            .code = (int32_t)db_int(res, row, col + 2, 0),
            .lat = (int32_t)db_int(res, row, col + 3, 0),
            .err = PQgetisnull(res, row, col + 4) ? NULL : PQgetvalue(res, row, col + 4)};
    }
    if (n == 0)
        rv = 0;
    else if (svc || x->sure)
        rv = store_append(s, r, (size_t)n);
    else /* who was here before may have ended between the readings and the mark */
        rv = store_append_new(s, r, (size_t)n) < 0 ? -1 : 0;
    free(r);
    if (rv == 0)
        json_object_set_new(
            x->w->stats, "readings_total",
            json_integer(json_integer_value(json_object_get(x->w->stats, "readings_total")) +
                         n));
    return rv;
}

static int write_notes(struct export *x, const struct notes *notes, int64_t now_s, char *error,
                       size_t size)
{
    return notes_write_incidents(dir(x), notes->incident, notes->incidents, now_s,
                                 NOTES_KEEP_INCIDENTS, error, size) < 0 ||
                   notes_write_maintenance(dir(x), notes->window, notes->windows, now_s,
                                           NOTES_KEEP_MAINTENANCE, error, size) < 0
               ? -1
               : 0;
}

static int write_v1(struct export *x, struct store *s, const struct notes *notes,
                    int64_t now_ms)
{
    struct v1_entity *e = calloc((size_t)x->systems.n + 1, sizeof(*e));
    struct v1 v1 = {.title = data_text(x->notes, "title"),
                    .url = data_text(x->notes, "url"),
                    .entity = e,
                    .entities = x->systems.n,
                    .notes = notes};
    int rv;

    if (!e)
        abort();
    for (int i = 0; i < x->systems.n; i++) {
        const char *description = x->systems.item[i].description;

        e[i].name = x->systems.item[i].svc;
        e[i].description = *description ? description : NULL;
    }
    rv = v1_write(s, &v1, now_ms);
    free(e);
    return rv;
}

/* All that follows from the archives; yesterday is compressed once it is over. */
static int rebuild(struct export *x, struct store *s, const struct notes *notes, char *error,
                   size_t size)
{
    struct timespec ts;
    int64_t now;

    clock_gettime(CLOCK_REALTIME, &ts);
    now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    if (write_notes(x, notes, ts.tv_sec, error, size))
        return -1;
    if ((x->packed_day != ts.tv_sec / DAY_S && store_compress(s, now) < 0) ||
        store_current(s, now, x->w->conf->status_data_null_err) < 0 ||
        store_summarize(s, now, WINDOW_DAYS) < 0 || write_v1(x, s, notes, now) < 0) {
        snprintf(error, size, "%s", store_error(s));
        return -1;
    }
    x->packed_day = ts.tv_sec / DAY_S;
    return status_file_write(s, dir(x), now, error, size);
}

static int write_all(struct export *x, struct store *s, const PGresult *res, char *error,
                     size_t size)
{
    struct notes notes;
    int rv;

    if (append(x, s, res, 1, 3, NULL) < 0) {
        snprintf(error, size, "%s", store_error(s));
        return -1;
    }
    x->sure = mark_write(x, error, size) == 0;
    if (!x->sure || data_notes(&notes, x->notes, &x->systems, x->w->conf->public_url,
                               x->w->conf->status_data_page, error, size))
        return -1;
    rv = rebuild(x, s, &notes, error, size);
    notes_free(&notes);
    return rv;
}

/* The store, when there is something to write into it; NULL ends the round. */
static struct store *answered(struct export *x, enum db_end end, const PGresult *res)
{
    char error[512] = "";
    struct store *s;

    if (!went_well(x, end, res))
        return NULL;
    if (!(s = store_open(dir(x), true, LOCK_WAIT_MS, error, sizeof(error))))
        round_ends(x, error);
    return s;
}

static void on_since(void *arg, enum db_end end, const PGresult *res)
{
    struct export *x = arg;
    char error[512] = "";
    struct store *s;
    int rv;

    if (!(s = answered(x, end, res)))
        return;
    take_next(x, res);
    rv = write_all(x, s, res, error, sizeof(error));
    store_close(s);
    round_ends(x, rv < 0 ? error : NULL);
}

/* ---------------------------------------------------------------- what is older */

static void on_between(void *arg, enum db_end end, const PGresult *res)
{
    struct export *x = arg;
    char error[512] = "";
    struct store *s;
    int rv;

    if (!(s = answered(x, end, res)))
        return;
    if ((rv = append(x, s, res, 0, 0, x->systems.item[x->filling].svc)) < 0)
        snprintf(error, sizeof(error), "%s", store_error(s));
    store_close(s);
    if (rv < 0)
        round_ends(x, error);
    else
        ask_between(x);
}

/* The next monitor; after the last one the round goes on as any other. */
static void ask_between(struct export *x)
{
    char id[24], error[512];
    const char *args[] = {id, x->before, x->next_at};

    if (++x->filling < x->systems.n) {
        snprintf(id, sizeof(id), "%lld", x->systems.item[x->filling].monitor);
        db_call(x->db, "select * from work.export_between($1,$2,$3)", 3, args, CALL_MS,
                on_between, x);
        return;
    }
    x->filling = -1;
    if (mark_write(x, error, sizeof(error)))
        round_ends(x, error);
    else
        ask_since(x);
}

static void on_mark(void *arg, enum db_end end, const PGresult *res)
{
    struct export *x = arg;
    char error[512];

    if (!went_well(x, end, res))
        return;
    if (file_mkdirs(dir(x), error, sizeof(error))) {
        round_ends(x, error);
        return;
    }
    if (PQgetisnull(res, 0, 2)) { /* the segments still have all of it */
        ask_since(x);
        return;
    }
    take_next(x, res);
    snprintf(x->before, sizeof(x->before), "%s", PQgetvalue(res, 0, 2));
    ask_between(x);
}

/* ---------------------------------------------------------------- a round */

static void ask_since(struct export *x)
{
    char *ids = data_systems_ids(&x->systems);
    const char *args[] = {ids, x->mark, x->at};

    db_call(x->db, "select * from work.export_since($1,$2,$3)", 3, args, CALL_MS, on_since, x);
    free(ids);
}

static void on_notes(void *arg, enum db_end end, const PGresult *res)
{
    struct export *x = arg;
    const char *args[] = {x->mark, x->mark ? x->at : NULL, NULL};
    char keep[24];

    if (!went_well(x, end, res))
        return;
    x->notes = json_loads(PQgetvalue(res, 0, 0), 0, NULL);
    /* too old for the segments, or nothing yet: then from the packed hours */
    snprintf(keep, sizeof(keep), "%ld", x->w->conf->keep_segments / 2);
    args[2] = keep;
    db_call(x->db, "select * from work.export_mark($1,$2,$3)", 3, args, CALL_MS, on_mark, x);
}

static void on_systems(void *arg, enum db_end end, const PGresult *res)
{
    struct export *x = arg;
    const char *args[] = {x->w->conf->status_data_page, NULL};
    char *ids;

    if (!went_well(x, end, res))
        return;
    data_systems_take(&x->systems, res);
    if (PQntuples(res) > SYSTEMS_MAX)
        log_warning("status data has the first monitors only most=%d", SYSTEMS_MAX);
    ids = data_systems_ids(&x->systems);
    args[1] = ids;
    db_call(x->db, "select work.export_notes($1,$2)", 2, args, CALL_MS, on_notes, x);
    free(ids);
}

/* ---------------------------------------------------------------- the role */

static int count(const struct tocsind_conf *c)
{
    return c->status_data_dir ? 1 : 0;
}

static int start(struct worker *w)
{
    umask(022); /* whoever serves the files reads them */
    self.w = w;
    self.db = db_new(w->base, w->conf->database, "tocsind export", NULL,
                     (struct db_hooks){.arg = NULL});
    json_object_set_new(w->stats, "readings_total", json_integer(0));
    return 0;
}

static void wake(struct worker *w, unsigned why)
{
    struct export *x = &self;
    const char *args[] = {w->conf->status_data_page};

    (void)why;
    if (x->runs || !db_online(x->db) || mono_ms() < x->due_ms)
        return;
    if (!x->read)
        mark_read(x);
    x->runs = true;
    db_call(x->db, "select * from work.export_systems($1)", 1, args, CALL_MS, on_systems, x);
}

static void stop(struct worker *w)
{
    if (!self.runs)
        worker_drained(w);
}

const struct role role_export = {"export", count, start, wake, stop};
