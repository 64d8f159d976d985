/*
 * gateway_enrol: a new agent shows that it knows the secret of a token, and gets a
 * certificate for the host that this makes.
 *
 * The secret never comes here: K, its SHA-256, is in the database, and both sides prove with
 * HMACs that they have it. The agent's key never leaves its machine.
 */
#include "gateway_impl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/util.h>

#include "proof.h"

#define BODY_MOST   (64 * 1024)
#define CALL_MS     5000
#define ENROLS_MOST 32

static const char refusal[] = "the token is unknown, used, revoked or over, or it is not this "
                              "agent's";

struct enrol {
    struct gateway *g;
    struct evhttp_request *req;
    struct evhttp_connection *from; /* NULL: hung up */
    json_t *said;
    char pin[PKI_PIN];
    unsigned char key[PROOF_KEY];
    char enrolment[24], host[24], ends[32];
    char certificate[PKI_CERT_MAX];
};

/* ---------------------------------------------------------------- its end */

static void on_close(struct evhttp_connection *, void *arg)
{
    struct enrol *e = arg;

    if (!evhttp_request_get_connection(e->req))
        evhttp_request_free(e->req);
    e->req = NULL;
    e->from = NULL;
}

/* With an answer: body NULL: an error. */
static void end(struct enrol *e, int status, const char *error, const char *body)
{
    struct gateway *g = e->g;

    if (e->from)
        evhttp_connection_set_closecb(e->from, NULL, NULL);
    if (e->req && body)
        gateway_reply(e->req, status, "application/json", body, strlen(body));
    else if (e->req)
        gateway_error(e->req, status, error);
    explicit_bzero(e->key, sizeof(e->key));
    json_decref(e->said);
    free(e);
    g->enrols--;
    gateway_left(g);
}

static bool answered(struct enrol *e, enum db_end how, const PGresult *res)
{
    if (how == DB_OK && PQntuples(res) > 0)
        return true;
    if (how == DB_OK) {
        end(e, 403, refusal, NULL);
        return false;
    }
    log_error("an enrolment failed sqlstate=%s error=\"%s\"", db_sqlstate(res),
              db_message(how, res));
    end(e, how == DB_REFUSED ? 500 : 503,
        how == DB_REFUSED ? "the enrolment could not be recorded"
                          : "the database does not answer: try again",
        NULL);
    return false;
}

static const char *member(const struct enrol *e, const char *name)
{
    const char *s = json_string_value(json_object_get(e->said, name));

    return s ? s : "";
}

/* ---------------------------------------------------------------- 3: signed and recorded */

static void on_recorded(void *arg, enum db_end how, const PGresult *res)
{
    struct enrol *e = arg;
    const char *parts[] = {"accept", member(e, "nonce"), e->certificate, NULL};
    char proof[PROOF_HEX], *text;
    json_t *body;

    if (!answered(e, how, res))
        return;
    agent_hosts_refresh(e->g->hosts, 0, false);
    if (proof_make(e->key, parts, proof)) {
        end(e, 500, "no proof can be made", NULL);
        return;
    }
    body = json_pack("{s:I, s:s, s:s, s:s, s:s}", "host", (json_int_t)atoll(e->host), "ca",
                     pki_ca(e->g->pki), "certificate", e->certificate, "control", PKI_CONTROL,
                     "proof", proof);
    text = json_dumps(body, JSON_COMPACT);
    if (!text)
        abort();
    log_info("enrolled host=%s address=%s enrolment=%s", e->host, member(e, "address"),
             e->enrolment);
    end(e, 200, NULL, text);
    free(text);
    json_decref(body);
}

static void on_host(void *arg, enum db_end how, const PGresult *res)
{
    struct enrol *e = arg;
    const char *csr = member(e, "csr"), *args[] = {e->host, e->pin, e->ends};
    char why[PKI_WHY];
    int64_t ends;

    if (!answered(e, how, res))
        return;
    if (PQgetisnull(res, 0, 0)) {
        end(e, 403, refusal, NULL);
        return;
    }
    snprintf(e->host, sizeof(e->host), "%s", PQgetvalue(res, 0, 0));
    if (pki_sign(e->g->pki, atoll(e->host), csr, strlen(csr), e->certificate, e->pin, &ends,
                 why)) {
        end(e, 422, why, NULL);
        return;
    }
    snprintf(e->ends, sizeof(e->ends), "%lld", (long long)ends);
    db_call(e->g->w->db, "select work.enrol_done($1,$2,to_timestamp($3::bigint))", 3, args,
            CALL_MS, on_recorded, e);
}

/* ---------------------------------------------------------------- 2: the proof */

static bool proven(const struct enrol *e)
{
    const char *parts[] = {member(e, "id"),      member(e, "csr"),   member(e, "name"),
                           member(e, "address"), member(e, "nonce"), NULL};
    char proof[PROOF_HEX];

    return !proof_make(e->key, parts, proof) && proof_same(proof, member(e, "proof"));
}

