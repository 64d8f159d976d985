/*
 * From a pattern to a program.
 *
 * There is no tree: what is repeated is read again for each copy, and what has to be known
 * before (is there a '|', a '*'?) is found by reading ahead `dry`, which writes nothing.
 */
#include "log_line.h"
#include "log_regex_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 40
#define COUNT_MAX 1000
#define WORK_MAX  50000 /* atoms read, with all copies */

static void alternatives(struct maker *m);

/* ---- the pattern */

/* A character of the pattern as it stands there; what is no UTF-8 is a byte. */
static uint32_t next_rune(struct maker *m)
{
    size_t n = log_utf8(m->s, (size_t)(m->end - m->s));
    unsigned char first = (unsigned char)*m->s++;
    uint32_t c;

    if (n <= 1)
        return first;
    c = first & (0x7fu >> n);
    while (--n > 0)
        c = c << 6 | ((unsigned char)*m->s++ & 0x3f);
    return c;
}

static uint32_t hex(struct maker *m, int digits)
{
    uint32_t c = 0;

    for (int i = 0; i < digits; i++) {
        if (m->s == m->end || !isxdigit((unsigned char)*m->s)) {
            maker_wrong(m, "has \\x or \\u without its digits");
            return 0;
        }
        c = c << 4 | (uint32_t)(*m->s <= '9' ? *m->s - '0' : (*m->s | 0x20) - 'a' + 10);
        m->s++;
    }
    return c;
}

/* Behind a backslash that is no class: the character it stands for. */
static uint32_t escaped(struct maker *m)
{
    static const char names[] = "nrtfv0", values[] = "\n\r\t\f\v";
    const char *known;
    uint32_t c = next_rune(m);

    if (c == 'x')
        return hex(m, 2);
    if (c == 'u')
        return hex(m, 4);
    if (c < 0x80 && c && (known = strchr(names, (int)c)))
        return (unsigned char)values[known - names];
    if (c < 0x80 && isalnum((int)c))
        maker_wrong(m, isdigit((int)c) ? "has a back reference, which is not known here"
                                       : "has an escape that is not known here");
    return c;
}

static bool at_class(const struct maker *m)
{
    return m->s < m->end && *m->s && strchr("dDwWsS", *m->s);
}

/* The end of a range in [ ]; false: it was a class like \d, which has been added. */
static bool set_member(struct maker *m, struct log_ranges *r, uint32_t *c)
{
    if (*m->s != '\\') {
        *c = next_rune(m);
        return true;
    }
    if (++m->s == m->end) {
        maker_wrong(m, "ends with a backslash");
        return false;
    }
    if (at_class(m)) {
        ranges_class(r, *m->s++);
        return false;
    }
    if (*m->s == 'b') {
        m->s++;
        *c = '\b';
        return true;
    }
    *c = escaped(m);
    return true;
}

static void bracket(struct maker *m)
{
    struct log_ranges r = {0};
    bool negated = m->s < m->end && *m->s == '^';

    m->s += negated;
    while (m->s < m->end && *m->s != ']') {
        uint32_t from, to;

        if (!set_member(m, &r, &from))
            continue;
        to = from;
        if (m->end - m->s > 2 && m->s[0] == '-' && m->s[1] != ']') {
            m->s++;
            if (!set_member(m, &r, &to)) { /* [a-\d]: the hyphen is one */
                ranges_add(&r, '-', '-');
                to = from;
            }
        }
        if (to < from)
            maker_wrong(m, "has a range that ends before it begins");
        ranges_add(&r, from, to);
        if (r.n >= RANGES_MAX - 4)
            maker_wrong(m, "has too big a set");
    }
    if (m->s == m->end) {
        maker_wrong(m, "has a [ without its ]");
        return;
    }
    m->s++;
    if (m->fold)
        ranges_fold(&r);
    ranges_tidy(&r);
    if (negated)
        ranges_negate(&r);
    maker_ranges(m, &r);
}

static void group(struct maker *m)
{
    if (m->end - m->s >= 2 && m->s[0] == '?') {
        if (m->s[1] != ':') {
            maker_wrong(m, "has a group that looks around, which is not known here");
            return;
        }
        m->s += 2;
    }
    if (++m->depth > DEPTH_MAX) {
        maker_wrong(m, "is too deep a pattern");
        return;
    }
    alternatives(m);
    m->depth--;
    if (m->s == m->end || *m->s != ')')
        maker_wrong(m, "has a ( without its )");
    else
        m->s++;
}

static void escape(struct maker *m)
{
    struct log_ranges r = {0};

    if (m->s == m->end) {
        maker_wrong(m, "ends with a backslash");
    }
    else if (*m->s == 'b' || *m->s == 'B') {
        maker_emit(m, *m->s++ == 'b' ? OP_WORD : OP_NO_WORD, 0, 0);
    }
    else if (at_class(m)) {
        ranges_class(&r, *m->s++);
        ranges_tidy(&r);
        maker_ranges(m, &r);
    }
    else {
        maker_rune(m, escaped(m));
    }
}

static void dot(struct maker *m)
{
    struct log_ranges r = {0};

    ranges_add(&r, 0, '\n' - 1);
    ranges_add(&r, '\n' + 1, RUNE_MAX);
    maker_ranges(m, &r);
}

