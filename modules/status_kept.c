/*
 * status_kept: see status_kept.h. Passwords are kept as SHA-256 of them, the page's hash and
 * random bytes of this child, in memory only.
 */
#include <httpd.h>
#include <apr_allocator.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <errno.h>
#include <fcntl.h>
#include <http_log.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status_kept.h"
#include "status_rule.h"
#include "tocsin_status.h"

APLOG_USE_MODULE(tocsin_status);

#define RULES_MAX     1024 /* pages with a rule; more of them are read each time anew */
#define PASSWORDS_MAX 1024
#define DIGEST        32
#define SALT          32

/* An entry lives in its own pool, and is replaced when the file is another. */
typedef struct {
    apr_pool_t *pool;
    struct stat file;
    struct status_rule rule;
    const char *wrong; /* nobody may read */
    int kept;
} entry;

static struct {
    unsigned char digest[DIGEST];
    apr_time_t until;
} passwords[PASSWORDS_MAX];

static apr_thread_mutex_t *lock;
static apr_pool_t *pool;
static apr_hash_t *rules; /* folder → entry */
static unsigned char salt[SALT];

void kept_child_init(apr_pool_t *p)
{
    apr_allocator_t *memory;

    apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, p);
    /* of its own: all that is taken of it is taken under the lock */
    if (apr_allocator_create(&memory) != APR_SUCCESS ||
        apr_pool_create_ex(&pool, p, NULL, memory) != APR_SUCCESS)
        abort();
    apr_allocator_owner_set(memory, pool);
    rules = apr_hash_make(pool);
    memset(passwords, 0, sizeof(passwords));
    if (RAND_bytes(salt, SALT) != 1)
        abort(); /* guessable bytes are worse than no server */
}

/* ---------------------------------------------------------------- rules */

static int same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The whole file and a NUL; NULL: errno. */
static char *slurp(apr_pool_t *p, const char *path, struct stat *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), saved;
    char *text = NULL;
    ssize_t n = -1;

    if (fd < 0)
        return NULL;
    if (!fstat(fd, file) && S_ISREG(file->st_mode) && file->st_size <= RULE_MAX) {
        text = apr_palloc(p, (apr_size_t)file->st_size + 1);
        n = read(fd, text, (size_t)file->st_size);
    }
    else {
        errno = EFBIG;
    }
    saved = errno;
    close(fd);
    errno = saved;
    if (n < 0 || n != file->st_size)
        return NULL;
    text[n] = '\0';
    return text;
}

static entry *entry_read(const char *path)
{
    apr_pool_t *p;
    entry *e;
    char *text;

    apr_pool_create(&p, pool);
    e = apr_pcalloc(p, sizeof(*e));
    e->pool = p;
    text = slurp(p, path, &e->file);
    if (!text)
        e->wrong = apr_pstrcat(p, "it cannot be read: ", strerror(errno), NULL);
    else if ((e->wrong = rule_parse(p, text, &e->rule)))
        e->wrong = apr_pstrcat(p, "it says ", e->wrong, NULL);
    return e;
}

/* The entry of the folder as the file is now; the caller looks whether it is kept. */
static entry *entry_get(const char *folder, const char *path, const struct stat *now)
{
    entry *e = apr_hash_get(rules, folder, APR_HASH_KEY_STRING);

    if (e && same_file(&e->file, now))
        return e;
    if (e) {
        apr_hash_set(rules, folder, APR_HASH_KEY_STRING, NULL);
        apr_pool_destroy(e->pool);
    }
    e = entry_read(path);
    e->kept = !e->wrong && apr_hash_count(rules) < RULES_MAX;
    if (e->kept)
        apr_hash_set(rules, apr_pstrdup(e->pool, folder), APR_HASH_KEY_STRING, e);
    return e;
}

int kept_admits(request_rec *r, const char *folder, const char **password)
{
    const char *path = apr_pstrcat(r->pool, folder, "/.access", NULL);
    struct stat now;
    int status = OK;
    entry *e;

    *password = NULL;
    if (lstat(path, &now))
        return errno == ENOENT || errno == ENOTDIR ? DECLINED : HTTP_INTERNAL_SERVER_ERROR;
    apr_thread_mutex_lock(lock);
    e = entry_get(folder, path, &now);
    if (e->wrong) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "nobody may read below '%s': %s", path,
                      e->wrong);
        status = HTTP_INTERNAL_SERVER_ERROR;
    }
    else if (!rule_admits(&e->rule, r->useragent_addr)) {
        status = HTTP_FORBIDDEN;
    }
    else {
        *password = apr_pstrdup(r->pool, e->rule.password);
    }
    if (!e->kept)
        apr_pool_destroy(e->pool);
    apr_thread_mutex_unlock(lock);
    return status;
}

/* ---------------------------------------------------------------- passwords */

static int digest_make(const char *hash, const char *password, unsigned char *digest)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    int ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
             EVP_DigestUpdate(c, salt, SALT) == 1 &&
             EVP_DigestUpdate(c, hash, strlen(hash) + 1) == 1 &&
             EVP_DigestUpdate(c, password, strlen(password)) == 1 &&
             EVP_DigestFinal_ex(c, digest, NULL) == 1;

    EVP_MD_CTX_free(c);
    return ok;
}

static unsigned place(const unsigned char *digest)
{
    return ((unsigned)digest[0] << 8 | digest[1]) % PASSWORDS_MAX;
}

int kept_password(const char *hash, const char *password)
{
    unsigned char digest[DIGEST];
    int kept;

    if (!digest_make(hash, password, digest))
        return 0;
    apr_thread_mutex_lock(lock);
    kept = passwords[place(digest)].until > apr_time_now() &&
           !CRYPTO_memcmp(passwords[place(digest)].digest, digest, DIGEST);
    apr_thread_mutex_unlock(lock);
    return kept;
}

void keep_password(const char *hash, const char *password)
{
    unsigned char digest[DIGEST];

    if (!digest_make(hash, password, digest))
        return;
    apr_thread_mutex_lock(lock);
    memcpy(passwords[place(digest)].digest, digest, DIGEST);
    passwords[place(digest)].until = apr_time_now() + apr_time_from_sec(KEPT_S);
    apr_thread_mutex_unlock(lock);
}
