#include "mime.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE       76  /* of folded headers and quoted-printable */
#define WORD_BYTES 42  /* of text in one encoded word: 56 of base64, 68 with its frame */
#define PLAIN_MAX  900 /* a line may have 998 */

void mime_init(struct mime *m)
{
    memset(m, 0, sizeof(*m));
}

void mime_free(struct mime *m)
{
    free(m->data);
    mime_init(m);
}

static void add(struct mime *m, const char *s, size_t n)
{
    if (m->failed)
        return;
    if (m->len + n + 1 > m->size) {
        size_t size = (m->len + n + 1) * 2;
        char *more = m->len + n < MIME_MAX ? realloc(m->data, size) : NULL;

        if (!more) {
            m->failed = true;
            return;
        }
        m->data = more;
        m->size = size;
    }
    memcpy(m->data + m->len, s, n);
    m->len += n;
    m->data[m->len] = '\0';
}

static void adds(struct mime *m, const char *s)
{
    add(m, s, strlen(s));
}

/* Bytes of the UTF-8 character at s, 0 when there is none. */
static size_t character(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* The character at *s as it may stand in a header; *s moves on. Returns its length. */
static size_t safe(const unsigned char **s, char out[4])
{
    size_t n = character(*s);

    if (n == 0 || (n == 1 && (**s < ' ' || **s == 0x7f))) {
        out[0] = n == 0 ? '?' : ' ';
        (*s)++;
        return 1;
    }
    memcpy(out, *s, n);
    *s += n;
    return n;
}

static void base64(struct mime *m, const unsigned char *s, size_t n)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)s[i] << 16 | (i + 1 < n ? (uint32_t)s[i + 1] << 8 : 0) |
                     (i + 2 < n ? s[i + 2] : 0);
        char out[4] = {digits[v >> 18], digits[v >> 12 & 63],
                       i + 1 < n ? digits[v >> 6 & 63] : '=',
                       i + 2 < n ? digits[v & 63] : '='};

        add(m, out, 4);
    }
}

static void encoded(struct mime *m, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;
    char word[WORD_BYTES + 4], one[4];
    size_t n = 0, c;

    for (bool first = true; *s || n > 0; first = false) {
        while (*s && n <= WORD_BYTES - 4) {
            c = safe(&s, one);
            memcpy(word + n, one, c);
            n += c;
        }
        adds(m, first ? "=?utf-8?B?" : "\r\n =?utf-8?B?");
        base64(m, (unsigned char *)word, n);
        adds(m, "?=");
        n = 0;
    }
}

static bool is_plain(const char *s)
{
    for (const unsigned char *p = (const unsigned char *)s; *p; p++)
        if (*p >= 0x7f || (*p < ' '))
            return false;
    return !strstr(s, "=?");
}

/* Folded at blanks; a word too long for a line stays whole. */
static void plain(struct mime *m, const char *value, size_t column)
{
    while (*value) {
        size_t blanks = strspn(value, " "), n = blanks + strcspn(value + blanks, " ");

        if (value[blanks] == '\0')
            return;
        if (column + n > LINE && blanks > 0) {
            adds(m, "\r\n");
            column = 0;
        }
        add(m, value, n);
        column += n;
        value += n;
    }
}

void mime_text_header(struct mime *m, const char *name, const char *value)
{
    size_t longest = 0;

    for (const char *p = value; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strcspn(p, " ") > longest)
            longest = strcspn(p, " ");
    adds(m, name);
    adds(m, ": ");
    if (is_plain(value) && longest < PLAIN_MAX && value[0] && value[0] != ' ')
        plain(m, value, strlen(name) + 2);
    else if (value[0])
        encoded(m, value);
    adds(m, "\r\n");
}

void mime_header(struct mime *m, const char *name, const char *value)
{
    if (!is_plain(value) || strlen(value) > PLAIN_MAX)
        return;
    adds(m, name);
    adds(m, ": ");
    adds(m, value);
    adds(m, "\r\n");
}

void mime_from(struct mime *m, const char *name, const char *address)
{
    static const char atoms[] =
        " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    adds(m, "From: ");
    if (name[0] && name[0] != ' ' && strlen(name) < 60 && !name[strspn(name, atoms)])
        adds(m, name);
    else if (name[0])
        encoded(m, name);
    adds(m, "\r\n <");
    adds(m, address);
    adds(m, ">\r\n");
}

bool mime_is_address(const char *s)
{
    static const char local[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "!#$%&'*+/=?^_`{|}~.-";
    static const char domain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t n = strspn(s, local), len = strlen(s);

    return n > 0 && n <= 64 && s[n] == '@' && len <= 254 && s[n + 1] != '\0' && s[0] != '.' &&
           s[n - 1] != '.' && s[n + 1] != '.' && s[len - 1] != '.' &&
           strspn(s + n + 1, domain) == len - n - 1 && !strstr(s, "..");
}

void mime_addresses(struct mime *m, const char *name, const char *const *address, int n)
{
    adds(m, name);
    adds(m, ": ");
    for (int i = 0; i < n; i++) {
        if (!mime_is_address(address[i])) {
            m->failed = true;
            return;
        }
        if (i > 0)
            adds(m, ",\r\n ");
        adds(m, address[i]);
    }
    adds(m, "\r\n");
}

void mime_date(struct mime *m, time_t when)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    struct tm tm;

    gmtime_r(&when, &tm);
    snprintf(text, sizeof(text), "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday],
             tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
             tm.tm_sec);
    mime_header(m, "Date", text);
}

/* May it stand for itself? Not what a relay changes: blanks at the end of a line, a dot or
 * "From " at its start. */
static bool stands(const unsigned char *s, size_t left, bool first)
{
    if (*s == ' ')
        return left > 1;
    if (first && (*s == '.' || (left > 4 && !memcmp(s, "From ", 5))))
        return false;
    return *s > ' ' && *s < 0x7f && *s != '=';
}

/* One line of the text, without its end. */
static void printable(struct mime *m, const unsigned char *s, size_t n)
{
    size_t column = 0;

    for (; n > 0; s++, n--) {
        char out[4] = {(char)*s};

        if (column + 3 > LINE - 1) {
            adds(m, "=\r\n");
            column = 0;
        }
        if (!stands(s, n, column == 0))
            snprintf(out, sizeof(out), "=%02X", *s);
        adds(m, out);
        column += strlen(out);
    }
}

void mime_body(struct mime *m, const char *text)
{
    adds(m, "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    while (*text) {
        size_t n = strcspn(text, "\n");

        printable(m, (const unsigned char *)text, n);
        adds(m, "\r\n");
        text += n + (text[n] == '\n');
    }
}
