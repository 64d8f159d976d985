/* tocsin-agent enrol-accept: the control plane's answer, from standard input, becomes this
 * machine's identity, if everything about it is right. */
#define _GNU_SOURCE
#include "enrol.h"
#include "proof.h"
#include "tls.h"
#include "words.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 65536

struct promise {
    unsigned char key[ENROL_KEY_BYTES];
    char pin[ENROL_PIN], nonce[ENROL_NONCE];
};

/* the answer, and what is in it */
struct answer {
    json_t *all;
    long long host;
    const char *ca_text, *cert_text, *proof;
    X509 *ca, *cert;
};

static int refuse(const char *why)
{
    fprintf(stderr, "tocsin-agent: the answer is refused: %s\n", why);
    return -1;
}

static int read_promise(const struct conf *conf, struct promise *p)
{
    char path[1100], text[256] = "", key[2 * ENROL_KEY_BYTES + 1];
    FILE *f;
    bool ok;

    snprintf(path, sizeof(path), "%s/enrol/promise", conf->state_dir);
    if (!(f = fopen(path, "re"))) {
        fprintf(stderr, "tocsin-agent: nothing was requested: begin with enrol-request\n");
        return -1;
    }
    ok = fgets(text, sizeof(text), f) &&
         sscanf(text, "%64s %43s %32s", key, p->pin, p->nonce) == 3 &&
         proof_key(key, p->key) == 0;
    fclose(f);
    explicit_bzero(text, sizeof(text));
    explicit_bzero(key, sizeof(key));
    return ok ? 0 : refuse("the request is damaged: begin again with enrol-request");
}

static X509 *read_cert(const char *text)
{
    BIO *in = text ? BIO_new_mem_buf(text, -1) : NULL;
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

    BIO_free(in);
    return cert;
}

static int read_answer(struct answer *a)
{
    char *text = malloc(ANSWER_MAX + 1);
    size_t n = text ? fread(text, 1, ANSWER_MAX + 1, stdin) : 0;
    const char *control, *error;
    int r = -1;

    a->all = n > 0 && n <= ANSWER_MAX ? json_loadb(text, n, 0, NULL) : NULL;
    free(text);
    a->host = json_integer_value(json_object_get(a->all, "host"));
    a->ca_text = json_string_value(json_object_get(a->all, "ca"));
    a->cert_text = json_string_value(json_object_get(a->all, "certificate"));
    a->proof = json_string_value(json_object_get(a->all, "proof"));
    control = json_string_value(json_object_get(a->all, "control"));
    error = json_string_value(json_object_get(a->all, "detail"));
    if (!error)
        error = json_string_value(json_object_get(a->all, "error"));
    if (error)
        refuse(error);
    else if (a->host <= 0 || !a->proof || !control || strcmp(control, TLS_CONTROL_NAME))
        refuse("it is none of a control plane");
    else if (!(a->ca = read_cert(a->ca_text)) || !(a->cert = read_cert(a->cert_text)))
        refuse("it has no certificates");
    else
        r = 0;
    return r;
}

/* Is the certificate for serving as that host, from that authority, now? */
static int check_chain(const struct answer *a)
{
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    char name[64];
    int r = -1;

    snprintf(name, sizeof(name), "h%lld.agent.tocsin", a->host);
    if (trusted && ctx && X509_STORE_add_cert(trusted, a->ca) &&
        X509_STORE_CTX_init(ctx, trusted, a->cert, NULL)) {
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
        X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), name, 0);
        r = X509_verify_cert(ctx) == 1
                ? 0
                : refuse(X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(trusted);
    return r;
}

static int check(const struct conf *conf, const struct promise *p, const struct answer *a)
{
    const char *const parts_of[] = {"accept", p->nonce, a->cert_text, NULL};
    char proof[PROOF_HEX], pin[ENROL_PIN];
    EVP_PKEY *key;
    int same;

    if (proof_make(p->key, parts_of, proof) || !proof_same(proof, a->proof))
        return refuse("who sent it does not know the token");
    if (enrol_pin(X509_get0_pubkey(a->ca), pin) || strcmp(pin, p->pin))
        return refuse("its authority is not the token's");
    if (check_chain(a))
        return -1;
    if (!(key = enrol_read_key(conf, "enrol/key.pem")))
        return -1;
    same = EVP_PKEY_eq(X509_get0_pubkey(a->cert), key);
    EVP_PKEY_free(key);
    return same == 1 ? 0 : refuse("its certificate is for another key");
}

static int keep(const struct conf *conf, const struct answer *a)
{
    char host[32];
    int n = snprintf(host, sizeof(host), "%lld\n", a->host);

    if (enrol_write(conf, "ca.pem", a->ca_text, strlen(a->ca_text)) ||
        enrol_write(conf, "cert.pem", a->cert_text, strlen(a->cert_text)) ||
        enrol_write(conf, "host", host, (size_t)n) || enrol_commit(conf))
        return -1;
    printf("enrolled as host %lld\n", a->host);
    return 0;
}

static int accept_it(const struct conf *conf)
{
    struct promise p = {.pin = ""};
    struct answer a = {.all = NULL};
    int r = -1;

    if (enrol_become(conf) == 0 && read_promise(conf, &p) == 0 && read_answer(&a) == 0 &&
        check(conf, &p, &a) == 0)
        r = keep(conf, &a);
    X509_free(a.ca);
    X509_free(a.cert);
    json_decref(a.all);
    explicit_bzero(&p, sizeof(p));
    return r;
}

int word_enrol_accept(const struct asked *asked)
{
    struct conf conf;
    int r;

    if (asked_conf(asked, &conf))
        return 1;
    r = accept_it(&conf);
    conf_drop(&conf);
    return r ? 1 : 0;
}
