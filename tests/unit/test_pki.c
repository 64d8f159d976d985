/* pki: the files of an authority, and what it signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki.h"
#include "proof.h"

static char top[] = "/tmp/tocsin.XXXXXX", dir[64];

static int begin(void **)
{
    if (!mkdtemp(top))
        return -1;
    snprintf(dir, sizeof(dir), "%s/fleet", top);
    return 0;
}

static int end(void **)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

static char *contents(const char *name)
{
    static char text[8192];
    char path[128];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_non_null(f = fopen(path, "r"));
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    return strdup(text);
}

static int mode(const char *name)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

/* A request for a certificate, as PEM. */
static char *csr(EVP_PKEY *key, const char *name)
{
    X509_REQ *req = X509_REQ_new();
    X509_NAME *subject = X509_NAME_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *text, *data;
    long n;

    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_REQ_set_subject_name(req, subject);
    X509_REQ_set_pubkey(req, key);
    assert_true(X509_REQ_sign(req, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) >
                0);
    PEM_write_bio_X509_REQ(out, req);
    n = BIO_get_mem_data(out, &data);
    text = strndup(data, (size_t)n);
    X509_NAME_free(subject);
    X509_REQ_free(req);
    BIO_free(out);
    return text;
}

static X509 *read_cert(const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);

    BIO_free(in);
    assert_non_null(cert);
    return cert;
}

/* Does the authority vouch for it, for this use and name? */
static int holds(const char *pem, const char *ca, int purpose, const char *name, time_t at)
{
    X509 *cert = read_cert(pem), *root = read_cert(ca);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int ok;

    X509_STORE_add_cert(store, root);
    X509_STORE_CTX_init(ctx, store, cert, NULL);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set1_host(param, name, 0);
    X509_VERIFY_PARAM_set_time(param, at);
    ok = X509_verify_cert(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(cert);
    X509_free(root);
    return ok == 1;
}

static void test_an_authority_is_made_once(void **)
{
    char why[PKI_WHY], *ca, *again;
    struct pki *pki;

    assert_int_equal(pki_make(dir, why), 0);
    assert_int_equal(mode("."), 0700);
    assert_int_equal(mode("ca.key"), 0600);
    assert_int_equal(mode("control.pem"), 0600);
    assert_int_equal(mode("ca.pem"), 0644);
    ca = contents("ca.pem");
    assert_int_equal(pki_make(dir, why), -1);
    assert_non_null(strstr(why, "not written over"));
    again = contents("ca.pem");
    assert_string_equal(ca, again);
    free(ca);
    free(again);
    assert_non_null(pki = pki_read(dir, PKI_SIGN, why));
    assert_int_equal(strlen(pki_pin(pki)), PKI_PIN - 1);
    assert_true(pki_ca_ends(pki) > time(NULL) + 19 * 365 * 86400L);
    assert_true(holds(pki_control(pki), pki_ca(pki), X509_PURPOSE_SSL_CLIENT, PKI_CONTROL,
                      time(NULL)));
    assert_false(holds(pki_control(pki), pki_ca(pki), X509_PURPOSE_SSL_SERVER, PKI_CONTROL,
                       time(NULL)));
    pki_free(pki);
}

static void test_another_control_certificate_of_the_same_authority(void **)
{
    char why[PKI_WHY], pin[PKI_PIN], *before = contents("control.pem"), *after;
    struct pki *pki = pki_read(dir, PKI_ASK, why);

    memcpy(pin, pki_pin(pki), PKI_PIN);
    pki_free(pki);
    assert_int_equal(pki_renew(dir, why), 0);
    after = contents("control.pem");
    assert_string_not_equal(before, after);
    assert_int_equal(mode("control.pem"), 0600);
    assert_non_null(pki = pki_read(dir, PKI_ASK, why));
    assert_string_equal(pki_pin(pki), pin);
    pki_free(pki);
    free(before);
    free(after);
}

static void test_keys_that_others_may_read_are_not_taken(void **)
{
    static const struct {
        const char *name, *says;
        mode_t bad, good;
    } cases[] = {
        {"ca.key", "read", 0640, 0600},
        {"control.pem", "read", 0604, 0600},
        {"ca.pem", "write", 0664, 0644},
        {".", "others", 0770, 0700},
    };
    char why[PKI_WHY], path[128], aside[128];
    struct pki *pki;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, cases[i].name);
        chmod(path, cases[i].bad);
        assert_null(pki_read(dir, PKI_SIGN, why));
        assert_non_null(strstr(why, cases[i].says));
        chmod(path, cases[i].good);
    }
    snprintf(path, sizeof(path), "%s/control.pem", dir);
    snprintf(aside, sizeof(aside), "%s/aside.pem", dir);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink(aside, path), 0);
    assert_null(pki_read(dir, PKI_ASK, why)); /* nor one behind a link */
    unlink(path);
    assert_int_equal(rename(aside, path), 0);
    assert_non_null(pki = pki_read(dir, PKI_SIGN, why));
    pki_free(pki);
    assert_null(pki_read("/nonexistent", PKI_ASK, why));
    assert_non_null(strstr(why, "tocsin fleet init"));
}

