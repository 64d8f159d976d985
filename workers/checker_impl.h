/*
 * checker_impl: what the files of the checker share among themselves.
 *
 *   checker.c           the role: its start, its second, its end; leases
 *   checker_load.c      settings from the database into memory
 *   checker_schedule.c  when each monitor is probed, and what becomes of the result
 *   checker_settle.c    results and flips to the database, each once
 *   checker_test.c      "test now"
 *
 * A bucket is the unit of everything: it is leased, loaded, settled and given back as one.
 */
#ifndef TOCSIND_CHECKER_IMPL_H
#define TOCSIND_CHECKER_IMPL_H

#include "heap.h"
#include "probe.h"
#include "role.h"
#include "verdict.h"

#define TTL_MS      10000 /* of a lease */
#define FENCE_MS    (TTL_MS - 2000)
#define CALL_MS     4000  /* for an answer of the database */
#define SLOTS_MAX   32767 /* of a bucket: slot is a smallint */
#define BUCKETS_MAX 1024
#define BUFFER_MAX  65536 /* results of a bucket that wait for the database */
#define BATCH_MAX   4000  /* of them in one settle */
#define STALL_MS    1500  /* the loop stood still for so long: what it timed is not true */
#define ONLINE_MS   2000  /* after a reconnect: let each owner settle first */
#define LAG_BINS    160

struct checker;
struct bucket;
struct test;

struct monitor {
    struct heap_node due; /* first: the heap gives these back */
    struct bucket *bucket;
    struct monitor *next; /* in a queue of the ready */
    struct probe_spec *spec;
    struct probe *running;
    struct verdict verdict;
    int64_t id;
    int64_t wanted_ms; /* when the check that waits or runs was due */
    int64_t asked_ms;  /* newest "check now" that was taken up */
    int interval_ms, recheck_ms;
    unsigned generation; /* of the load that it was last seen in */
    int unsettled;       /* flips that wait in the bucket's results */
    int16_t slot;
    int16_t retries;
    bool ready, paused, slow; /* slow: took long last time, or had no end */
};

/* One check, and the flip that it brought if it did. */
struct result {
    int64_t at_ms, fail_ms;
    int32_t total_us, phase_us[4];
    int64_t tls_not_after;
    int16_t slot, status, reason, code, fails;
    int16_t flip;    /* the new status, or -1 */
    int64_t flip_ms; /* the first check that said so */
    char *message;   /* of a flip */
};

struct bucket {
    struct checker *c;
    int id;
    int64_t epoch, batch; /* the newest batch that was answered */
    bool all, want_all;   /* the load that runs is one of everything; the next is to be */
    unsigned generation;  /* of the newest such load */
    char rev[32];         /* how far the settings were read; "" nothing yet */
    int64_t acked_ms;     /* when the newest accepted settle (or the lease) was asked for */
    int64_t sent_ms;      /* when the one that runs was */
    int64_t sent_epoch;   /* the epoch it was sent with */
    bool loading, load_again, settling, releasing, flipped, lost, leaving;
    int sent; /* results of it, at the head of `results` */
    int most; /* results of the next: fewer than BATCH_MAX after a refusal, else 0 */
    int refusals;
    struct monitor **slot; /* by number; NULL: none */
    int nslots, nmonitors;
    struct result *results;
    int nresults, room;
};

/* What is told in the beat. */
struct figures {
    int64_t checks, settles, settled, dropped, fenced, skipped;
    int64_t settle_us;
    int64_t trouble,
        trouble_ms; /* checks that failed for reasons of our own; when it was said */
    int64_t lag_n, lag_ms;
    int64_t lag[LAG_BINS];     /* by logarithm, since the start */
    int64_t late[2][LAG_BINS]; /* of these ten seconds and the ten before */
    int64_t late_ms;           /* when these ten seconds began */
};

struct checker {
    struct worker *w;
    struct fetch *fetch;
    struct event *timer; /* the next due monitor */
    struct event *pulse; /* tells when the loop stood still */
    int64_t pulse_ms;
    int64_t offset_ms; /* wall clock minus ours, once: phases are the same on every host */
    struct heap due;
    struct monitor *ready[2], **ready_end[2]; /* prompt ones, slow ones */
    int running, running_slow, most;
    struct test *tests; /* that run */
    bool claiming;
    struct bucket *bucket[BUCKETS_MAX];
    int nbuckets;
    bool acquiring;
    int64_t asked_ms;  /* when buckets were asked for */
    int64_t online_ms; /* since when the database answers; 0: for the first time */
    int64_t began_ms;
    struct figures figures;
};

/* checker.c */
void checker_drop(struct bucket *b,
                  const char *why); /* forget a bucket; it may be another's */
void checker_drained(struct checker *c);

/* checker_load.c */
void checker_load(struct bucket *b);
void load_anew(struct bucket *b);   /* everything: the database may be another one */
void load_forget(struct bucket *b); /* all of its monitors */

/* checker_schedule.c */
int schedule_start(struct checker *c);
void schedule_arm(struct checker *c);
void schedule_at(struct monitor *m, int64_t due_ms);
void schedule_regular(struct monitor *m);
void schedule_forget(struct monitor *m); /* neither due nor ready nor running any more */
void schedule_run(struct checker *c);
bool bucket_may_probe(const struct bucket *b);
int64_t lag_percentile(const struct figures *f, int percent); /* of the newest 10 to 20 s */
int64_t lag_within(const struct figures *f, int64_t ms);

/* checker_settle.c */
void settle_add(struct monitor *m, const struct probe_result *res, int64_t at_ms, bool flipped,
                int64_t since_ms);
void settle_send(struct bucket *b); /* when it may: what waits, or a sign of life */
/* The batch that was sent is in the database. */
void settle_accepted(struct bucket *b);
void settle_free(struct bucket *b);

/* checker_test.c */
void test_claim(struct checker *c);
void test_drop(struct checker *c);
json_t *test_report(const struct probe_result *res);

#endif
