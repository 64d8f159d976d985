/*
 * pki: the fleet's own certificate authority, in the files of one folder.
 *
 *   ca.key       the authority's key: signs the certificates of agents (0600)
 *   ca.pem       its certificate: what both sides trust, and nothing else
 *   control.pem  key and certificate by which agents know the control plane (0600)
 *
 * An agent's certificate is for one name, h<ID>.agent.tocsin, and for serving only; the
 * control plane's is for control.tocsin, and for asking only. Pins are the SHA-256 of a
 * public key (SubjectPublicKeyInfo) in base64url, 43 letters.
 */
#ifndef TOCSIN_PKI_H
#define TOCSIN_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKI_PIN      44 /* with its zero */
#define PKI_WHY      400
#define PKI_CSR_MAX  (16 * 1024)
#define PKI_CERT_MAX (8 * 1024)
#define PKI_CONTROL  "control.tocsin"

struct pki;

/* Make all three files in dir, which is made as well (0700). Nothing that is there is ever
 * written over. 0, or -1 with a sentence in why. */
int pki_make(const char *dir, char why[PKI_WHY]);

/* Another key and certificate for the control plane, by the same authority. */
int pki_renew(const char *dir, char why[PKI_WHY]);

enum pki_use {
    PKI_LOOK, /* certificates only */
    PKI_ASK,  /* and the control plane's key */
    PKI_SIGN, /* and the authority's key */
};

/* Read what is needed, and see that it belongs together. NULL with a sentence in why. */
struct pki *pki_read(const char *dir, enum pki_use use, char why[PKI_WHY]);
void pki_free(struct pki *pki);

const char *pki_ca(const struct pki *pki);      /* PEM */
const char *pki_control(const struct pki *pki); /* PEM, certificate and key */
const char *pki_pin(const struct pki *pki);     /* the authority's */
int64_t pki_ca_ends(const struct pki *pki);     /* unix times */
int64_t pki_control_ends(const struct pki *pki);

/*
 * Sign what an agent asks for: its public key for the name of this host, whatever else the
 * request says. The key is P-256, Ed25519 or RSA of 2048 to 8192 bits, and the request is
 * signed with it. cert gets PEM, pin the key's, ends the unix time of its end. 0, or -1 with
 * a sentence for who asked.
 */
int pki_sign(const struct pki *pki, long long host, const char *csr, size_t len,
             char cert[PKI_CERT_MAX], char pin[PKI_PIN], int64_t *ends, char why[PKI_WHY]);

/* Would it be signed? 0, or -1 with a sentence for who asked; pin gets the key's. */
int pki_check(const char *csr, size_t len, char pin[PKI_PIN], char why[PKI_WHY]);

/* "h7.agent.tocsin" */
void pki_host_name(long long host, char *out, size_t size);

#endif
