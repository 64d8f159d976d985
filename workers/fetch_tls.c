/*
 * fetch_tls: what is read from the certificate of a server, whether it is trusted or not.
 */
#include "fetch_impl.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

static int64_t unix_time(const ASN1_TIME *at)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds, ok;

    ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, at);
    ASN1_TIME_free(epoch);
    return ok ? (int64_t)days * 86400 + seconds : 0;
}

static void name(const X509_NAME *from, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    out[0] = '\0';
    if (!bio)
        return;
    /* readable: UTF-8, control characters escaped */
    X509_NAME_print_ex(bio, from, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    n = BIO_read(bio, out, (int)size - 1);
    if (n == (int)size - 1) /* never end within a character */
        while (n > 0 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
            n--;
    out[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
}

static void note(struct fetch_job *job, const X509 *cert)
{
    struct fetch_result *res = &job->res;
    int64_t end = unix_time(X509_get0_notAfter(cert));

    if (end > 0 && (res->tls_not_after == 0 || end < res->tls_not_after))
        res->tls_not_after = end;
    if (job->flags & FETCH_KEEP_TLS) {
        name(X509_get_subject_name(cert), res->tls_subject, sizeof(res->tls_subject));
        name(X509_get_issuer_name(cert), res->tls_issuer, sizeof(res->tls_issuer));
    }
}

/* Looks at the certificate also where it is refused: that is when its end matters most. */
static int verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct fetch_job *job = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
    X509 *cert = X509_STORE_CTX_get0_cert(store);

    if (!ok && job && !job->untrusted)
        job->untrusted = X509_STORE_CTX_get_error(store);
    if (!ok && job && cert)
        note(job, cert);
    return ok;
}

CURLcode fetch_tls_context(CURL *, void *ctx, void *arg)
{
    struct fetch_job *job = arg;

    SSL_CTX_set_app_data((SSL_CTX *)ctx, job);
    if (!(job->flags & FETCH_NO_VERIFY))
        SSL_CTX_set_verify((SSL_CTX *)ctx, SSL_VERIFY_PEER, verify);
    return CURLE_OK;
}

void fetch_tls_look(struct fetch_job *job)
{
    struct curl_tlssessioninfo *info = NULL;
    X509 *cert;

    if (curl_easy_getinfo(job->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
        info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
        return;
    if ((cert = SSL_get0_peer_certificate(info->internals)))
        note(job, cert);
}
