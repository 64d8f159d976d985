#include "repeat.h"

static void begin(struct repeat *r);

static void add_up(const struct repeat *r, long long n)
{
    json_t *old = json_object_get(r->w->stats, r->stat);

    json_object_set_new(r->w->stats, r->stat, json_integer(json_integer_value(old) + n));
}

static void done(void *arg, enum db_end end, const PGresult *res)
{
    struct repeat *r = arg;

    r->runs = false;
    if (r->w->stopping) {
        worker_drained(r->w);
        return;
    }
    r->due_ms = mono_ms() + r->every_ms;
    if (end == DB_OK) {
        long long n = PQntuples(res) == 1 ? db_int(res, 0, 0, 0) : 0;

        if (n > 0 && r->log)
            log_info("%s n=%lld", r->log, n);
        if (r->stat)
            add_up(r, n > 0 ? n : 0);
        if (r->more && n > 0)
            r->due_ms = mono_ms();
    }
    else if (end == DB_REFUSED) {
        log_error("%s failed sqlstate=%s error=\"%s\"", r->sql, db_sqlstate(res),
                  db_message(end, res));
        r->again = false; /* not before its time */
    }
    if (r->again)
        begin(r);
}

static void begin(struct repeat *r)
{
    if (r->runs) {
        r->again = true; /* what woke us may have come too late for the one that runs */
        return;
    }
    r->runs = true;
    r->again = false;
    db_call(r->db, r->sql, 0, NULL, r->deadline_ms, done, r);
}

void repeat_wake(struct worker *w, struct repeat *list, int n, unsigned why)
{
    int64_t now = mono_ms();

    for (int i = 0; i < n; i++) {
        list[i].w = w;
        if (!list[i].db)
            list[i].db = w->db;
        if (!db_online(list[i].db))
            continue;
        if ((why & list[i].at_once) ||
            (list[i].every_ms && !list[i].runs && now >= list[i].due_ms))
            begin(&list[i]);
    }
}

void repeat_stop(struct worker *w, struct repeat *list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i].runs)
            return; /* done() says so; calls of one connection come one after the other */
    worker_drained(w);
}
