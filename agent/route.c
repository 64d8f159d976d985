#include "route.h"
#include "agent.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* One word of the path into out; its length, 0 when it is none that may come. */
static size_t word(const char *path, char out[ROUTE_WORD_MAX + 1])
{
    size_t n = 0;

    while (isalnum((unsigned char)path[n]) || path[n] == '-' || path[n] == '_' ||
           (path[n] == '.' && n > 0))
        n++;
    if (n > ROUTE_WORD_MAX || (path[n] && path[n] != '/'))
        return 0;
    memcpy(out, path, n);
    out[n] = '\0';
    return n;
}

int route_fits(struct route_match *m, const char *pattern, const char *path)
{
    int words = 0;

    while (*pattern) {
        size_t n;

        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return 0;
            continue;
        }
        if (!strncmp(pattern, "{app}", 5))
            n = word(path, m->app);
        else
            n = words < ROUTE_WORDS ? word(path, m->word[words++]) : 0;
        if (n == 0)
            return 0;
        path += n;
        pattern = strchr(pattern, '}') + 1;
    }
    return *path == '\0';
}

void route_find(struct route_match *m, unsigned method, const char *path)
{
    unsigned allowed = 0;

    for (const struct part *const *p = parts; *p; p++)
        for (const struct route *r = (*p)->routes; r && r->pattern; r++) {
            memset(m, 0, sizeof(*m));
            if (!route_fits(m, r->pattern, path))
                continue;
            if (r->method == method) {
                m->route = r;
                return;
            }
            allowed |= r->method;
        }
    memset(m, 0, sizeof(*m));
    m->allowed = allowed;
}

const char *route_allow(unsigned methods, char out[64])
{
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_POST, "POST"}, {EVHTTP_REQ_PUT, "PUT"}};

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (methods & names[i].method) {
            if (out[0])
                strncat(out, ", ", 63 - strlen(out));
            strncat(out, names[i].name, 63 - strlen(out));
        }
    return out;
}
