/* Markdown of a stranger: what comes out is tags of the list, balanced, and no more of them;
 * every address begins as one may, and the text has no control characters. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const tags[] = {"p",  "br",     "h4",   "h5",  "h6",
                                   "em", "strong", "code", "pre", "blockquote",
                                   "ul", "ol",     "li",   "hr",  "a"};

static bool known(const char *name, size_t n)
{
    size_t i;

    for (i = 0; i < sizeof(tags) / sizeof(*tags); i++)
        if (strlen(tags[i]) == n && memcmp(tags[i], name, n) == 0)
            return true;
    return false;
}

static bool is(const char *name, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(name, word, n) == 0;
}

/* The attributes of a tag, up to its end. */
static const char *attributes(const char *p, const char *name, size_t n)
{
    static const char rel[] = " rel=\"nofollow noopener noreferrer\"";

    if (is(name, n, "ol") && strncmp(p, " start=\"", 8) == 0) {
        p += 8;
        p += strspn(p, "0123456789");
        if (*p != '"')
            abort();
        return p + 1;
    }
    if (!is(name, n, "a"))
        return p;
    if (strncmp(p, " href=\"", 7) != 0)
        abort();
    p += 7;
    if (strncasecmp(p, "http://", 7) && strncasecmp(p, "https://", 8) &&
        strncasecmp(p, "mailto:", 7))
        abort();
    p += strcspn(p, "\"<>");
    if (*p++ != '"' || strncmp(p, rel, sizeof(rel) - 1) != 0)
        abort();
    return p + sizeof(rel) - 1;
}

static void look(const char *html)
{
    const char *open[4096], *p;
    size_t depth = 0;

    for (p = html; *p; p++) {
        const char *name;
        size_t n;
        bool end;

        if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t' && *p != '\r')
            abort();
        if (*p == '>' || *p == '"')
            abort();
        if (*p != '<')
            continue;
        end = p[1] == '/';
        name = p + 1 + end;
        n = strspn(name, "abcdefghijklmnopqrstuvwxyz456");
        if (!known(name, n))
            abort();
        p = end ? name + n : attributes(name + n, name, n);
        if (*p != '>')
            abort();
        if (is(name, n, "br") || is(name, n, "hr"))
            continue;
        if (!end && depth++ < 4096)
            open[depth - 1] = name;
        else if (end && (depth-- == 0 || (depth < 4096 && strncmp(open[depth], name, n) != 0)))
            abort();
    }
    if (depth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *made = markdown_html((const char *)data, size);

    look(made);
    free(made);
    free(markdown_text((const char *)data, size));
    return 0;
}