static void test_an_agent_is_signed_for_its_host_alone(void **)
{
    char why[PKI_WHY], cert[PKI_CERT_MAX], pin[PKI_PIN], checked[PKI_PIN];
    EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                        EVP_RSA_gen(2048)};
    struct pki *pki = pki_read(dir, PKI_SIGN, why);
    time_t now = time(NULL);
    int64_t ends;

    for (int i = 0; i < 3; i++) {
        char *asks = csr(keys[i], PKI_CONTROL);

        assert_int_equal(pki_check(asks, strlen(asks), checked, why), 0);
        assert_int_equal(pki_sign(pki, 7 + i, asks, strlen(asks), cert, pin, &ends, why), 0);
        assert_string_equal(pin, checked);
        assert_true(ends > now + 9 * 365 * 86400L && ends < now + 11 * 365 * 86400L);
        assert_int_equal(
            holds(cert, pki_ca(pki), X509_PURPOSE_SSL_SERVER, "h7.agent.tocsin", now), i == 0);
        assert_int_equal(
            holds(cert, pki_ca(pki), X509_PURPOSE_SSL_SERVER, "h8.agent.tocsin", now), i == 1);
        assert_false(holds(cert, pki_ca(pki), X509_PURPOSE_SSL_SERVER, PKI_CONTROL, now));
        assert_false(
            holds(cert, pki_ca(pki), X509_PURPOSE_SSL_CLIENT, "h7.agent.tocsin", now));
        assert_false(
            holds(cert, pki_ca(pki), X509_PURPOSE_SSL_SERVER, "h7.agent.tocsin", ends + 1));
        free(asks);
        EVP_PKEY_free(keys[i]);
    }
    pki_free(pki);
}

static void test_what_is_no_request_is_refused(void **)
{
    char why[PKI_WHY], pin[PKI_PIN], *big = calloc(1, PKI_CSR_MAX + 2), *asks;
    EVP_PKEY *weak = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-384");

    memset(big, 'A', PKI_CSR_MAX + 1);
    assert_int_equal(pki_check(big, strlen(big), pin, why), -1);
    assert_int_equal(pki_check("", 0, pin, why), -1);
    assert_int_equal(pki_check("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END "
                               "CERTIFICATE REQUEST-----\n",
                               79, pin, why),
                     -1);
    asks = csr(weak, "x");
    assert_int_equal(pki_check(asks, strlen(asks), pin, why), -1);
    assert_non_null(strstr(why, "2048"));
    free(asks);
    asks = csr(curve, "x");
    assert_int_equal(pki_check(asks, strlen(asks), pin, why), -1);
    assert_non_null(strstr(why, "P-256"));
    free(asks);
    free(big);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(curve);
}

static void test_proofs(void **)
{
    /* HMAC-SHA256 of "a\nb" under 32 zero bytes, by another program */
    static const char *const parts[] = {"a", "b", NULL}, *const other[] = {"a\nb", "", NULL};
    unsigned char key[PROOF_KEY] = {0};
    char one[PROOF_HEX], two[PROOF_HEX];

    assert_int_equal(proof_make(key, parts, one), 0);
    assert_string_equal(one,
                        "4bedc2a8b180fdf0c7e00b1296fd9a07d86c603d6f860cf2077cc2fcddc484b3");
    assert_int_equal(proof_make(key, other, two), 0);
    assert_false(proof_same(one, two));
    assert_true(proof_same(one, one));
    assert_false(proof_same(one, "") || proof_same("", "") || proof_same(NULL, one));
    assert_int_equal(proof_key(one, key), 0);
    assert_int_equal(proof_key("zz", key), -1);
    assert_int_equal(proof_key(one + 2, key), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_authority_is_made_once),
        cmocka_unit_test(test_another_control_certificate_of_the_same_authority),
        cmocka_unit_test(test_keys_that_others_may_read_are_not_taken),
        cmocka_unit_test(test_an_agent_is_signed_for_its_host_alone),
        cmocka_unit_test(test_what_is_no_request_is_refused),
        cmocka_unit_test(test_proofs),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
