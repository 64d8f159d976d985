/*
 * auth_keys: the ring of keys that sign sessions.
 *
 * A file of lines "kid base64", the first signs and all verify: put a new one on top,
 * restart gracefully, and take the old one out when its tokens have run out. Read while
 * httpd still is root, so the file may be root's alone.
 */
#include <apr_base64.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/rand.h>
#include <string.h>

#include "tocsin_auth.h"

#define LINE_MAX_BYTES 512

static const char *add(apr_pool_t *p, auth_keys *keys, char *line)
{
    char *save, *kid = apr_strtok(line, " \t\r\n", &save);
    char *text = apr_strtok(NULL, " \t\r\n", &save);
    auth_key *key = &keys->key[keys->count];
    int len;

    if (!kid || *kid == '#')
        return NULL;
    if (keys->count == KEYS_MAX)
        return "has more than 8 keys";
    if (!text || apr_strtok(NULL, " \t\r\n", &save))
        return "must have lines of a name and a key in base64";
    if (strlen(kid) >= sizeof(key->kid) ||
        strspn(kid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
            strlen(kid))
        return "has a name that is not of 1 to 32 letters, digits, '-', '_' or '.'";
    for (int i = 0; i < keys->count; i++)
        if (!strcmp(keys->key[i].kid, kid))
            return "has the same name twice";
    if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=") !=
        strlen(text))
        return "has a key that is not base64";
    len = apr_base64_decode_len(text);
    if (len > KEY_MAX)
        return "has a key of more than 128 bytes";
    key->len = apr_base64_decode_binary(key->secret, text);
    if (key->len < KEY_MIN)
        return "has a key of less than 32 bytes";
    apr_cpystrn(key->kid, kid, sizeof(key->kid));
    if (!(key->head = token_head(p, key)))
        return "has a key that libjwt refuses";
    keys->count++;
    return NULL;
}

const char *keys_read(apr_pool_t *p, const char *name, const auth_keys **out)
{
    auth_keys *keys = apr_pcalloc(p, sizeof(*keys));
    char line[LINE_MAX_BYTES];
    const char *error = NULL;
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, name, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, p);

    if (rv != APR_SUCCESS)
        return apr_psprintf(p, "cannot be opened: %s", apr_strerror(rv, line, sizeof(line)));
    while (!error && apr_file_gets(line, sizeof(line), file) == APR_SUCCESS)
        error = add(p, keys, line);
    apr_file_close(file);
    if (!error && !keys->count)
        error = "has no key";
    *out = keys;
    return error;
}

const auth_keys *keys_random(apr_pool_t *p)
{
    auth_keys *keys = apr_pcalloc(p, sizeof(*keys));
    auth_key *key = &keys->key[0];

    key->len = KEY_MIN;
    apr_cpystrn(key->kid, "random", sizeof(key->kid));
    if (RAND_bytes(key->secret, key->len) != 1 || !(key->head = token_head(p, key)))
        return NULL;
    keys->count = 1;
    return keys;
}