static void on_token(void *arg, enum db_end how, const PGresult *res)
{
    enum { ENROLMENT, KEY, STATE, USED_PIN };
    struct enrol *e = arg;
    const char *args[8] = {e->enrolment,      member(e, "name"), member(e, "address"), e->pin,
                           member(e, "arch"), member(e, "os"),   member(e, "version"), NULL};
    const char *state;
    bool open;

    if (!answered(e, how, res))
        return;
    state = PQgetvalue(res, 0, STATE);
    /* the answer may have been lost on the way: the same key may ask once more */
    open = !strcmp(state, "open") ||
           (!strcmp(state, "used") && !strcmp(PQgetvalue(res, 0, USED_PIN), e->pin));
    if (proof_key(PQgetvalue(res, 0, KEY), e->key) || !proven(e) || !open) {
        log_warning("enrolment refused token=%s state=%s", member(e, "id"), state);
        end(e, 403, refusal, NULL);
        return;
    }
    snprintf(e->enrolment, sizeof(e->enrolment), "%s", PQgetvalue(res, 0, ENROLMENT));
    args[7] = e->req ? evhttp_find_header(evhttp_request_get_input_headers(e->req),
                                          "X-Forwarded-For")
                     : NULL;
    db_call(e->g->w->db, "select work.enrol_host($1,$2,$3,$4,$5,$6,$7,$8)", 8, args, CALL_MS,
            on_host, e);
}

/* ---------------------------------------------------------------- 1: the request */

static bool text(const struct enrol *e, const char *name, size_t least, size_t most,
                 const char *of)
{
    const char *s = json_string_value(json_object_get(e->said, name));
    size_t n = s ? strlen(s) : 0;

    if (!s || n < least || n > most || (of && strspn(s, of) != n))
        return false;
    for (; !of && *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

/* NULL: where its agent listens is an address that may be dialled. */
static const char *bad_address(const struct enrol *e)
{
    struct sockaddr_storage addr;
    int len = sizeof(addr);
    const char *s = member(e, "address"), *port = strrchr(s, ':');

    if (strlen(s) > 64 || !port || strspn(port + 1, "0123456789") != strlen(port + 1) ||
        atoi(port + 1) < 1 || atoi(port + 1) > 65535 ||
        evutil_parse_sockaddr_port(s, (struct sockaddr *)&addr, &len))
        return "address: IP:PORT is wanted";
    if (!guard_named(&e->g->allow, (struct sockaddr *)&addr))
        return "address: it is outside of fleet_allow in tocsind.conf";
    return NULL;
}

static const char *trouble(struct enrol *e, char why[PKI_WHY])
{
    static const char hex[] = "0123456789abcdef";
    static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    if (!json_is_object(e->said))
        return "the body is no JSON object";
    if (!text(e, "id", 1, 64, word))
        return "id: it is no token's";
    if (!text(e, "proof", PROOF_HEX - 1, PROOF_HEX - 1, hex))
        return "proof: 64 hexadecimal digits are wanted";
    if (!text(e, "nonce", 16, 128, hex))
        return "nonce: 16 to 128 hexadecimal digits are wanted";
    if (!text(e, "name", 1, 120, NULL))
        return "name: 1 to 120 letters are wanted";
    if (bad_address(e))
        return bad_address(e);
    if (pki_check(member(e, "csr"), strlen(member(e, "csr")), e->pin, why))
        return why;
    return NULL;
}

void enrol_request(struct gateway *g, struct evhttp_request *req)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t len = evbuffer_get_length(in);
    char why[PKI_WHY];
    const char *bad;
    struct enrol *e;

    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST)
        gateway_error(req, 405, "enrolment is a POST");
    else if (len > BODY_MOST)
        gateway_error(req, 413, "the body is larger than 64 KiB");
    else if (g->enrols >= ENROLS_MOST || g->w->stopping || !db_online(g->w->db))
        gateway_error(req, 503, "not now: try again");
    else {
        if (!(e = calloc(1, sizeof(*e))))
            abort();
        g->enrols++;
        e->g = g;
        e->req = req;
        e->from = evhttp_request_get_connection(req);
        e->said = json_loadb((const char *)evbuffer_pullup(in, -1), len, 0, NULL);
        if ((bad = trouble(e, why))) {
            end(e, e->said ? 422 : 400, bad, NULL);
            return;
        }
        evhttp_connection_set_closecb(e->from, on_close, e);
        {
            const char *args[] = {member(e, "id")};

            db_call(g->w->db,
                    "select enrolment, encode(key,'hex'), state, coalesce(used_pin,'') "
                    "from work.enrol_check($1)",
                    1, args, CALL_MS, on_token, e);
        }
    }
}
