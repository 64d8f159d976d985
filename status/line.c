/*
 * line: see line.h. Lines as this program and the others of its kind write them are read by
 * the scanner here; one with anything unusual in it goes through jansson instead.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "digits.h"
#include "line.h"

static const char *const names[] = {"up", "degraded", "down", "maintenance"};

/* What has come of each key so far; the last one of a key counts. */
enum had { NONE, GOOD, WRONG };

struct found {
    struct line line;
    enum had t, svc, state;
};

/* The four words have four lengths. */
static enum had state_of(const char *word, size_t len, enum state *state)
{
    enum state it;

    switch (len) {
    case 2:
        it = STATE_UP;
        break;
    case 8:
        it = STATE_DEGRADED;
        break;
    case 4:
        it = STATE_DOWN;
        break;
    case 11:
        it = STATE_MAINTENANCE;
        break;
    default:
        return WRONG;
    }
    *state = it;
    return memcmp(word, names[it], len) ? WRONG : GOOD;
}

static enum had take_t(struct line *line, int64_t value)
{
    line->t = value;
    return value >= 0 && value <= LINE_T_MAX ? GOOD : WRONG;
}

static int32_t lat_of(int64_t value)
{
    return value < 0 ? -1 : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

static int32_t code_of(int64_t value)
{
    return value < 0 || value > INT32_MAX ? 0 : (int32_t)value;
}

static void take_number(struct found *f, const char *key, size_t len, int64_t value)
{
    if (len == 1 && *key == 't')
        f->t = take_t(&f->line, value);
    else if (len == 3 && !memcmp(key, "lat", 3))
        f->line.lat = lat_of(value);
    else if (len == 4 && !memcmp(key, "code", 4))
        f->line.code = code_of(value);
    else if (len == 3 && !memcmp(key, "svc", 3))
        f->svc = WRONG;
    else if (len == 3 && !memcmp(key, "err", 3))
        f->line.err = NULL;
    else if (len == 5 && !memcmp(key, "state", 5))
        f->state = WRONG;
}

/* null, true, an object, …: as if the key had no number and no string */
static void take_other(struct found *f, const char *key, size_t len)
{
    take_number(f, key, len, -1);
}

static void take_string(struct found *f, const char *key, size_t len, const char *value,
                        size_t n)
{
    if (len == 3 && !memcmp(key, "svc", 3)) {
        f->line.svc = value;
        f->line.svc_len = n;
        f->svc = n > 0 && n <= LINE_NAME_MAX ? GOOD : WRONG;
    }
    else if (len == 5 && !memcmp(key, "state", 5))
        f->state = state_of(value, n, &f->line.state);
    else if (len == 3 && !memcmp(key, "err", 3)) {
        f->line.err = n ? value : NULL;
        f->line.err_len = n;
    }
    else
        take_other(f, key, len);
}

/* ---------------------------------------------------------------- the usual line */

/* ASCII that stands for itself in a JSON string */
static bool is_plain(char c)
{
    return (signed char)c >= ' ' && c != '"' && c != '\\';
}

/* How many bytes from s on are ASCII that stands for itself in a JSON string: eight at a
 * time. A byte that is none has its high bit in `odd`; those after it may have it, too. */
static size_t plain_run(const char *s, const char *end)
{
    const char *from = s;

    for (; end - s >= 8; s += 8) {
        uint64_t word, quote, slash, odd;

        memcpy(&word, s, 8);
        quote = word ^ EACH('"');
        slash = word ^ EACH('\\');
        odd = ((word - EACH(' ')) | (quote - EACH(1)) | (slash - EACH(1)) | word) & EACH(0x80);
        if (odd)
            break;
    }
    while (s < end && is_plain(*s))
        s++;
    return (size_t)(s - from);
}

enum seen { SEEN, UNUSUAL };

static const char *space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p;
}

size_t line_utf8(const char *text, size_t left)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 4;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    if (s[0] < 0xe0)
        n = 2;
    else if (s[0] < 0xf0)
        n = 3;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* A string without escapes; *p stands behind the opening quote. */
static inline enum seen plain_string(const char **p, const char *end, size_t *len)
{
    const char *from = *p, *s = from;
    size_t n;

    for (;;) {
        s += plain_run(s, end);
        if (s == end || (signed char)*s >= 0 || !(n = line_utf8(s, (size_t)(end - s))))
            break;
        s += n;
    }
    if (s == end || *s != '"')
        return UNUSUAL;
    *len = (size_t)(s - from);
    *p = s + 1;
    return SEEN;
}

/* Eight digits at once, for times have thirteen; false: not all are digits. */
static bool eight_digits(const char *s, int64_t *value)
{
    uint64_t word;

    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return false;
    memcpy(&word, s, 8);
    if (digits_odd(word))
        return false;
    *value = digits_value(word - EACH('0'));
    return true;
}

