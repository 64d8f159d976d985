/*
 * auth_token: access tokens (JWT, HS256) and the tokens against forged requests.
 *
 * libjwt takes any algorithm the token names, and whatever key it is given; so the first
 * part of a token is compared, byte by byte, with the only ones that we ever sign. That
 * settles alg, typ and kid before a line of it is parsed. exp is checked here too:
 * libjwt 1 does not.
 */
#include <apr_strings.h>
#include <jwt.h>
#include <openssl/hmac.h>
#include <string.h>

#include "tocsin_auth.h"

#define TOKEN_MAX 2048
#define ISSUER    "tocsin"

static jwt_t *prepare(const auth_key *key)
{
    jwt_t *jwt;

    if (jwt_new(&jwt))
        return NULL;
    if (jwt_add_header(jwt, "kid", key->kid) ||
        jwt_set_alg(jwt, JWT_ALG_HS256, key->secret, key->len)) {
        jwt_free(jwt);
        return NULL;
    }
    return jwt;
}

static const char *encode(apr_pool_t *p, jwt_t *jwt)
{
    char *text = jwt_encode_str(jwt), *copy = text ? apr_pstrdup(p, text) : NULL;

    free(text);
    jwt_free(jwt);
    return copy;
}

const char *token_head(apr_pool_t *p, const auth_key *key)
{
    jwt_t *jwt = prepare(key);
    const char *text = jwt ? encode(p, jwt) : NULL;

    return text ? apr_pstrmemdup(p, text, strcspn(text, ".") + 1) : NULL;
}

const char *token_sign(request_rec *r, const tocsin_identity *who)
{
    const auth_keys *keys = auth_conf_get(r)->keys;
    long now = (long)apr_time_sec(r->request_time);
    jwt_t *jwt = prepare(&keys->key[0]);
    const char *account = apr_psprintf(r->pool, "%" APR_INT64_T_FMT, who->account);

    if (!jwt)
        return NULL;
    if (jwt_add_grant(jwt, "iss", ISSUER) || jwt_add_grant(jwt, "use", "access") ||
        jwt_add_grant(jwt, "sub", account) || jwt_add_grant(jwt, "sid", who->session) ||
        jwt_add_grant(jwt, "email", who->email) || jwt_add_grant(jwt, "name", who->name) ||
        jwt_add_grant(jwt, "role", tocsin_role_name(who->role)) ||
        jwt_add_grant_int(jwt, "iat", now) || jwt_add_grant_int(jwt, "exp", now + ACCESS_S)) {
        jwt_free(jwt);
        return NULL;
    }
    return encode(r->pool, jwt);
}

static const auth_key *key_of(const auth_keys *keys, const char *token)
{
    for (int i = 0; keys && i < keys->count; i++)
        if (!strncmp(token, keys->key[i].head, strlen(keys->key[i].head)))
            return &keys->key[i];
    return NULL;
}

static const char *grant(apr_pool_t *p, jwt_t *jwt, const char *name)
{
    const char *value = jwt_get_grant(jwt, name);

    return value ? apr_pstrdup(p, value) : "";
}

static int word_is(jwt_t *jwt, const char *name, const char *word)
{
    const char *value = jwt_get_grant(jwt, name);

    return value && !strcmp(value, word);
}

static const char *claims(request_rec *r, jwt_t *jwt, tocsin_identity *who, long *exp)
{
    const char *subject = grant(r->pool, jwt, "sub");

    if (jwt_get_alg(jwt) != JWT_ALG_HS256 || !word_is(jwt, "iss", ISSUER) ||
        !word_is(jwt, "use", "access") || !*subject ||
        strspn(subject, "0123456789") != strlen(subject))
        return "not a token of ours";
    *exp = jwt_get_grant_int(jwt, "exp");
    who->account = apr_atoi64(subject);
    who->role = tocsin_role_parse(jwt_get_grant(jwt, "role"));
    who->scopes = SCOPE_ALL;
    who->email = grant(r->pool, jwt, "email");
    who->name = grant(r->pool, jwt, "name");
    who->session = grant(r->pool, jwt, "sid");
    if (who->account <= 0 || who->role == ROLE_ANYONE || !*who->session)
        return "not a token of ours";
    return NULL;
}

static tocsin_identity *decode(request_rec *r, const char *token, const char **why, long *exp)
{
    const auth_keys *keys = auth_conf_get(r)->keys;
    tocsin_identity *who = apr_pcalloc(r->pool, sizeof(*who));
    const auth_key *key = key_of(keys, token);
    jwt_t *jwt;

    *why = "not a token of ours";
    if (!key || strlen(token) > TOKEN_MAX || jwt_decode(&jwt, token, key->secret, key->len))
        return NULL;
    *why = claims(r, jwt, who, exp);
    jwt_free(jwt);
    if (*why)
        return NULL;
    cache_keep(keys, token, who, *exp);
    return who;
}

tocsin_identity *token_check(request_rec *r, const char *token, const char **why)
{
    long exp = 0;
    tocsin_identity *who = cache_find(r->pool, auth_conf_get(r)->keys, token, &exp);

    *why = NULL;
    if (!who && !(who = decode(r, token, why, &exp)))
        return NULL;
    if (exp <= apr_time_sec(r->request_time))
        *why = "the token has expired";
    else if (core.marked(who->session))
        *why = "the session has ended";
    return *why ? NULL : who;
}

/* ---------------------------------------------------------------- forged requests */

static const char *csrf_with(request_rec *r, const auth_key *key, const tocsin_identity *who)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char mac[EVP_MAX_MD_SIZE];
    const char *text = apr_psprintf(r->pool, "csrf %" APR_INT64_T_FMT " %s", who->account,
                                    who->session ? who->session : who->via);
    char *hex = apr_palloc(r->pool, 33);
    unsigned len;

    HMAC(EVP_sha256(), key->secret, key->len, (const unsigned char *)text, strlen(text), mac,
         &len);
    for (int i = 0; i < 16; i++) {
        hex[2 * i] = digits[mac[i] >> 4];
        hex[2 * i + 1] = digits[mac[i] & 15];
    }
    hex[32] = '\0';
    return hex;
}

const char *csrf_make(request_rec *r, const tocsin_identity *who)
{
    return csrf_with(r, &auth_conf_get(r)->keys->key[0], who);
}

int csrf_holds(request_rec *r, const tocsin_identity *who, const char *said)
{
    const auth_keys *keys = auth_conf_get(r)->keys;

    for (int i = 0; said && i < keys->count; i++)
        if (equal_time(csrf_with(r, &keys->key[i], who), said))
            return 1;
    return 0;
}
