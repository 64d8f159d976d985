#include "enrol.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_LETTERS 43
#define PIN_LETTERS    43

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int enrol_token_parse(const char *text, struct enrol_token *t)
{
    const char *secret, *pin;
    size_t id;

    memset(t, 0, sizeof(*t));
    if (strncmp(text, "tce_", 4))
        return -1;
    text += 4;
    id = strspn(text, letters);
    secret = text + id + 1;
    if (id == 0 || id > ENROL_ID_MAX || text[id] != '.' ||
        strspn(secret, letters) != SECRET_LETTERS || secret[SECRET_LETTERS] != '.')
        return -1;
    pin = secret + SECRET_LETTERS + 1;
    if (strspn(pin, letters) != PIN_LETTERS || pin[PIN_LETTERS])
        return -1;
    memcpy(t->id, text, id);
    memcpy(t->pin, pin, PIN_LETTERS);
    SHA256((const unsigned char *)secret, SECRET_LETTERS, t->key);
    return 0;
}

static void base64url(const unsigned char *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i += 3) {
        unsigned long v = (unsigned long)bytes[i] << 16;

        if (i + 1 < n)
            v |= (unsigned long)bytes[i + 1] << 8;
        if (i + 2 < n)
            v |= bytes[i + 2];
        *out++ = letters[v >> 18 & 63];
        *out++ = letters[v >> 12 & 63];
        if (i + 1 < n)
            *out++ = letters[v >> 6 & 63];
        if (i + 2 < n)
            *out++ = letters[v & 63];
    }
    *out = '\0';
}

int enrol_pin(EVP_PKEY *key, char out[ENROL_PIN])
{
    unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
    int n = i2d_PUBKEY(key, &der);

    if (n <= 0)
        return -1;
    SHA256(der, (size_t)n, digest);
    OPENSSL_free(der);
    base64url(digest, sizeof(digest), out);
    return 0;
}
