#include "fetch_parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void wrong(struct fetch_parse *p, const char *why)
{
    p->at = FETCH_WRONG;
    p->error = why;
}

/* "HTTP/1.1 200 OK" */
static void status_line(struct fetch_parse *p)
{
    const char *s = p->line;

    if (strncmp(s, "HTTP/1.", 7) || !isdigit((unsigned char)s[7]) || s[8] != ' ' ||
        !isdigit((unsigned char)s[9]) || !isdigit((unsigned char)s[10]) ||
        !isdigit((unsigned char)s[11]) || isdigit((unsigned char)s[12])) {
        wrong(p, "the answer is no HTTP");
        return;
    }
    p->status = atoi(s + 9);
    p->at = FETCH_HEADERS;
}

static bool whole_number(const char *s, int base, uint64_t *out)
{
    char *end;

    if (!isxdigit((unsigned char)*s) || strspn(s, "0123456789abcdefABCDEF") > 15)
        return false;
    *out = strtoull(s, &end, base);
    end += strspn(end, " \t");
    return !*end || (base == 16 && *end == ';');
}

static void headers_end(struct fetch_parse *p)
{
    if (p->status >= 100 && p->status < 200) { /* "100 Continue": the answer comes behind */
        p->at = FETCH_STATUS;
        return;
    }
    if (p->no_body || p->status == 204 || p->status == 304)
        p->at = FETCH_DONE;
    else if (p->chunked)
        p->at = FETCH_SIZE;
    else if (!p->has_length)
        p->at = FETCH_REST;
    else
        p->at = p->left > 0 ? FETCH_LENGTH : FETCH_DONE;
}

static void header(struct fetch_parse *p)
{
    const char *value = strchr(p->line, ':');

    if (!p->line[0]) {
        headers_end(p);
        return;
    }
    if (!value || value == p->line) {
        wrong(p, "a header that is none");
        return;
    }
    value += 1 + strspn(value + 1, " \t");
    if (!strncasecmp(p->line, "Content-Length:", 15)) {
        p->has_length = whole_number(value, 10, &p->left);
        if (!p->has_length)
            wrong(p, "a length that is no number");
    }
    else if (!strncasecmp(p->line, "Transfer-Encoding:", 18)) {
        p->chunked = !strncasecmp(value, "chunked", 7);
    }
}

static void take_line(struct fetch_parse *p)
{
    if (p->at != FETCH_SIZE && p->at != FETCH_GAP && ++p->lines > FETCH_LINES_MAX) {
        wrong(p, "too many headers");
        return;
    }
    switch (p->at) {
    case FETCH_STATUS:
        status_line(p);
        break;
    case FETCH_HEADERS:
        header(p);
        break;
    case FETCH_SIZE:
        if (!whole_number(p->line, 16, &p->left))
            wrong(p, "a chunk without a size");
        else
            p->at = p->left > 0 ? FETCH_CHUNK : FETCH_TRAILER;
        break;
    case FETCH_GAP:
        if (p->line[0])
            wrong(p, "a chunk that is longer than it says");
        else
            p->at = FETCH_SIZE;
        break;
    case FETCH_TRAILER:
        if (!p->line[0])
            p->at = FETCH_DONE;
        break;
    default:
        break;
    }
}

/* Eats up to the end of a line. */
static size_t feed_line(struct fetch_parse *p, const char *bytes, size_t n)
{
    const char *end = memchr(bytes, '\n', n);
    size_t part = end ? (size_t)(end - bytes) : n;

    if (p->len + part >= sizeof(p->line)) {
        wrong(p, "a line that is too long");
        return n;
    }
    memcpy(p->line + p->len, bytes, part);
    p->len += part;
    if (!end)
        return n;
    while (p->len > 0 && p->line[p->len - 1] == '\r')
        p->len--;
    p->line[p->len] = '\0';
    p->len = 0;
    take_line(p);
    return part + 1;
}

static size_t feed_body(struct fetch_parse *p, const char *bytes, size_t n)
{
    if (p->at != FETCH_REST && n > p->left)
        n = (size_t)p->left;
    p->body(p->arg, bytes, n);
    if (p->at == FETCH_REST)
        return n;
    p->left -= n;
    if (p->left == 0)
        p->at = p->at == FETCH_CHUNK ? FETCH_GAP : FETCH_DONE;
    return n;
}

size_t fetch_feed(struct fetch_parse *p, const char *bytes, size_t n)
{
    size_t eaten = 0;

    while (eaten < n && p->at != FETCH_DONE && p->at != FETCH_WRONG) {
        bool in_body = p->at == FETCH_LENGTH || p->at == FETCH_CHUNK || p->at == FETCH_REST;

        eaten += (in_body ? feed_body : feed_line)(p, bytes + eaten, n - eaten);
    }
    return eaten;
}

void fetch_eof(struct fetch_parse *p)
{
    if (p->at == FETCH_REST)
        p->at = FETCH_DONE;
    else if (p->at != FETCH_DONE && p->at != FETCH_WRONG)
        wrong(p, p->at == FETCH_STATUS && p->len == 0 ? "closed without an answer"
                                                      : "closed in the middle of the answer");
}
