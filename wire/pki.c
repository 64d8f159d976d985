#include "pki_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define FILE_MAX (64 * 1024)
#define RSA_MIN  2048
#define RSA_MAX  8192

int pki_fail(char why[PKI_WHY], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, PKI_WHY, fmt, ap);
    va_end(ap);
    ERR_clear_error();
    return -1;
}

void pki_host_name(long long host, char *out, size_t size)
{
    snprintf(out, size, "h%lld.agent.tocsin", host);
}

/* ---------------------------------------------------------------- reading */

char *pki_file(const char *dir, const char *name, bool secret, char why[PKI_WHY])
{
    char path[4096], *text = NULL;
    struct stat st;
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0) {
        pki_fail(why, "cannot open '%s': %s%s", path, strerror(errno),
                 errno == ENOENT ? " (`tocsin fleet init` makes it)" : "");
        return NULL;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        pki_fail(why, "'%s' is not a small file", path);
    else if ((st.st_mode & 022) || (secret && (st.st_mode & 077)))
        pki_fail(why, "'%s' has mode %o: others may %s it (chmod %s)", path,
                 (unsigned)(st.st_mode & 0777), (st.st_mode & 022) ? "write to" : "read",
                 secret ? "600" : "644");
    else if (!(text = malloc((size_t)st.st_size + 1)) ||
             (n = read(fd, text, (size_t)st.st_size)) != st.st_size)
        pki_fail(why, "cannot read '%s'", path);
    close(fd);
    if (text && n >= 0 && n == st.st_size) {
        text[n] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static X509 *cert_of(const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

    BIO_free(in);
    return cert;
}

static EVP_PKEY *key_of(const char *pem)
{
    char none[] = "";
    BIO *in = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, none) : NULL;

    BIO_free(in);
    return key;
}

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static int read_ca(struct pki *p, const char *dir, enum pki_use use, char why[PKI_WHY])
{
    char *key = NULL;

    if (!(p->ca_pem = pki_file(dir, "ca.pem", false, why)))
        return -1;
    if (!(p->ca = cert_of(p->ca_pem)) || cert_pin(X509_get0_pubkey(p->ca), p->pin))
        return pki_fail(why, "'%s/ca.pem' holds no certificate", dir);
    if (use != PKI_SIGN)
        return 0;
    if (!(key = pki_file(dir, "ca.key", true, why)))
        return -1;
    p->ca_key = key_of(key);
    forget(key);
    if (!p->ca_key || X509_check_private_key(p->ca, p->ca_key) != 1)
        return pki_fail(why, "'%s/ca.key' is not the key of ca.pem", dir);
    return 0;
}

static int read_control(struct pki *p, const char *dir, enum pki_use use, char why[PKI_WHY])
{
    EVP_PKEY *key;
    bool fits;

    if (!(p->control_pem = pki_file(dir, "control.pem", true, why)))
        return -1;
    if (!(p->control = cert_of(p->control_pem)) ||
        X509_verify(p->control, X509_get0_pubkey(p->ca)) != 1)
        return pki_fail(why, "'%s/control.pem' holds no certificate of this authority", dir);
    if (use == PKI_LOOK)
        return 0;
    key = key_of(p->control_pem);
    fits = key && X509_check_private_key(p->control, key) == 1;
    EVP_PKEY_free(key);
    if (!fits)
        return pki_fail(why, "'%s/control.pem' does not hold the key of its certificate", dir);
    return 0;
}

struct pki *pki_read(const char *dir, enum pki_use use, char why[PKI_WHY])
{
    struct pki *p = calloc(1, sizeof(*p));
    struct stat st;

    if (!p)
        pki_fail(why, "out of memory");
    else if (stat(dir, &st))
        pki_fail(why, "cannot open '%s': %s (`tocsin fleet init` makes it)", dir,
                 strerror(errno));
    else if (!S_ISDIR(st.st_mode) || (st.st_mode & 022))
        pki_fail(why, "'%s' may be written to by others (chmod 700)", dir);
    else if (!read_ca(p, dir, use, why) && !read_control(p, dir, use, why))
        return p;
    pki_free(p);
    return NULL;
}

void pki_free(struct pki *p)
{
    if (!p)
        return;
    X509_free(p->ca);
    X509_free(p->control);
    EVP_PKEY_free(p->ca_key);
    forget(p->control_pem);
    free(p->ca_pem);
    free(p);
}

const char *pki_ca(const struct pki *p)
{
    return p->ca_pem;
}

const char *pki_control(const struct pki *p)
{
    return p->control_pem;
}

const char *pki_pin(const struct pki *p)
{
    return p->pin;
}

int64_t pki_ca_ends(const struct pki *p)
{
    return cert_ends(p->ca);
}

int64_t pki_control_ends(const struct pki *p)
{
    return cert_ends(p->control);
}

/* ---------------------------------------------------------------- signing */

/* NULL: a key that may have a certificate. */
static const char *key_trouble(EVP_PKEY *key)
{
    char curve[64] = "";

    if (EVP_PKEY_is_a(key, "ED25519"))
        return NULL;
    if (EVP_PKEY_is_a(key, "EC")) {
        EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
        return !strcmp(curve, "prime256v1") || !strcmp(curve, "P-256")
                   ? NULL
                   : "its key is of another curve than P-256";
    }
    if (!EVP_PKEY_is_a(key, "RSA"))
        return "its key is neither P-256, Ed25519 nor RSA";
    if (EVP_PKEY_get_bits(key) < RSA_MIN || EVP_PKEY_get_bits(key) > RSA_MAX)
        return "its RSA key has fewer than 2048 or more than 8192 bits";
    return NULL;
}

static int print(X509 *cert, char out[PKI_CERT_MAX])
{
    BIO *to = BIO_new(BIO_s_mem());
    int n = -1;

    if (to && PEM_write_bio_X509(to, cert) == 1)
        n = BIO_read(to, out, PKI_CERT_MAX - 1);
    if (n == PKI_CERT_MAX - 1)
        n = -1; /* there may be more */
    out[n > 0 ? n : 0] = '\0';
    BIO_free(to);
    return n > 0 ? 0 : -1;
}

/* The request may hold a subject, names and extensions of its own: none of them is looked
 * at. NULL: it is refused. */
static X509_REQ *read_csr(const char *csr, size_t len, char pin[PKI_PIN], char why[PKI_WHY])
{
    X509_REQ *req = NULL;
    const char *trouble;
    EVP_PKEY *key;
    BIO *in;

    if (len > PKI_CSR_MAX) {
        pki_fail(why, "the request is larger than %d KiB", PKI_CSR_MAX / 1024);
        return NULL;
    }
    if ((in = BIO_new_mem_buf(csr, (int)len)))
        req = PEM_read_bio_X509_REQ(in, NULL, NULL, NULL);
    BIO_free(in);
    if (!req) {
        pki_fail(why, "there is no certificate request in PEM");
        return NULL;
    }
    key = X509_REQ_get0_pubkey(req);
    trouble = key ? key_trouble(key) : "it holds no key that is known";
    if (!trouble && X509_REQ_verify(req, key) != 1)
        trouble = "its own signature is wrong";
    if (!trouble && cert_pin(key, pin))
        trouble = "its key cannot be read";
    if (!trouble)
        return req;
    pki_fail(why, "the request cannot be signed: %s", trouble);
    X509_REQ_free(req);
    return NULL;
}

int pki_check(const char *csr, size_t len, char pin[PKI_PIN], char why[PKI_WHY])
{
    X509_REQ *req = read_csr(csr, len, pin, why);

    X509_REQ_free(req);
    return req ? 0 : -1;
}

int pki_sign(const struct pki *p, long long host, const char *csr, size_t len,
             char cert[PKI_CERT_MAX], char pin[PKI_PIN], int64_t *ends, char why[PKI_WHY])
{
    X509_REQ *req = read_csr(csr, len, pin, why);
    char name[64];
    struct cert_form form = {.name = name,
                             .usage = "serverAuth",
                             .days = AGENT_DAYS,
                             .ca = p->ca,
                             .ca_key = p->ca_key};
    X509 *made;
    int r;

    if (!req)
        return -1;
    form.key = X509_REQ_get0_pubkey(req);
    pki_host_name(host, name, sizeof(name));
    if (!(made = cert_make(&form))) {
        X509_REQ_free(req);
        return pki_fail(why, "the request cannot be signed");
    }
    *ends = cert_ends(made);
    r = print(made, cert);
    X509_free(made);
    X509_REQ_free(req);
    return r ? pki_fail(why, "the request cannot be signed: its key is too large") : 0;
}
