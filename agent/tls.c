#include "tls.h"
#include "log.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

static const char *why(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *words = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return words ? words : "unknown error";
}

long tls_time(const ASN1_TIME *t)
{
    struct tm tm;

    return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (long)timegm(&tm) : 0;
}

/* What the chain alone does not say: a certificate for clients, in so many words. A
 * server's (another agent's) has the other one. */
static int verify(int ok, X509_STORE_CTX *store)
{
    static time_t said;
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    int depth = X509_STORE_CTX_get_error_depth(store);

    if (ok && depth == 0 &&
        (!(X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) ||
         X509_get_extended_key_usage(cert) != XKU_SSL_CLIENT)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
        ok = 0;
    }
    if (!ok && time(NULL) != said) { /* at most a line a second, whoever knocks */
        said = time(NULL);
        log_warning("refused a client: its certificate: %s",
                    X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    }
    return ok;
}

static int load(SSL_CTX *ctx, const char *dir)
{
    char key[1100], cert[1100], ca[1100];

    snprintf(key, sizeof(key), "%s/key.pem", dir);
    snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
    snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        log_error("cannot use '%s': %s; was this host enrolled?", cert, why());
    else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        log_error("cannot use '%s': %s", key, why());
    else if (SSL_CTX_load_verify_file(ctx, ca) != 1)
        log_error("cannot use '%s': %s", ca, why());
    else
        return 0;
    return -1;
}

SSL_CTX *tls_new(const struct conf *conf, long *not_after)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    X509_VERIFY_PARAM *param;

    if (!ctx)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    /* no session is resumed: each connection proves itself, at a millisecond each */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
    SSL_CTX_set_verify_depth(ctx, 1);
    SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT);
    param = SSL_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_WILDCARDS);
    if (!X509_VERIFY_PARAM_set1_host(param, TLS_CONTROL_NAME, 0) ||
        load(ctx, conf->state_dir)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    *not_after = tls_time(X509_get0_notAfter(SSL_CTX_get0_certificate(ctx)));
    return ctx;
}
