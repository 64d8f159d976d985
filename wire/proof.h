/*
 * proof: that both ends of an enrolment know the token's secret, which never travels.
 *
 * The key is the SHA-256 of the secret's text; the proof is the HMAC-SHA256 of the parts,
 * joined by line ends, in hexadecimal.
 */
#ifndef TOCSIN_PROOF_H
#define TOCSIN_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#define PROOF_KEY 32
#define PROOF_HEX 65 /* with its zero */

/* parts ends with NULL. -1: OpenSSL refused. */
int proof_make(const unsigned char key[PROOF_KEY], const char *const *parts,
               char out[PROOF_HEX]);

/* In constant time; false for what is no proof at all. */
bool proof_same(const char *a, const char *b);

/* 64 hexadecimal digits to bytes; -1: they are none. */
int proof_key(const char *hex, unsigned char key[PROOF_KEY]);

#endif
