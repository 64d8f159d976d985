#include "answer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { STATUS_LINE, HEADER, BODY, REST, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, OVER };

void answer_init(struct answer *a)
{
    memset(a, 0, sizeof(*a));
    a->left = -1;
}

/* A number of digits alone; -1: it is none, or beyond 2^59. */
static long long number(const char *s, int base)
{
    long long n = 0;
    const char *start = s;

    for (; isxdigit((unsigned char)*s); s++) {
        int digit = *s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10;

        if (digit >= base || n >> 55)
            return -1;
        n = n * base + digit;
    }
    return s > start && *s == '\0' ? n : -1;
}

/* "HTTP/1.1 200 OK"; an interim answer is not awaited by anybody. */
static int take_status(struct answer *a)
{
    const char *s = a->text;

    if (strncmp(s, "HTTP/1.", 7) || (s[7] != '0' && s[7] != '1') || s[8] != ' ' ||
        s[9] < '2' || s[9] > '5' || !isdigit((unsigned char)s[10]) ||
        !isdigit((unsigned char)s[11]) || (s[12] != ' ' && s[12] != '\0'))
        return -1;
    a->said_length = (s[9] - '0') * 100 + (s[10] - '0') * 10 + s[11] - '0';
    a->state = HEADER;
    return 0;
}

static void keep(char *to, size_t size, const char *value)
{
    size_t n = strlen(value);

    for (size_t i = 0; i < n; i++)
        if (value[i] < ' ' || value[i] > '~')
            return;
    if (n < size)
        memcpy(to, value, n + 1);
}

static int take_length(struct answer *a, const char *value)
{
    long long length = number(value, 10);

    if (length < 0 || (a->left >= 0 && a->left != length))
        return -1;
    a->left = length;
    return 0;
}

static int take_header(struct answer *a)
{
    char *value = strchr(a->text, ':');
    size_t n;

    if (!value || value == a->text)
        return -1;
    *value++ = '\0';
    value += strspn(value, " \t");
    for (n = strlen(value); n && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
        value[n - 1] = '\0';
    if (!strcasecmp(a->text, "content-length"))
        return take_length(a, value);
    if (!strcasecmp(a->text, "transfer-encoding")) {
        a->chunked = 1;
        return strcasecmp(value, "chunked") ? -1 : 0;
    }
    if (!strcasecmp(a->text, "etag"))
        keep(a->etag, sizeof(a->etag), value);
    if (!strcasecmp(a->text, "retry-after") && number(value, 10) > 0 &&
        number(value, 10) <= 86400)
        a->retry_after = (int)number(value, 10);
    if (!strcasecmp(a->text, "content-type")) {
        value[strcspn(value, "; \t")] = '\0';
        for (n = 0; value[n]; n++)
            value[n] = (char)tolower((unsigned char)value[n]);
        keep(a->type, sizeof(a->type), value);
    }
    return 0;
}

static void end(struct answer *a)
{
    a->state = OVER;
    a->over = 1;
}

/* The empty line after the head. Two lengths are a way to be misunderstood. */
static int begin_body(struct answer *a)
{
    if (a->chunked && a->left >= 0)
        return -1;
    a->status = a->said_length;
    if (a->status == 204 || a->status == 304 || a->left == 0)
        end(a);
    else
        a->state = a->chunked ? CHUNK_SIZE : a->left > 0 ? BODY : REST;
    return 0;
}

static int begin_chunk(struct answer *a)
{
    a->text[strcspn(a->text, "; \t")] = '\0';
    a->left = number(a->text, 16);
    a->head = 0; /* a chunk may be as small as it likes: only its line is bounded */
    a->state = a->left > 0 ? CHUNK : TRAILER;
    return a->left < 0 ? -1 : 0;
}

static int take_line(struct answer *a)
{
    switch (a->state) {
    case STATUS_LINE:
        return take_status(a);
    case HEADER:
        return *a->text ? take_header(a) : begin_body(a);
    case CHUNK_SIZE:
        return begin_chunk(a);
    case CHUNK_END:
        a->state = CHUNK_SIZE;
        return *a->text ? -1 : 0;
    default: /* TRAILER: nobody asked for it */
        if (!*a->text)
            end(a);
        return 0;
    }
}

/* A line is cut where it is too long for us; nothing that we look at is. */
static int take_char(struct answer *a, char c)
{
    if (++a->head > ANSWER_HEAD_MAX || c == '\0')
        return -1;
    if (c != '\n') {
        if (a->line < sizeof(a->text) - 1)
            a->text[a->line++] = c;
        return 0;
    }
    if (a->line && a->text[a->line - 1] == '\r')
        a->line--;
    a->text[a->line] = '\0';
    a->line = 0;
    return take_line(a);
}

ssize_t answer_take(struct answer *a, char *data, size_t len)
{
    size_t out = 0, i = 0;

    while (i < len && a->state != OVER) {
        size_t n = len - i;

        if (a->state != BODY && a->state != REST && a->state != CHUNK) {
            if (take_char(a, data[i++]))
                return -1;
            continue;
        }
        if (a->state != REST && (long long)n > a->left)
            n = (size_t)a->left;
        memmove(data + out, data + i, n);
        out += n;
        i += n;
        if (a->state == REST || (a->left -= (long long)n) > 0)
            continue;
        if (a->state == BODY)
            end(a);
        else
            a->state = CHUNK_END;
    }
    return (ssize_t)out;
}

int answer_close(struct answer *a)
{
    if (a->state == REST)
        end(a);
    return a->over;
}
