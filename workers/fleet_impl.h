/*
 * fleet_impl: what the files of the role fleet share.
 *
 *   fleet.c         the role: lease, list of hosts, clock
 *   fleet_poll.c    when each host is asked, and what it answered
 *   fleet_settle.c  answers on their way into the database
 *   fleet_action.c  what people asked for: start, stop, restart, deploy, cancel
 *   fleet_deploy.c  deploys while they run
 */
#ifndef TOCSIND_FLEET_IMPL_H
#define TOCSIND_FLEET_IMPL_H

#include <jansson.h>

#include "agent_hosts.h"
#include "heap.h"

#define FLEET_CALL_MS 5000

struct poll {
    struct heap_node due; /* first: a node is its poll */
    struct fleet *fleet;
    struct agent_host *host;
    struct agent_call *call; /* NULL: not being asked */
    int64_t due_ms;
    bool known, ok, soon; /* there was an answer; it was a good one; ask again at once */
    bool met;             /* a good one came, some time */
    int tries;
    unsigned long long print; /* of the newest state */
};

struct answer { /* that is not in the database yet */
    struct answer *next;
    long long host;
    int64_t at_ms;
    bool flip; /* not what the host said the time before */
    size_t size;
    char *text; /* members of the object: "ok":true,… */
};

struct fleet {
    struct worker *w;
    struct pki *pki;
    struct agent_link *link;
    struct agent_hosts *hosts;

    /* the lease: 0 when another has it */
    long long epoch, held; /* held: the newest we had */
    bool lease_runs;
    int64_t lease_ms; /* asked for last, with success */

    /* fleet_poll.c */
    struct heap due;
    struct event *timer;
    int polling, silent;
    int64_t lag_ms;  /* the worst since the last beat */
    int64_t poll_us; /* of all polls so far */

    /* fleet_settle.c */
    struct db *db;
    struct answer *first, **last;
    size_t buffered;
    int answers, sent;             /* waiting; of them in the batch that is on its way */
    int most;                      /* in one batch: fewer after a refusal */
    long long batch, settle_epoch; /* the number of the next; the lease of the one that runs */
    bool settles, again;
    int64_t settle_ms;
    struct event *flush;
    unsigned dropped;

    /* fleet_action.c */
    struct action *actions;
    int nactions;
    bool claims, claim_again;
};

struct action { /* that is claimed, until the database knows how it went */
    struct action *next;
    struct fleet *fleet;
    long long id, host;
    char uuid[37];
    char app[64], kind[12];
    char deploy[37]; /* which: its own uuid, or that of the one to be cancelled */
    json_t *args;
    int attempt;
    struct agent_call *call;
    struct event *timer;
    int64_t claimed_ms, asked_ms, heard_ms;
    int tries;                    /* questions without an answer, in a row */
    void (*ask)(struct action *); /* what is to be asked of the agent next */

    /* how it ended; told until the database has it */
    bool ended, tells, ok;
    int64_t ended_ms;
    char *result; /* JSON, or NULL */
    char error[400];

    /* fleet_deploy.c */
    char *said; /* the report that the database has */
    char *report;
    int again;    /* how often it was refused for nothing that stays */
    bool over;    /* the report is its last */
    json_t *last; /* that one, while its output is asked for */
    int64_t said_ms;
};

/* fleet_poll.c */
int poll_start(struct fleet *f);
void poll_stop(struct fleet *f);
void poll_host(struct agent_host *host, struct fleet *f); /* new, or another address */
void poll_gone(struct agent_host *host);
void poll_soon(struct fleet *f, long long host);
/* Begin what is due, and wake when the next is. */
void poll_run(struct fleet *f);

/* fleet_settle.c */
int answers_start(struct fleet *f);
void answers_stop(struct fleet *f);
/* Takes text, which is malloc'd. */
void answers_add(struct fleet *f, long long host, bool flip, char *text);
void answers_settle(struct fleet *f);
void answers_drop(struct fleet *f);

/* The lease is another's: forget what is known. In fleet.c. */
void fleet_fenced(struct fleet *f);

/* fleet_action.c */
void action_claim(struct fleet *f);
void action_tell(struct fleet *f); /* what could not be told before */
void action_stop(struct fleet *f);
/* Ask the agent; the answer comes to got(), -1 when the host is none that can be asked. */
int action_send(struct action *a, const char *method, const char *path, const char *body,
                void (*got)(struct action *, const struct agent_answer *));
/* The same question again, later. */
void action_later(struct action *a, int ms);
void action_end(struct action *a, bool ok, const char *error);
void action_free(struct action *a);
/* The sentence of an agent that refuses. */
void action_refusal(const struct agent_answer *answer, char *out, size_t size);

/* fleet_deploy.c */
void deploy_ask(struct action *a);
void cancel_ask(struct action *a);
/* Say the newest report to the database, if it is not there yet. */
void deploy_tell(struct action *a);

#endif
