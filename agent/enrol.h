/*
 * enrol: how a machine gets its identity.
 *
 * The control plane's token has a secret, which never travels, and the fingerprint of the
 * only authority to be believed. `enrol-request` makes a key and a signed wish for a
 * certificate; whoever has a network carries it to the control plane and its answer to
 * `enrol-accept`. Until that is complete the identity of before stays in use:
 *
 *     state_dir/enrol/        the new key, and what its request promised
 *     state_dir/enrol.ready/  a complete identity on its way into state_dir
 */
#ifndef AGENT_ENROL_H
#define AGENT_ENROL_H

#include "agent_conf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define ENROL_ID_MAX    64
#define ENROL_PIN       44 /* 43 letters of base64url and the zero */
#define ENROL_NONCE     33
#define ENROL_KEY_BYTES 32

struct enrol_token {
    char id[ENROL_ID_MAX + 1];
    unsigned char key[ENROL_KEY_BYTES]; /* SHA-256 of the secret's text */
    char pin[ENROL_PIN];
};

/* "tce_ID.SECRET.PIN"; -1: it is none. */
int enrol_token_parse(const char *text, struct enrol_token *t);

/* SHA-256 of a key's SubjectPublicKeyInfo in base64url. -1: OpenSSL refused. */
int enrol_pin(EVP_PKEY *key, char out[ENROL_PIN]);

/* ---- files; each -1 with a sentence on stderr */

/* Be who the state folder belongs to, when this is root: what is written is his. The folder
 * is made when it is not there. */
int enrol_become(const struct conf *conf);
int enrol_make_dir(const struct conf *conf);
/* Write a file of the folder enrol/ so that it is whole or not there. */
int enrol_write(const struct conf *conf, const char *name, const char *text, size_t n);
/* The folder is complete: it becomes the identity. */
int enrol_commit(const struct conf *conf);
/* What a crash in the middle of that left to do. Also of word_run. */
int enrol_finish(const struct conf *conf);
/* Is there an identity? */
bool enrol_done(const struct conf *conf);

/* dir/name as PEM; NULL: said on stderr. */
EVP_PKEY *enrol_read_key(const struct conf *conf, const char *name);

#endif
