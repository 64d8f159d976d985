/*
 * pki_make: the files that `tocsin fleet init` makes, each by a temporary that is linked
 * into place: who is killed in between leaves no half a key, and nothing is written over.
 */
#include "pki_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

struct made {
    EVP_PKEY *ca_key;
    X509 *ca;
    EVP_PKEY *key;
    X509 *cert;
};

static int key_out(BIO *to, EVP_PKEY *key)
{
    return !key || PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) == 1;
}

static int cert_out(BIO *to, X509 *cert)
{
    return !cert || PEM_write_bio_X509(to, cert) == 1;
}

static int put(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd);
}

/* A file of key and certificate (NULL: not in it). over: take the place of what is there. */
static int write_pem(int dir, const char *name, mode_t mode, EVP_PKEY *key, X509 *cert,
                     bool over, char why[PKI_WHY])
{
    BIO *text = BIO_new(BIO_s_secmem());
    char temporary[64], *data = NULL;
    long len;
    int fd = -1, r = -1;

    snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid());
    if (!text || !key_out(text, key) || !cert_out(text, cert) ||
        (len = BIO_get_mem_data(text, &data)) <= 0)
        pki_fail(why, "OpenSSL cannot write a key");
    else if ((fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                          mode)) < 0 ||
             fchmod(fd, mode) || put(fd, data, (size_t)len))
        pki_fail(why, "cannot write '%s': %s", temporary, strerror(errno));
    else if (over ? renameat(dir, temporary, dir, name) : linkat(dir, temporary, dir, name, 0))
        pki_fail(why, "cannot make '%s': %s", name, strerror(errno));
    else
        r = 0;
    if (fd >= 0) {
        close(fd);
        unlinkat(dir, temporary, 0); /* gone already when it was renamed */
    }
    BIO_free(text); /* secmem: wiped */
    return r;
}

static X509 *control_cert(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
    struct cert_form form = {.name = PKI_CONTROL,
                             .usage = "clientAuth",
                             .days = CONTROL_DAYS,
                             .key = key,
                             .ca = ca,
                             .ca_key = ca_key};

    return cert_make(&form);
}

static int make_all(struct made *m, char why[PKI_WHY])
{
    struct cert_form form = {.name = "Tocsin fleet authority", .days = CA_DAYS};

    if (!(m->ca_key = EVP_EC_gen("P-256")) || !(m->key = EVP_EC_gen("P-256")))
        return pki_fail(why, "OpenSSL cannot make a key");
    form.key = form.ca_key = m->ca_key;
    if (!(m->ca = cert_make(&form)) || !(m->cert = control_cert(m->key, m->ca, m->ca_key)))
        return pki_fail(why, "OpenSSL cannot make a certificate");
    return 0;
}

static void free_all(struct made *m)
{
    EVP_PKEY_free(m->ca_key);
    EVP_PKEY_free(m->key);
    X509_free(m->ca);
    X509_free(m->cert);
}

/* The folder, which is ours alone; made when it is not there. */
static int folder(const char *dir, bool make, char why[PKI_WHY])
{
    struct stat st;
    int fd;

    if (make && mkdir(dir, 0700) && errno != EEXIST)
        return pki_fail(why, "cannot make the folder '%s': %s", dir, strerror(errno));
    if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return pki_fail(why, "cannot open the folder '%s': %s", dir, strerror(errno));
    if (fstat(fd, &st) || (st.st_mode & 077)) {
        close(fd);
        return pki_fail(why, "the folder '%s' is open to others: chmod 700 it first", dir);
    }
    return fd;
}

int pki_make(const char *dir, char why[PKI_WHY])
{
    static const char *const names[] = {"ca.key", "control.pem", "ca.pem"};
    struct made m = {NULL};
    int fd = folder(dir, true, why), r = -1;

    if (fd < 0)
        return -1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!faccessat(fd, names[i], F_OK, AT_SYMLINK_NOFOLLOW)) {
            pki_fail(why,
                     "'%s/%s' is there already, and is not written over: every agent knows "
                     "this authority",
                     dir, names[i]);
            goto out;
        }
    /* ca.pem last: it is what says that all is there */
    if (!make_all(&m, why) && !write_pem(fd, "ca.key", 0600, m.ca_key, NULL, false, why) &&
        !write_pem(fd, "control.pem", 0600, m.key, m.cert, false, why) &&
        !write_pem(fd, "ca.pem", 0644, NULL, m.ca, false, why))
        r = fsync(fd);
out:
    close(fd);
    free_all(&m);
    return r;
}

int pki_renew(const char *dir, char why[PKI_WHY])
{
    struct pki *p = pki_read(dir, PKI_SIGN, why);
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    int fd = -1, r = -1;

    if (!p || (fd = folder(dir, false, why)) < 0)
        ; /* said */
    else if (!(key = EVP_EC_gen("P-256")) || !(cert = control_cert(key, p->ca, p->ca_key)))
        pki_fail(why, "OpenSSL cannot make a certificate");
    else if (!write_pem(fd, "control.pem", 0600, key, cert, true, why))
        r = fsync(fd);
    if (fd >= 0)
        close(fd);
    X509_free(cert);
    EVP_PKEY_free(key);
    pki_free(p);
    return r;
}
