/*
 * auth_password: make and check password hashes, two at a time.
 *
 * yescrypt takes some 30 ms and 16 MB. Without a gate a few dozen sign-ins would take all
 * threads and memory of a child; with it the rest of the API goes on. Hashes from
 * htpasswd (bcrypt) and crypt(3) are checked as well.
 */
#include <httpd.h>
#include <apr_lib.h>
#include <apr_md5.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <crypt.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tocsin_auth.h"

APLOG_USE_MODULE(tocsin_auth);

#define AT_ONCE      2
#define QUEUE_MAX    20
#define PASSWORD_MIN 12  /* characters */
#define PASSWORD_MAX 256 /* bytes */
#define COST         5   /* yescrypt's own default */

/* What guessers try first of those that are long enough; compared without case. */
static const char *const worst[] = {
    "123456789012",
    "1234567890123",
    "12345678901234",
    "1234567890ab",
    "passwordpassword",
    "password1234",
    "password12345",
    "password123456",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopas",
    "qwertyuiop[]",
    "administrator",
    "administrator1",
    "adminadminadmin",
    "letmeinletmein",
    "iloveyouiloveyou",
    "welcome12345",
    "changemechangeme",
    "changeme1234",
    "q1w2e3r4t5y6",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "zaq12wsxcde3",
    "abcdefghijkl",
    "abcd12345678",
    "abc123abc123",
    "asdfghjkl123",
    "trustno1trustno1",
    "football1234",
    "baseball1234",
    "superman1234",
    "princess1234",
    "sunshine1234",
    "tocsintocsin",
    "monitoring123",
    "correcthorsebatterystaple",
};

static apr_thread_mutex_t *lock;
static apr_thread_cond_t *freed;
static int running, waiting;
static char *dummy; /* a hash of nothing anyone knows */

static const char *hash_new(const char *password, struct crypt_data *data)
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *hash;

    if (!crypt_gensalt_rn("$y$", COST, NULL, 0, salt, sizeof(salt)))
        return NULL;
    hash = crypt_r(password, salt, data);
    return hash && *hash != '*' ? hash : NULL;
}

void password_child_init(apr_pool_t *p)
{
    running = waiting = 0;
    apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, p);
    apr_thread_cond_create(&freed, p);
    dummy = NULL;
}

static int enter(void)
{
    int ok = 1;

    apr_thread_mutex_lock(lock);
    if (running >= AT_ONCE && waiting >= QUEUE_MAX) {
        ok = 0;
    }
    else {
        waiting++;
        while (running >= AT_ONCE)
            apr_thread_cond_wait(freed, lock);
        waiting--;
        running++;
    }
    apr_thread_mutex_unlock(lock);
    return ok;
}

static void leave(void)
{
    apr_thread_mutex_lock(lock);
    running--;
    apr_thread_cond_signal(freed);
    apr_thread_mutex_unlock(lock);
}

static const char *dummy_get(void)
{
    struct crypt_data *data;
    const char *hash;

    if (__atomic_load_n(&dummy, __ATOMIC_ACQUIRE))
        return dummy;
    data = calloc(1, sizeof(*data));
    hash = data ? hash_new("nobody has this password", data) : NULL;
    if (hash) {
        char *copy = strdup(hash), *none = NULL;

        if (!__atomic_compare_exchange_n(&dummy, &none, copy, 0, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE))
            free(copy);
    }
    free(data);
    return dummy ? dummy : "*";
}

int password_check(const char *password, const char *hash)
{
    int holds;

    if (!enter())
        return -1;
    holds = apr_password_validate(password, hash ? hash : dummy_get()) == APR_SUCCESS;
    leave();
    return holds && hash;
}

int tocsin_password_holds(const char *password, const char *hash)
{
    return password_check(password, hash);
}

int password_busy(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Retry-After", "1");
    core.problem(r, HTTP_SERVICE_UNAVAILABLE, "busy",
                 "too many sign-ins at once; try again in a second", NULL);
    return HTTP_SERVICE_UNAVAILABLE;
}

int tocsin_hash_password(request_rec *r, const char *password, const char **out)
{
    struct crypt_data *data; /* 32 KB: not on the stack */
    const char *hash;

    if (!enter())
        return password_busy(r);
    data = calloc(1, sizeof(*data));
    hash = data ? hash_new(password, data) : NULL;
    *out = hash ? apr_pstrdup(r->pool, hash) : NULL;
    free(data);
    leave();
    if (*out)
        return OK;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "cannot hash a password");
    core.problem(r, HTTP_INTERNAL_SERVER_ERROR, NULL, NULL, NULL);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* ---------------------------------------------------------------- rules */

static int characters(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* One to three characters over and over: "aaaaaaaaaaaa", "123123123123". */
static int repeated(const char *s)
{
    apr_size_t len = strlen(s);

    for (apr_size_t period = 1; period <= 3; period++)
        if (!memcmp(s, s + period, len - period))
            return 1;
    return 0;
}

const char *password_rule(const char *password, const char *email)
{
    if (characters(password) < PASSWORD_MIN)
        return "must have at least 12 characters";
    if (strlen(password) > PASSWORD_MAX)
        return "must have at most 256 bytes";
    if (email && !strcasecmp(password, email))
        return "must not be the e-mail address";
    if (repeated(password))
        return "is too easy to guess";
    for (unsigned i = 0; i < sizeof(worst) / sizeof(*worst); i++)
        if (!strcasecmp(password, worst[i]))
            return "is one of those that are tried first";
    return NULL;
}
