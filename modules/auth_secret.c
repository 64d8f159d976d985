/*
 * auth_secret: random secrets, and what is stored of them.
 */
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin_auth.h"

#define SECRET_BYTES 32

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *secret_make(apr_pool_t *p, const char *prefix)
{
    unsigned char bytes[SECRET_BYTES + 1] = {0};
    char text[SECRET_TEXT], *to = text;

    if (RAND_bytes(bytes, SECRET_BYTES) != 1)
        abort(); /* a guessable secret is worse than none */
    for (int i = 0; i < SECRET_BYTES; i += 3) {
        unsigned n = (unsigned)bytes[i] << 16 |
                     (i + 1 < SECRET_BYTES ? (unsigned)bytes[i + 1] << 8 : 0) |
                     (i + 2 < SECRET_BYTES ? (unsigned)bytes[i + 2] : 0);

        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = alphabet[n >> shift & 63];
    }
    text[(SECRET_BYTES * 8 + 5) / 6] = '\0';
    return apr_pstrcat(p, prefix, text, NULL);
}

const char *secret_hash(apr_pool_t *p, const char *secret)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *hex = apr_palloc(p, HASH_HEX);

    SHA256((const unsigned char *)secret, strlen(secret), hash);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[HASH_HEX - 1] = '\0';
    return hex;
}

int equal_time(const char *a, const char *b)
{
    apr_size_t n = strlen(a);

    return strlen(b) == n && !CRYPTO_memcmp(a, b, n);
}
