/*
 * checker_load: the settings of a bucket's monitors, from the database into memory.
 *
 * All of them once when the bucket is taken, then whatever changed, each second and at
 * each notice. Status and runs of failures come along, so that a new owner goes on where
 * the old one stopped: it repeats no alert and forgets no failure.
 */
#include "checker_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

#define ASKED_MS 1000 /* ages are made of two clocks; two askings are further apart */
#define COLD_MS  5000 /* monitors that nobody checked for long are begun within so much */

enum {
    REV,
    ID,
    SLOT,
    GONE,
    PAUSED,
    TYPE,
    URL,
    METHOD,
    HEADERS,
    BODY,
    EXPECT,
    KEYWORD,
    KEYWORD_ABSENT,
    INTERVAL_S,
    TIMEOUT_S,
    RETRIES,
    RECHECK_S,
    DEGRADED_MS,
    REDIRECTS,
    VERIFY_TLS,
    STATUS,
    FAILS,
    FAIL_AGE_MS,
    CHECKED_AGE_MS,
    CHECK_ASKED_AGE_MS,
    COLUMNS
};

static const char sql[] =
    "select rev, id, slot, gone, paused, type, url, method, headers, body, expect, keyword, "
    "keyword_absent, interval_s, timeout_s, retries, recheck_s, degraded_ms, redirects, "
    "verify_tls, status, fails, fail_age_ms, checked_age_ms, check_asked_age_ms "
    "from work.load($1,$2,$3,$4)";

static bool truth(const PGresult *res, int row, int col)
{
    return *PQgetvalue(res, row, col) == 't';
}

static int number(const PGresult *res, int row, int col)
{
    return (int)db_int(res, row, col, 0);
}

static struct probe_spec *read_spec(const PGresult *res, int row)
{
    struct probe_settings s = {
        .url = PQgetvalue(res, row, URL),
        .method = PQgetvalue(res, row, METHOD),
        .headers = PQgetvalue(res, row, HEADERS),
        .body = PQgetvalue(res, row, BODY),
        .expect = PQgetvalue(res, row, EXPECT),
        .keyword = PQgetvalue(res, row, KEYWORD),
        .keyword_absent = truth(res, row, KEYWORD_ABSENT),
        .verify_tls = truth(res, row, VERIFY_TLS),
        .timeout_s = number(res, row, TIMEOUT_S),
        .redirects = number(res, row, REDIRECTS),
        .degraded_ms = number(res, row, DEGRADED_MS),
    };

    return probe_spec_new(&s);
}

static void forget(struct monitor *m)
{
    schedule_forget(m);
    m->bucket->slot[m->slot] = NULL;
    m->bucket->nmonitors--;
    probe_spec_drop(m->spec);
    free(m);
}

void load_forget(struct bucket *b)
{
    int i;

    for (i = 0; i < b->nslots; i++)
        if (b->slot[i])
            forget(b->slot[i]);
}

/* The place of a slot number, room made for it. */
static struct monitor **place(struct bucket *b, int slot)
{
    struct monitor **more;
    int n = b->nslots ? b->nslots : 64;

    if (slot < 0 || slot > SLOTS_MAX)
        return NULL;
    while (n <= slot)
        n *= 2;
    if (n > b->nslots) {
        if (!(more = realloc(b->slot, n * sizeof(*more))))
            return NULL;
        memset(more + b->nslots, 0, (n - b->nslots) * sizeof(*more));
        b->slot = more;
        b->nslots = n;
    }
    return &b->slot[slot];
}

static struct monitor *make(struct bucket *b, const PGresult *res, int row)
{
    struct monitor *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->bucket = b;
    b->nmonitors++;
    m->id = db_int(res, row, ID, 0);
    m->slot = (int16_t)number(res, row, SLOT);
    verdict_unpack(&m->verdict, number(res, row, STATUS), (int16_t)number(res, row, FAILS),
                   mono_ms() - db_int(res, row, FAIL_AGE_MS, 0));
    return m;
}

/* A monitor that was checked lately keeps its phase; one that was not is begun at once. */
static void begin(struct monitor *m, const PGresult *res, int row)
{
    int64_t age = db_int(res, row, CHECKED_AGE_MS, -1);
    int64_t asked = db_int(res, row, CHECK_ASKED_AGE_MS, -1);

    if (age < 0 || (asked >= 0 && asked < age)) /* the last owner did not get to it */
        schedule_at(m, mono_ms());
    else if (age < m->interval_ms)
        schedule_regular(m);
    else
        schedule_at(m, mono_ms() + schedule_spread(m->id, COLD_MS < m->interval_ms
                                                              ? COLD_MS
                                                              : m->interval_ms));
    /* a first failure that the last owner saw is looked at again soon, as it would have */
    if (m->verdict.bad > 0 &&
        verdict_open(&m->verdict, m->verdict.down ? STATUS_DOWN : STATUS_DEGRADED) &&
        m->due.key > mono_ms() + m->recheck_ms)
        schedule_at(m, mono_ms() + m->recheck_ms);
}

