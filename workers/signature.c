#include "signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define KEY_MAX 128

static const char prefix[] = "whsec_";

/* The key's bytes, or -1. */
static int key_of(const char *secret, unsigned char key[KEY_MAX])
{
    size_t n;
    int len;

    if (strncmp(secret, prefix, sizeof(prefix) - 1))
        return -1;
    secret += sizeof(prefix) - 1;
    n = strlen(secret);
    if (n == 0 || n % 4 || n / 4 * 3 > KEY_MAX)
        return -1;
    len = EVP_DecodeBlock(key, (const unsigned char *)secret, (int)n);
    for (size_t i = n; len > 0 && i > n - 2 && secret[i - 1] == '='; i--)
        len--;
    return len > 0 ? len : -1;
}

int signature_make(char out[SIGNATURE_MAX], const char *secret, const char *id,
                   long long timestamp, const char *payload, size_t n)
{
    unsigned char key[KEY_MAX], mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;
    char head[400];
    int key_len = key_of(secret, key);
    int head_len = snprintf(head, sizeof(head), "%s.%lld.", id, timestamp);
    unsigned char *all;

    if (key_len < 0 || head_len >= (int)sizeof(head) || !(all = malloc((size_t)head_len + n)))
        return -1;
    memcpy(all, head, (size_t)head_len);
    memcpy(all + head_len, payload, n);
    HMAC(EVP_sha256(), key, key_len, all, (size_t)head_len + n, mac, &mac_len);
    free(all);
    OPENSSL_cleanse(key, sizeof(key));
    memcpy(out, "v1,", 3);
    EVP_EncodeBlock((unsigned char *)out + 3, mac, (int)mac_len);
    return 0;
}
