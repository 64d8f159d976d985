/*
 * agent_link: requests to agents by libcurl on the role's libevent loop.
 *
 * TLS 1.3 with our certificate, the fleet's own authority and nothing else; the answer must
 * come from the name of that very host and from the key that was pinned when it was
 * enrolled, at an address within fleet_allow. Connections are kept between requests: a poll
 * costs no handshake. A request ends once, through done, for one named reason.
 */
#ifndef TOCSIND_AGENT_LINK_H
#define TOCSIND_AGENT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <event2/event.h>

#include "guard.h"
#include "pki.h"

#define AGENT_HEAD_MAX    (32 * 1024) /* bytes of an answer's header lines */
#define AGENT_MESSAGE_MAX 240

/* One that may be asked. Two with the same values are the same. */
struct agent_peer {
    long long host;
    char address[72]; /* "192.168.1.5:7443", "[fd00::5]:7443" */
    char pin[PKI_PIN];
};

struct agent_link;
struct agent_call;

struct agent_link_conf {
    struct event_base *base;
    const struct guard *allow; /* copied: only what is named in it is dialled */
    const struct pki *pki;     /* stays the caller's, and stays */
    int most;                  /* calls at once */
    int keep;                  /* connections that are kept for the next call */
};

/* NULL: out of memory. */
struct agent_link *agent_link_new(const struct agent_link_conf *conf);
/* Calls that still run are dropped; their done is not called. */
void agent_link_free(struct agent_link *link);

enum agent_end {
    AGENT_OK, /* a whole answer came, whatever its status */
    AGENT_REFUSED,
    AGENT_TIMEOUT,
    AGENT_TLS,
    AGENT_UNREACHABLE,
    AGENT_PROTOCOL,
};

/* "refused", "timeout", …; "" for AGENT_OK */
const char *agent_end_word(enum agent_end end);

struct agent_answer {
    enum agent_end end;
    char message[AGENT_MESSAGE_MAX]; /* for people; "" when ok */
    int status;                      /* 0: none came */
    char type[80], etag[120];        /* of the header; "" when it said none */
    const char *body;                /* of a request without data(), zero-ended; never NULL */
    size_t len;
    int64_t us;
};

enum agent_take { AGENT_TAKEN, AGENT_PAUSE, AGENT_STOP };

struct agent_request {
    const struct agent_peer *peer; /* copied */
    const char *method;            /* NULL: GET */
    const char *path;              /* with its query; copied */
    const char *body;              /* copied; JSON. NULL: none */
    size_t body_len;
    const char *if_match, *last_event_id; /* header values, or NULL; copied */
    int connect_ms;                       /* TCP and TLS */
    int timeout_ms;                       /* all of it; 0: as long as it goes on */
    bool drips;  /* an answer may be silent for long: no lowest speed */
    size_t most; /* bytes of body; one more is AGENT_PROTOCOL */
    bool own;    /* a connection of its own, closed when it ends */
    /* The body as it comes; head is what is known by then, without body. AGENT_PAUSE: these
     * bytes were not taken and come again after agent_link_resume(). AGENT_STOP: enough. */
    enum agent_take (*data)(void *arg, const struct agent_answer *head, const char *bytes,
                            size_t n);
    /* Called from the loop, never from agent_link_ask(). */
    void (*done)(void *arg, const struct agent_answer *answer);
    void *arg;
};

/* NULL: as many as allowed run already, or out of memory. */
struct agent_call *agent_link_ask(struct agent_link *link, const struct agent_request *q);
/* Not from its own callbacks. */
void agent_link_resume(struct agent_call *call);
/* Drop it; its done is not called. Not from its own callbacks. */
void agent_link_cancel(struct agent_call *call);

/* Connections made so far, for the beat. */
unsigned agent_link_connects(const struct agent_link *link);

#endif