static void atom(struct maker *m)
{
    if (++m->work > WORK_MAX) {
        maker_wrong(m, "is too big a pattern");
        return;
    }
    switch (*m->s) {
    case '(':
        m->s++;
        group(m);
        break;
    case '[':
        m->s++;
        bracket(m);
        break;
    case '\\':
        m->s++;
        escape(m);
        break;
    case '.':
        m->s++;
        dot(m);
        break;
    case '^':
    case '$':
        maker_emit(m, *m->s++ == '^' ? OP_BEGIN : OP_END, 0, 0);
        break;
    case '*':
    case '+':
    case '?':
        maker_wrong(m, "repeats nothing");
        break;
    default:
        maker_rune(m, next_rune(m));
        break;
    }
}

static const char *digits(const char *s, const char *end, int *out)
{
    *out = 0;
    while (s < end && isdigit((unsigned char)*s) && *out <= COUNT_MAX)
        *out = *out * 10 + (*s++ - '0');
    return s;
}

/* {2} {2,} {2,5}; anything else is what it is. */
static bool counted(struct maker *m, int *min, int *max)
{
    const char *s = m->s + 1, *t = digits(s, m->end, min);

    if (t == s)
        return false;
    *max = *min;
    if (t < m->end && *t == ',') {
        s = ++t;
        t = digits(s, m->end, max);
        if (t == s)
            *max = -1;
    }
    if (t == m->end || *t != '}')
        return false;
    m->s = t + 1;
    if (*min > COUNT_MAX || *max > COUNT_MAX)
        maker_wrong(m, "repeats too often");
    else if (*max >= 0 && *max < *min)
        maker_wrong(m, "has a count that ends before it begins");
    return true;
}

static void how_often(struct maker *m, int *min, int *max)
{
    *min = *max = 1;
    if (m->s == m->end)
        return;
    switch (*m->s) {
    case '*':
    case '+':
    case '?':
        *min = *m->s == '+';
        *max = *m->s == '?' ? 1 : -1;
        m->s++;
        break;
    case '{':
        if (counted(m, min, max))
            break;
        return;
    default:
        return;
    }
    if (m->s < m->end && *m->s == '?')
        m->s++; /* lazy: whether there is a match is the same */
}

static void again(struct maker *m, const char *from)
{
    m->s = from;
    atom(m);
}

/* Optional copies, of which each leads to the end. */
static void up_to(struct maker *m, const char *from, int n)
{
    int last = -1;

    for (int i = 0; i < n && !m->why; i++) {
        last = maker_emit(m, OP_SPLIT, m->p->nsteps + 1, last < 0 ? 0xffff : last);
        again(m, from);
    }
    while (last >= 0 && !m->why) {
        int before = m->p->step[last].y;

        m->p->step[last].y = (uint16_t)m->p->nsteps;
        last = before == 0xffff ? -1 : before;
    }
}

static void any_number(struct maker *m, const char *from)
{
    int split = maker_emit(m, OP_SPLIT, m->p->nsteps + 1, 0);

    again(m, from);
    maker_emit(m, OP_JUMP, split, 0);
    if (!m->why)
        m->p->step[split].y = (uint16_t)m->p->nsteps;
}

static void repeated(struct maker *m)
{
    const char *from = m->s, *behind;
    bool dry = m->dry;
    int min, max;

    m->dry = true;
    atom(m);
    how_often(m, &min, &max);
    m->dry = dry;
    behind = m->s;
    if (dry)
        return;
    for (int i = 0; i < min && !m->why; i++)
        again(m, from);
    if (max < 0 && !m->why)
        any_number(m, from);
    else if (!m->why)
        up_to(m, from, max - min);
    m->s = m->why ? m->end : behind;
}

static void sequence(struct maker *m)
{
    while (m->s < m->end && *m->s != '|' && *m->s != ')')
        repeated(m);
}

static bool more_follow(struct maker *m)
{
    const char *from = m->s;
    bool more;

    m->dry = true;
    sequence(m);
    m->dry = false;
    more = m->s < m->end && *m->s == '|';
    m->s = m->why ? m->end : from;
    return more;
}

static void alternatives(struct maker *m)
{
    int last = 0;

    if (m->dry) {
        for (sequence(m); m->s < m->end && *m->s == '|'; sequence(m))
            m->s++;
        return;
    }
    while (!m->why && more_follow(m)) {
        int split = maker_emit(m, OP_SPLIT, m->p->nsteps + 1, 0);

        sequence(m);
        m->s += m->s < m->end;
        last = maker_emit(m, OP_JUMP, last, 0);
        m->p->step[split].y = (uint16_t)m->p->nsteps;
    }
    sequence(m);
    while (last > 0 && !m->why) {
        int before = m->p->step[last].x;

        m->p->step[last].x = (uint16_t)m->p->nsteps;
        last = before;
    }
}

int log_program_make(struct log_program *p, const char *pattern, const char **why)
{
    struct maker m = {.p = p, .s = pattern, .end = pattern + strlen(pattern)};

    if (!strncmp(pattern, "(?i)", 4)) {
        m.fold = true;
        m.s += 4;
    }
    if (m.end - pattern > LOG_REGEX_MAX)
        maker_wrong(&m, "is too long a pattern");
    alternatives(&m);
    if (!m.why && m.s < m.end)
        maker_wrong(&m, "has a ) without its (");
    return maker_end(&m, why);
}
