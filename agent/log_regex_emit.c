/* Steps of a program: what a maker writes. */
#include "log_regex_impl.h"

#include <ctype.h>
#include <string.h>

#define SPELLS_MAX 128

void maker_wrong(struct maker *m, const char *why)
{
    if (!m->why)
        m->why = why;
    m->s = m->end;
}

int maker_emit(struct maker *m, int op, int x, int y)
{
    struct log_program *p = m->p;

    if (m->dry)
        return 0;
    if (p->nsteps == PROGRAM_MAX) {
        maker_wrong(m, "is too big a pattern");
        return 0;
    }
    p->step[p->nsteps] = (struct log_step){(uint8_t)op, (uint16_t)x, (uint16_t)y};
    return p->nsteps++;
}

static void emit_set(struct maker *m, const byte_set *set)
{
    struct log_program *p = m->p;
    int i = 0;

    while (i < p->nsets && memcmp(&p->set[i], set, sizeof(*set)))
        i++;
    if (i == SETS_MAX) {
        maker_wrong(m, "is too big a pattern");
        return;
    }
    if (i == p->nsets)
        p->set[p->nsets++] = *set;
    maker_emit(m, OP_SET, i, 0);
}

static void set_range(byte_set *set, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to; c++)
        set->bit[c >> 6] |= 1ULL << (c & 63);
}

static void emit_spelling(struct maker *m, const struct log_spelling *s)
{
    for (int i = 0; i < s->n; i++) {
        byte_set set = {{0}};

        set_range(&set, s->from[i], s->to[i]);
        emit_set(m, &set);
    }
}

/* One of several spellings; `one` are single bytes. */
static void emit_any_of(struct maker *m, const byte_set *one, const struct log_spelling *s,
                        int n)
{
    int last = 0; /* the jumps to the end, each with the one before */

    for (int i = 0; i < n; i++) {
        int split = maker_emit(m, OP_SPLIT, m->p->nsteps + 1, 0);

        emit_spelling(m, &s[i]);
        last = maker_emit(m, OP_JUMP, last, 0);
        m->p->step[split].y = (uint16_t)m->p->nsteps;
    }
    emit_set(m, one);
    while (last > 0) {
        int before = m->p->step[last].x;

        m->p->step[last].x = (uint16_t)m->p->nsteps;
        last = before;
    }
}

void maker_ranges(struct maker *m, struct log_ranges *r)
{
    static const struct log_spelling loose[] = {
        {{0xc2, 0x80}, {0xdf, 0xbf}, 2},
        {{0xe0, 0x80, 0x80}, {0xef, 0xbf, 0xbf}, 3},
        {{0xf0, 0x80, 0x80, 0x80}, {0xf4, 0xbf, 0xbf, 0xbf}, 4}};
    struct log_spelling spelled[SPELLS_MAX];
    byte_set one = {{0}};
    int n = 0;

    if (m->dry)
        return;
    for (int i = 0; i < r->n && !m->why; i++) {
        uint32_t from = r->at[i].from, to = r->at[i].to;
        int more;

        if (from < 0x80)
            set_range(&one, from, to < 0x80 ? to : 0x7f);
        if (to < 0x80)
            continue;
        from = from < 0x80 ? 0x80 : from;
        if (from == 0x80 && to == RUNE_MAX) {
            emit_any_of(m, &one, loose, 3);
            return;
        }
        more = log_spell(from, to, spelled + n, SPELLS_MAX - n);
        if (more < 0)
            maker_wrong(m, "has too big a set");
        else
            n += more;
    }
    emit_any_of(m, &one, spelled, n);
}

void maker_rune(struct maker *m, uint32_t c)
{
    struct log_ranges r = {0};

    ranges_add(&r, c, c);
    if (m->fold)
        ranges_fold(&r);
    maker_ranges(m, &r);
}

int maker_end(struct maker *m, const char **why)
{
    if (!m->why)
        maker_emit(m, OP_MATCH, 0, 0);
    *why = m->why;
    return m->why ? -1 : 0;
}

int log_program_words(struct log_program *p, const char *words, const char **why)
{
    struct maker m = {.p = p, .fold = true};

    if (strlen(words) > LOG_REGEX_MAX)
        maker_wrong(&m, "is too long");
    for (; *words && !m.why; words++) {
        unsigned char c = (unsigned char)*words;
        byte_set set = {{0}};

        set_range(&set, c, c);
        if (c < 0x80 && isalpha(c))
            set_range(&set, c ^ 0x20, c ^ 0x20);
        emit_set(&m, &set);
    }
    return maker_end(&m, why);
}
