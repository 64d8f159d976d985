/*
 * auth_cache: access tokens that were checked already, so that a page that asks often
 * does not have each request's signature checked anew.
 *
 * A slot holds a whole token and what it says; only the very same token finds it, compared
 * in constant time. When it expires, or its session ends, is asked at each use. A slot
 * that is in use by another thread counts as empty: nobody ever waits here.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <string.h>

#include "hash.h"
#include "tocsin_auth.h"

#define SLOTS     512
#define TOKEN_MAX 1024

typedef struct {
    char busy;
    const auth_keys *keys;
    apr_uint64_t tag;
    apr_int64_t account;
    long exp;
    enum tocsin_role role;
    apr_size_t len;
    char session[37], email[256], name[488];
    char token[TOKEN_MAX];
} slot;

static slot slots[SLOTS];
static apr_uint64_t seed; /* nobody outside can choose tokens that share a slot */

void cache_child_init(void)
{
    apr_generate_random_bytes((unsigned char *)&seed, sizeof(seed));
}

static slot *take(apr_uint64_t tag)
{
    slot *s = &slots[tag % SLOTS];

    return __atomic_test_and_set(&s->busy, __ATOMIC_ACQUIRE) ? NULL : s;
}

static void give_back(slot *s)
{
    __atomic_clear(&s->busy, __ATOMIC_RELEASE);
}

static int holds(const slot *s, apr_uint64_t tag, const auth_keys *keys, const char *token,
                 apr_size_t len)
{
    return s->tag == tag && s->keys == keys && s->len == len &&
           !CRYPTO_memcmp(s->token, token, len);
}

tocsin_identity *cache_find(apr_pool_t *p, const auth_keys *keys, const char *token, long *exp)
{
    apr_size_t len = strlen(token);
    apr_uint64_t tag = hash64(token, len, seed);
    tocsin_identity *who = NULL;
    slot *s = len < TOKEN_MAX ? take(tag) : NULL;

    if (!s)
        return NULL;
    if (holds(s, tag, keys, token, len)) {
        who = apr_pcalloc(p, sizeof(*who));
        who->account = s->account;
        who->role = s->role;
        who->scopes = SCOPE_ALL;
        who->session = apr_pstrdup(p, s->session);
        who->email = apr_pstrdup(p, s->email);
        who->name = apr_pstrdup(p, s->name);
        *exp = s->exp;
    }
    give_back(s);
    return who;
}

void cache_keep(const auth_keys *keys, const char *token, const tocsin_identity *who, long exp)
{
    apr_size_t len = strlen(token);
    apr_uint64_t tag = hash64(token, len, seed);
    slot *s;

    if (len >= TOKEN_MAX || strlen(who->session) >= sizeof(s->session) ||
        strlen(who->email) >= sizeof(s->email) || strlen(who->name) >= sizeof(s->name) ||
        !(s = take(tag)))
        return;
    s->tag = tag;
    s->keys = keys;
    s->len = len;
    s->account = who->account;
    s->role = who->role;
    s->exp = exp;
    memcpy(s->token, token, len);
    apr_cpystrn(s->session, who->session, sizeof(s->session));
    apr_cpystrn(s->email, who->email, sizeof(s->email));
    apr_cpystrn(s->name, who->name, sizeof(s->name));
    give_back(s);
}
