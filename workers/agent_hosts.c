#include "agent_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MS 5000
#define BUCKETS 4096 /* a power of two */

struct entry {
    struct agent_host host; /* first: a host is its entry */
    struct entry *next;     /* of its bucket */
    unsigned round;         /* of the whole list it was seen in last */
};

struct agent_hosts {
    struct worker *w;
    struct agent_hosts_hooks hooks;
    struct entry *bucket[BUCKETS];
    int n;
    unsigned round;
    char since[40]; /* "": everything is asked for */
    long long epoch;
    bool runs, again, again_all, loaded;
};

static struct entry **place(struct agent_hosts *hs, long long id)
{
    struct entry **at = &hs->bucket[(unsigned long long)id & (BUCKETS - 1)];

    while (*at && (*at)->host.peer.host != id)
        at = &(*at)->next;
    return at;
}

struct agent_host *agent_hosts_find(struct agent_hosts *hs, long long id)
{
    return (struct agent_host *)*place(hs, id);
}

int agent_hosts_count(const struct agent_hosts *hs)
{
    return hs->n;
}

bool agent_hosts_loaded(const struct agent_hosts *hs)
{
    return hs->loaded;
}

static void drop(struct agent_hosts *hs, struct entry **at)
{
    struct entry *e = *at;

    *at = e->next;
    hs->n--;
    hs->hooks.gone(hs->hooks.arg, &e->host);
    free(e->host.name);
    free(e);
}

static struct entry *take(struct agent_hosts *hs, long long id)
{
    struct entry **at = place(hs, id), *e = *at;

    if (e)
        return e;
    if (hs->n >= AGENT_HOSTS_MAX) {
        log_error("more hosts than one process can have most=%d", AGENT_HOSTS_MAX);
        return NULL;
    }
    if (!(e = calloc(1, sizeof(*e))))
        abort();
    e->host.peer.host = id;
    *at = e;
    hs->n++;
    return e;
}

static void set(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", strlen(from) < size ? from : "");
}

static void row(struct agent_hosts *hs, const PGresult *res, int i)
{
    enum { REV, ID, NAME, ADDRESS, PIN, POLL, GONE };
    long long id = db_int(res, i, ID, 0);
    struct agent_peer before;
    struct entry *e;
    int poll_s = (int)db_int(res, i, POLL, 0);
    bool new;

    if (PQgetvalue(res, i, GONE)[0] == 't') {
        if (*place(hs, id))
            drop(hs, place(hs, id));
        return;
    }
    new = !*place(hs, id);
    if (!(e = take(hs, id)))
        return;
    before = e->host.peer;
    e->round = hs->round;
    set(e->host.peer.address, sizeof(e->host.peer.address), PQgetvalue(res, i, ADDRESS));
    set(e->host.peer.pin, sizeof(e->host.peer.pin), PQgetvalue(res, i, PIN));
    e->host.trusted = e->host.peer.address[0] && strlen(e->host.peer.pin) == PKI_PIN - 1;
    free(e->host.name);
    e->host.name = strdup(PQgetvalue(res, i, NAME));
    if (new || poll_s != e->host.poll_s || memcmp(&before, &e->host.peer, sizeof(before))) {
        e->host.poll_s = poll_s;
        hs->hooks.changed(hs->hooks.arg, &e->host);
    }
}

static void sweep(struct agent_hosts *hs)
{
    for (int i = 0; i < BUCKETS; i++)
        for (struct entry **at = &hs->bucket[i]; *at;)
            if ((*at)->round != hs->round)
                drop(hs, at);
            else
                at = &(*at)->next;
}

static void on_hosts(void *arg, enum db_end end, const PGresult *res)
{
    struct agent_hosts *hs = arg;
    bool whole = !hs->since[0], again = hs->again;

    hs->runs = hs->again = false;
    if (end == DB_OK) {
        if (whole)
            hs->round++;
        for (int i = 0; i < PQntuples(res); i++)
            if (!PQgetisnull(res, i, 1))
                row(hs, res, i);
        if (PQntuples(res) > 0)
            set(hs->since, sizeof(hs->since), PQgetvalue(res, 0, 0));
        if (whole) {
            sweep(hs);
            hs->loaded = true;
        }
    }
    else if (end == DB_REFUSED) {
        log_error("cannot load hosts sqlstate=%s error=\"%s\"", db_sqlstate(res),
                  db_message(end, res));
    }
    if (again)
        agent_hosts_refresh(hs, hs->epoch, hs->again_all);
}

void agent_hosts_refresh(struct agent_hosts *hs, long long epoch, bool all)
{
    char number[24];
    const char *args[] = {hs->w->id, NULL, NULL};

    hs->epoch = epoch;
    if (hs->runs) {
        hs->again_all = all || (hs->again && hs->again_all);
        hs->again = true;
        return;
    }
    if (!db_online(hs->w->db))
        return;
    if (all)
        hs->since[0] = '\0';
    snprintf(number, sizeof(number), "%lld", epoch);
    args[1] = epoch ? number : NULL;
    args[2] = hs->since[0] ? hs->since : NULL;
    hs->runs = true;
    db_call(hs->w->db,
            "select rev, id, name, address, pin, poll_s, gone from work.fleet_hosts($1,$2,$3)",
            3, args, CALL_MS, on_hosts, hs);
}

struct agent_hosts *agent_hosts_new(struct worker *w, struct agent_hosts_hooks hooks)
{
    struct agent_hosts *hs = calloc(1, sizeof(*hs));

    if (!hs)
        abort();
    hs->w = w;
    hs->hooks = hooks;
    return hs;
}

void agent_hosts_clear(struct agent_hosts *hs)
{
    for (int i = 0; i < BUCKETS; i++)
        while (hs->bucket[i])
            drop(hs, &hs->bucket[i]);
    hs->since[0] = '\0';
    hs->loaded = false;
}