/* True when the status was lost (resumed, or not measured for long) and is to be found anew:
 * failures of before are not counted against it. */
static bool take_status(struct monitor *m, const PGresult *res, int row)
{
    int16_t before = m->verdict.status;

    if (m->unsettled == 0) /* else ours is newer and on its way */
        m->verdict.status = (int16_t)number(res, row, STATUS);
    if (before == STATUS_UNKNOWN || m->verdict.status != STATUS_UNKNOWN)
        return false;
    m->verdict.bad = m->verdict.down = 0;
    return true;
}

/* When it is checked next, after an edit or whatever else the database has to say of it. */
static void take_times(struct monitor *m, const PGresult *res, int row, bool is_new, bool anew)
{
    bool paused = truth(res, row, PAUSED), was_paused = m->paused;
    int interval_ms = number(res, row, INTERVAL_S) * 1000, was_ms = m->interval_ms;
    int64_t asked = db_int(res, row, CHECK_ASKED_AGE_MS, -1);
    bool now = false;

    asked = asked < 0 ? INT64_MIN : mono_ms() - asked;
    if (is_new || asked > m->asked_ms + ASKED_MS) {
        now = !is_new;
        m->asked_ms = asked;
    }
    m->interval_ms = interval_ms;
    m->paused = paused;
    if (paused)
        schedule_forget(m);
    else if (is_new)
        begin(m, res, row);
    else if (now || anew || was_paused || was_ms != interval_ms)
        schedule_at(m, mono_ms());
}

/* A check of what it was before says nothing of what it is now. */
static bool take_spec(struct monitor *m, struct probe_spec *spec)
{
    bool changed = m->spec && !probe_spec_same(m->spec, spec);

    if (changed) {
        schedule_forget(m);
        m->verdict.bad = m->verdict.down = 0;
    }
    probe_spec_drop(m->spec);
    m->spec = spec;
    return changed;
}

static void take_row(struct bucket *b, const PGresult *res, int row)
{
    struct monitor **at = place(b, number(res, row, SLOT)), *m;
    struct probe_spec *spec;
    bool gone = truth(res, row, GONE), is_new, anew;

    if (!at)
        return;
    m = *at;
    if (m && (m->id != db_int(res, row, ID, 0) || gone)) {
        forget(m);
        m = NULL;
    }
    if (gone || !(spec = read_spec(res, row)))
        return;
    is_new = !m;
    if (!m && !(m = *at = make(b, res, row))) {
        probe_spec_drop(spec);
        return;
    }
    anew = take_spec(m, spec);
    if (!is_new && take_status(m, res, row))
        anew = true;
    m->generation = b->generation;
    m->retries = (int16_t)number(res, row, RETRIES);
    m->recheck_ms = number(res, row, RECHECK_S) * 1000;
    take_times(m, res, row, is_new, anew);
}

/* After a load of everything: what it did not bring is gone. */
static void forget_unseen(struct bucket *b)
{
    int i;

    for (i = 0; i < b->nslots; i++)
        if (b->slot[i] && b->slot[i]->generation != b->generation)
            forget(b->slot[i]);
}

static void loaded(void *arg, enum db_end end, const PGresult *res)
{
    struct bucket *b = arg;
    int i, n = end == DB_OK ? PQntuples(res) : 0;

    b->loading = false;
    if (b->lost) {
        checker_drop(b, NULL);
        return;
    }
    if (b->leaving) {
        checker_drained(b->c);
        return;
    }
    if (end == DB_REFUSED)
        log_error("cannot load bucket=%d error=\"%s\"", b->id, db_message(end, res));
    b->generation += b->all;
    for (i = 0; i < n; i++)
        take_row(b, res, i);
    if (end == DB_OK && b->all)
        forget_unseen(b);
    if (n > 0)
        snprintf(b->rev, sizeof(b->rev), "%s", PQgetvalue(res, 0, REV));
    if (n > 0)
        schedule_run(b->c);
    if (b->load_again) {
        b->load_again = false;
        checker_load(b);
    }
}

void checker_load(struct bucket *b)
{
    char id[16], epoch[24];
    const char *args[] = {b->c->w->id, id, epoch, NULL};

    if (b->loading) {
        b->load_again = true; /* the one under way may have looked before it was changed */
        return;
    }
    if (b->lost || b->leaving || !db_online(b->c->w->db))
        return;
    snprintf(id, sizeof(id), "%d", b->id);
    snprintf(epoch, sizeof(epoch), "%lld", (long long)b->epoch);
    if (b->want_all)
        b->rev[0] = '\0';
    b->want_all = false;
    b->loading = true;
    b->all = b->rev[0] == '\0';
    args[3] = b->all ? NULL : b->rev;
    db_call(b->c->w->db, sql, 4, args, CALL_MS, loaded, b);
}

void load_anew(struct bucket *b)
{
    b->want_all = true;
    checker_load(b);
}