static inline enum seen plain_number(const char **p, const char *end, int64_t *value)
{
    const char *s = *p, *from;
    bool negative = *s == '-';
    int64_t v = 0;

    s += negative;
    from = s;
    if (end - s >= 8 && eight_digits(s, &v))
        s += 8;
    for (; s < end && *s >= '0' && *s <= '9'; s++) {
        if (s - from == 17)
            return UNUSUAL;
        v = v * 10 + (*s - '0');
    }
    if (s == from || (*from == '0' && s - from > 1) || s == end ||
        (*s != ',' && *s != '}' && *s != ' '))
        return UNUSUAL;
    *value = negative ? -v : v;
    *p = s;
    return SEEN;
}

static enum seen plain_value(const char **p, const char *end, struct found *f, const char *key,
                             size_t len)
{
    static const char *const words[] = {"null", "true", "false"};
    const char *s = *p;
    int64_t number;
    size_t n;

    if (s < end && *s == '"') {
        s++;
        if (plain_string(&s, end, &n) == UNUSUAL)
            return UNUSUAL;
        take_string(f, key, len, *p + 1, n);
        *p = s;
        return SEEN;
    }
    if (s < end && (*s == '-' || (*s >= '0' && *s <= '9'))) {
        if (plain_number(p, end, &number) == UNUSUAL)
            return UNUSUAL;
        take_number(f, key, len, number);
        return SEEN;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        n = strlen(words[i]);
        if ((size_t)(end - s) > n && !memcmp(s, words[i], n)) {
            take_other(f, key, len);
            *p = s + n;
            return SEEN;
        }
    }
    return UNUSUAL;
}

/* SEEN: the whole line was a plain object, all of whose values were taken. */
static enum seen scan(const char *p, const char *end, struct found *f)
{
    p = space(p, end);
    if (p == end || *p++ != '{')
        return UNUSUAL;
    for (;;) {
        const char *key;
        size_t len;

        p = space(p, end);
        if (p == end || *p++ != '"')
            return UNUSUAL; /* also the empty object */
        key = p;
        if (plain_string(&p, end, &len) == UNUSUAL)
            return UNUSUAL;
        p = space(p, end);
        if (p == end || *p++ != ':')
            return UNUSUAL;
        p = space(p, end);
        if (plain_value(&p, end, f, key, len) == UNUSUAL)
            return UNUSUAL;
        p = space(p, end);
        if (p == end)
            return UNUSUAL;
        if (*p == '}')
            return space(p + 1, end) == end ? SEEN : UNUSUAL;
        if (*p++ != ',')
            return UNUSUAL;
    }
}

/* ---------------------------------------------------------------- any other line */

/* Numbers such as 1.7e12 and 145.3; what has no place in a number of ours is none. */
static int64_t whole(double number)
{
    return number >= -1e15 && number <= 1e15 ? (int64_t)floor(number + 0.5) : -1;
}

static void take_json(struct found *f, const char *key, const json_t *value)
{
    size_t len = strlen(key);

    if (json_is_string(value))
        take_string(f, key, len, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        take_number(f, key, len, json_integer_value(value));
    else if (json_is_real(value))
        take_number(f, key, len, whole(json_real_value(value)));
    else
        take_other(f, key, len);
}

/* A zero inside would end the text here and not elsewhere. */
static size_t without_zero(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!text[i])
            text[i] = '?';
    return len;
}

static bool read_json(const char *text, size_t len, struct found *f, buf *scratch)
{
    json_t *root = json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    json_t *value;
    const char *key;

    if (!json_is_object(root)) {
        json_decref(root);
        return false;
    }
    json_object_foreach(root, key, value) take_json(f, key, value);
    if (f->svc == GOOD && memchr(f->line.svc, 0, f->line.svc_len))
        f->svc = WRONG;
    if (f->svc == GOOD) {
        size_t n = f->line.err ? f->line.err_len : 0;
        char *room;

        buf_clear(scratch);
        room = buf_room(scratch, f->line.svc_len + n);
        memcpy(room, f->line.svc, f->line.svc_len);
        f->line.svc = room;
        if (f->line.err) {
            memcpy(room + f->line.svc_len, f->line.err, n);
            f->line.err = room + f->line.svc_len;
            without_zero(room + f->line.svc_len, n);
        }
    }
    json_decref(root);
    return true;
}

bool line_read(const char *text, size_t len, struct line *out, buf *scratch)
{
    struct found f = {.line = {.lat = -1}};

    if (len > LINE_MAX_BYTES)
        return false;
    if (scan(text, text + len, &f) == UNUSUAL) {
        f = (struct found){.line = {.lat = -1}};
        if (!read_json(text, len, &f, scratch))
            return false;
    }
    *out = f.line;
    return f.t == GOOD && f.svc == GOOD && f.state == GOOD;
}
