/* system_rules: what a system may be called, where it may be, how it may be asked. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "monitorrc.h"
#include "utf8.h"

#define URL_MAX 8192

bool codes_has(const struct codes *c, int code)
{
    return code > 0 && code < 600 && (c->bit[code / 8] & 1 << code % 8);
}

/* "301-302" or "200"; *s is left behind it. */
static bool one_range(struct codes *out, const char **s)
{
    char *end;
    long from = strtol(*s, &end, 10), to = from;

    if (end == *s)
        return false;
    if (*end == '-')
        to = strtol(end + 1, &end, 10);
    while (*end == ' ')
        end++;
    *s = end;
    if (from < 100 || to < from || to > 599)
        return false;
    for (; from <= to; from++)
        out->bit[from / 8] |= (uint8_t)(1 << from % 8);
    return true;
}

bool codes_parse(struct codes *out, const char *text)
{
    memset(out, 0, sizeof(*out));
    for (;;) {
        if (!one_range(out, &text))
            return false;
        if (!*text)
            return true;
        if (*text++ != ',')
            return false;
    }
}

static const char *parts_wrong(CURLU *u, const char *url)
{
    char *scheme = NULL, *host = NULL;
    const char *why = NULL;

    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return "no URL";
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        why = "no http or https";
    else if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host)
        why = "no host";
    curl_free(scheme);
    curl_free(host);
    return why;
}

const char *url_wrong(const char *url)
{
    CURLU *u;
    const char *why, *p;

    if (!url || !*url)
        return "none given";
    if (strlen(url) > URL_MAX)
        return "too long";
    for (p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return "a space or control character in it";
    if (!(u = curl_url()))
        return "out of memory";
    why = parts_wrong(u, url);
    curl_url_cleanup(u);
    return why;
}

bool method_take(const char *text, char *out, size_t size)
{
    size_t i;

    for (i = 0; text[i]; i++) {
        char c = text[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z' || i + 1 >= size)
            return false;
        out[i] = c;
    }
    out[i] = '\0';
    return i > 0 && strcmp(out, "CONNECT") != 0;
}

const char *name_wrong(const char *name)
{
    char clean[SYSTEM_NAME_MAX * 3 + 1];
    size_t n = name ? strlen(name) : 0;

    if (n == 0)
        return "none given";
    if (n > SYSTEM_NAME_MAX)
        return "longer than 256 bytes";
    utf8_clean(clean, sizeof(clean), name, n);
    return strcmp(clean, name) == 0 ? NULL : "no text (UTF-8 without control characters)";
}
