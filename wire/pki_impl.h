/*
 * pki_impl: what pki's files share.
 *
 *   pki.c        reading, signing
 *   pki_cert.c   one certificate: its names, extensions, pin
 *   pki_make.c   the files that are made once
 */
#ifndef TOCSIN_PKI_IMPL_H
#define TOCSIN_PKI_IMPL_H

#include "pki.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define CA_DAYS      (20 * 365 + 5)
#define CONTROL_DAYS (20 * 365)
#define AGENT_DAYS   (10 * 365)

struct pki {
    char *ca_pem, *control_pem;
    X509 *ca, *control;
    EVP_PKEY *ca_key; /* NULL but for PKI_SIGN */
    char pin[PKI_PIN];
};

struct cert_form {
    const char *name;  /* common name; also the DNS name but for the authority */
    const char *usage; /* extended: "clientAuth", "serverAuth"; NULL: the authority */
    int days;
    EVP_PKEY *key; /* whom it is for; only its public part is used */
    X509 *ca;      /* NULL: signs itself */
    EVP_PKEY *ca_key;
};

/* NULL: OpenSSL refused, for want of memory or randomness. */
X509 *cert_make(const struct cert_form *form);
int cert_pin(EVP_PKEY *key, char pin[PKI_PIN]);
int64_t cert_ends(const X509 *cert);

/* -1 with a sentence ended by what OpenSSL or the system said. */
int pki_fail(char why[PKI_WHY], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A whole small file, malloc'd and ended by a zero. Refused when others may write to it, or
 * when it is secret and others may read it. */
char *pki_file(const char *dir, const char *name, bool secret, char why[PKI_WHY]);

#endif
