/* tocsin-agent enrol-request: a new key, and the wish for a certificate of it. */
#define _GNU_SOURCE
#include "agent.h"
#include "enrol.h"
#include "proc.h"
#include "proof.h"
#include "utf8.h"
#include "words.h"

#include <getopt.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

struct wish {
    char token_text[256];
    struct enrol_token token;
    const char *name, *address;
    bool again;
    char nonce[ENROL_NONCE];
    char address_text[ADDR_TEXT];
    struct utsname machine;
};

static int read_options(const struct asked *asked, struct wish *w)
{
    static const struct option longs[] = {{"token", required_argument, NULL, 't'},
                                          {"name", required_argument, NULL, 'n'},
                                          {"address", required_argument, NULL, 'a'},
                                          {"again", no_argument, NULL, 'A'},
                                          {NULL, 0, NULL, 0}};
    const char *token = NULL;
    int c;

    optind = 0;
    while ((c = getopt_long(asked->argc, asked->argv, "", longs, NULL)) != -1) {
        if (c == 't')
            token = optarg;
        else if (c == 'n')
            w->name = optarg;
        else if (c == 'a')
            w->address = optarg;
        else if (c == 'A')
            w->again = true;
        else
            return -1;
    }
    if (!token || optind < asked->argc) {
        fprintf(stderr, "usage: tocsin-agent enrol-request --token TOKEN|- [--name NAME] "
                        "[--address ADDRESS:PORT] [--again]\n");
        return -1;
    }
    /* "-": from standard input, where nobody can see it */
    if (strcmp(token, "-"))
        snprintf(w->token_text, sizeof(w->token_text), "%s", token);
    else if (!fgets(w->token_text, sizeof(w->token_text), stdin))
        w->token_text[0] = '\0';
    w->token_text[strcspn(w->token_text, "\r\n")] = '\0';
    if (enrol_token_parse(w->token_text, &w->token)) {
        fprintf(stderr, "tocsin-agent: that is no enrolment token\n");
        return -1;
    }
    return 0;
}

/* What the configuration knows, where nothing was said. */
static int fill_in(struct wish *w, const struct conf *conf)
{
    unsigned char bytes[(ENROL_NONCE - 1) / 2];
    struct addr a;

    uname(&w->machine);
    if (!w->name)
        w->name = conf->name ? conf->name : w->machine.nodename;
    if (!w->address)
        w->address = addr_text(&conf->address, w->address_text);
    if (addr_parse(&a, w->address, 0)) {
        fprintf(stderr, "tocsin-agent: '%s' is no ADDRESS:PORT\n", w->address);
        return -1;
    }
    if (strlen(w->name) > 100 || strpbrk(w->name, "\r\n\t")) {
        fprintf(stderr, "tocsin-agent: the name is no name\n");
        return -1;
    }
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return -1;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(w->nonce + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

/* PEM of a new key's request, to be freed; the key is written. */
static char *make_request(const struct conf *conf)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *req = X509_REQ_new();
    BIO *key_out = BIO_new(BIO_s_mem()), *req_out = BIO_new(BIO_s_mem());
    X509_NAME *subject = X509_NAME_new();
    char *text = NULL, *bytes;
    long n;

    if (key && req && subject &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"tocsin-agent", -1, -1, 0) &&
        X509_REQ_set_subject_name(req, subject) && X509_REQ_set_pubkey(req, key) &&
        X509_REQ_sign(req, key, EVP_sha256()) && PEM_write_bio_X509_REQ(req_out, req) &&
        PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL)) {
        n = BIO_get_mem_data(key_out, &bytes);
        if (enrol_write(conf, "key.pem", bytes, (size_t)n) == 0) {
            n = BIO_get_mem_data(req_out, &bytes);
            text = strndup(bytes, (size_t)n);
        }
        n = BIO_get_mem_data(key_out, &bytes);
        OPENSSL_cleanse(bytes, (size_t)n);
    }
    X509_NAME_free(subject);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
    BIO_free(key_out);
    BIO_free(req_out);
    return text;
}

/* What enrol-accept will hold the answer against. */
static int write_promise(const struct conf *conf, const struct wish *w)
{
    char text[256];
    int n = 0;

    for (size_t i = 0; i < sizeof(w->token.key); i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", w->token.key[i]);
    n += snprintf(text + n, sizeof(text) - (size_t)n, " %s %s\n", w->token.pin, w->nonce);
    n = enrol_write(conf, "promise", text, (size_t)n);
    explicit_bzero(text, sizeof(text));
    return n;
}

static json_t *os_name(const struct conf *conf)
{
    char text[4096], clean[100], *from, *name = NULL;

    if (proc_text(conf, "/etc/os-release", text, sizeof(text)) > 0 &&
        (from = strstr(text, "PRETTY_NAME="))) {
        name = from + strlen("PRETTY_NAME=");
        name += *name == '"';
        name[strcspn(name, "\"\n")] = '\0';
    }
    return name && utf8_clean(clean, sizeof(clean), name, strlen(name)) ? json_string(clean)
                                                                        : json_null();
}

static int print_request(const struct conf *conf, struct wish *w, const char *csr)
{
    const char *const parts_of[] = {w->token.id, csr, w->name, w->address, w->nonce, NULL};
    char proof[PROOF_HEX];
    json_t *o;

    if (proof_make(w->token.key, parts_of, proof))
        return -1;
    o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:s}", "id", w->token.id, "csr", csr,
                  "name", w->name, "address", w->address, "nonce", w->nonce, "arch",
                  w->machine.machine, "os", os_name(conf), "version", agent_version, "proof",
                  proof);
    if (!o || json_dumpf(o, stdout, JSON_COMPACT) || fputc('\n', stdout) == EOF ||
        fflush(stdout)) {
        fprintf(stderr, "tocsin-agent: cannot write the request\n");
        json_decref(o);
        return -1;
    }
    json_decref(o);
    return 0;
}

static int request(const struct conf *conf, struct wish *w)
{
    char *csr;
    int r;

    if (enrol_become(conf) || enrol_finish(conf))
        return -1;
    if (enrol_done(conf) && !w->again) {
        fprintf(stderr, "tocsin-agent: this machine is enrolled already; --again makes it a "
                        "new identity\n");
        return -1;
    }
    if (fill_in(w, conf) || enrol_make_dir(conf) || !(csr = make_request(conf)))
        return -1;
    r = write_promise(conf, w) || print_request(conf, w, csr) ? -1 : 0;
    free(csr);
    return r;
}

int word_enrol_request(const struct asked *asked)
{
    struct wish w = {.name = NULL};
    struct conf conf;
    int r;

    if (read_options(asked, &w))
        return 2;
    if (asked_conf(asked, &conf))
        return 1;
    r = request(&conf, &w);
    explicit_bzero(&w, sizeof(w));
    conf_drop(&conf);
    return r ? 1 : 0;
}
