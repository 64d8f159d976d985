/*
 * signature: Standard Webhooks: how a receiver knows that a message is ours and whole.
 */
#ifndef TOCSIND_SIGNATURE_H
#define TOCSIND_SIGNATURE_H

#include <stddef.h>

#define SIGNATURE_MAX 64

/* "v1," + base64(HMAC-SHA256(secret, "id.timestamp.payload")); secret: "whsec_" + base64 of
 * the key. 0, or -1 when the secret is not of that form. */
int signature_make(char out[SIGNATURE_MAX], const char *secret, const char *id,
                   long long timestamp, const char *payload, size_t n);

#endif
