/*
 * agent_link_end: how a request to an agent ended: one reason, and a sentence for people.
 */
#include "agent_link_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *agent_end_word(enum agent_end end)
{
    static const char *const words[] = {"",    "refused",     "timeout",
                                        "tls", "unreachable", "protocol"};

    return words[end];
}

__attribute__((format(printf, 3, 4))) static void say(struct agent_call *c, enum agent_end end,
                                                      const char *fmt, ...)
{
    va_list ap;

    c->answer.end = end;
    va_start(ap, fmt);
    vsnprintf(c->answer.message, sizeof(c->answer.message), fmt, ap);
    va_end(ap);
}

static void connect_failed(struct agent_call *c)
{
    const char *at = c->peer.address;
    long err = 0;

    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &err);
    if (c->why)
        say(c, AGENT_UNREACHABLE, "%s is %s outside of fleet_allow", at, c->why);
    else if (err == ECONNREFUSED)
        say(c, AGENT_REFUSED, "%s refuses connections: does the agent run?", at);
    else if (err == ETIMEDOUT)
        say(c, AGENT_TIMEOUT, "%s does not answer", at);
    else
        say(c, AGENT_UNREACHABLE, "%s cannot be reached", at);
}

static void timed_out(struct agent_call *c)
{
    curl_off_t tls = 0;
    double s = (double)c->timeout_ms / 1000;

    curl_easy_getinfo(c->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    if (tls == 0 && c->answer.status == 0)
        say(c, AGENT_TIMEOUT, "no connection to %s in time", c->peer.address);
    else if (c->answer.status == 0)
        say(c, AGENT_TIMEOUT, "no answer from %s within %g s", c->peer.address, s);
    else
        say(c, AGENT_TIMEOUT, "%s answers too slowly", c->peer.address);
}

/* With TLS 1.3 an agent that takes our certificate for a wrong one says so only after what
 * we hold for the end of the handshake. */
static void lost(struct agent_call *c)
{
    if (strstr(c->error, "alert"))
        say(c, AGENT_TLS, "%s does not accept our certificate", c->peer.address);
    else if (strstr(c->error, "chunk") || strstr(c->error, "eader"))
        say(c, AGENT_PROTOCOL, "%s did not answer in valid HTTP", c->peer.address);
    else
        say(c, AGENT_UNREACHABLE, "%s closed the connection too early", c->peer.address);
}

void agent_call_explain(struct agent_call *c, CURLcode rc)
{
    char name[64];

    if (c->too_much) {
        say(c, AGENT_PROTOCOL, "%s sent %s", c->peer.address, c->too_much);
        return;
    }
    pki_host_name(c->peer.host, name, sizeof(name));
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
        say(c, AGENT_UNREACHABLE, "'%s' is no address", c->peer.address);
        break;
    case CURLE_COULDNT_CONNECT:
        connect_failed(c);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        timed_out(c);
        break;
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        say(c, AGENT_TLS, "%s has another key than %s was enrolled with", c->peer.address,
            name);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        say(c, AGENT_TLS, "%s shows no certificate of this fleet for %s", c->peer.address,
            name);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_INVALIDCERTSTATUS:
        say(c, AGENT_TLS, "no TLS 1.3 connection with %s could be agreed", c->peer.address);
        break;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        lost(c);
        break;
    default:
        say(c, AGENT_PROTOCOL, "%s did not answer in valid HTTP (%d)", c->peer.address, rc);
    }
}
