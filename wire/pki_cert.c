#include "pki_impl.h"

#include <stdio.h>
#include <string.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#define BACKDATED_S 3600 /* clocks of machines that are just set up go wrong by minutes */

static int add(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    int ok = ext && X509_add_ext(cert, ext, -1);

    X509_EXTENSION_free(ext);
    return ok ? 0 : -1;
}

static int add_extensions(X509 *cert, const struct cert_form *form)
{
    char names[300];
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, form->ca ? form->ca : cert, cert, NULL, NULL, 0);
    if (add(cert, &ctx, NID_subject_key_identifier, "hash") ||
        add(cert, &ctx, NID_authority_key_identifier, "keyid:always"))
        return -1;
    if (!form->usage)
        return add(cert, &ctx, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
                       add(cert, &ctx, NID_key_usage, "critical,keyCertSign,cRLSign")
                   ? -1
                   : 0;
    snprintf(names, sizeof(names), "DNS:%s", form->name);
    return add(cert, &ctx, NID_basic_constraints, "critical,CA:FALSE") ||
                   add(cert, &ctx, NID_key_usage, "critical,digitalSignature") ||
                   add(cert, &ctx, NID_ext_key_usage, form->usage) ||
                   add(cert, &ctx, NID_subject_alt_name, names)
               ? -1
               : 0;
}

/* 127 random bits: never zero, never negative, never twice. */
static int number(X509 *cert)
{
    unsigned char bytes[16];
    BIGNUM *n = NULL;
    int ok;

    ok = RAND_bytes(bytes, sizeof(bytes)) == 1;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    ok = ok && (n = BN_bin2bn(bytes, sizeof(bytes), NULL)) &&
         BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
    BN_free(n);
    return ok ? 0 : -1;
}

X509 *cert_make(const struct cert_form *form)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_NAME_new();
    bool ok = cert && name && X509_set_version(cert, 2) == 1 && number(cert) == 0;

    ok = ok &&
         X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Tocsin",
                                    -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)form->name, -1, -1, 0) &&
         X509_set_subject_name(cert, name) &&
         X509_set_issuer_name(cert, form->ca ? X509_get_subject_name(form->ca) : name) &&
         X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATED_S) &&
         X509_time_adj_ex(X509_getm_notAfter(cert), form->days, 0, NULL) &&
         X509_set_pubkey(cert, form->key) && add_extensions(cert, form) == 0 &&
         X509_sign(cert, form->ca_key, EVP_sha256()) > 0;
    X509_NAME_free(name);
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

int cert_pin(EVP_PKEY *key, char pin[PKI_PIN])
{
    unsigned char *der = NULL, digest[32], text[48];
    int len = key ? i2d_PUBKEY(key, &der) : -1, n;
    bool ok = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    if (!ok)
        return -1;
    n = EVP_EncodeBlock(text, digest, sizeof(digest));
    while (n > 0 && text[n - 1] == '=')
        n--;
    for (int i = 0; i < n; i++)
        pin[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i];
    pin[n] = '\0';
    return 0;
}

int64_t cert_ends(const X509 *cert)
{
    int days = 0, seconds = 0;
    ASN1_TIME *zero = ASN1_TIME_set(NULL, 0);
    int ok = zero && ASN1_TIME_diff(&days, &seconds, zero, X509_get0_notAfter(cert));

    ASN1_TIME_free(zero);
    return ok ? (int64_t)days * 86400 + seconds : 0;
}
