#include "proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "buf.h"

int proof_make(const unsigned char key[PROOF_KEY], const char *const *parts,
               char out[PROOF_HEX])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    buf text = {NULL};
    bool ok;

    for (int i = 0; parts[i]; i++) {
        buf_puts(&text, i ? "\n" : "");
        buf_puts(&text, parts[i]);
    }
    ok = HMAC(EVP_sha256(), key, PROOF_KEY, (const unsigned char *)buf_end(&text), text.len,
              mac, &len) &&
         len == PROOF_KEY;
    buf_free(&text);
    for (unsigned int i = 0; ok && i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
    return ok ? 0 : -1;
}

bool proof_same(const char *a, const char *b)
{
    return a && b && strlen(a) == PROOF_HEX - 1 && strlen(b) == PROOF_HEX - 1 &&
           CRYPTO_memcmp(a, b, PROOF_HEX - 1) == 0;
}

int proof_key(const char *hex, unsigned char key[PROOF_KEY])
{
    size_t len = 0;

    if (strlen(hex) != 2 * PROOF_KEY ||
        OPENSSL_hexstr2buf_ex(key, PROOF_KEY, &len, hex, '\0') != 1 || len != PROOF_KEY)
        return -1;
    return 0;
}
