#include "expect.h"

/* Three digits, 100 to 599; 0 when there is something else. */
static short code_at(const char *p)
{
    int i;

    if (p[0] < '1' || p[0] > '5')
        return 0;
    for (i = 1; i < 3; i++)
        if (p[i] < '0' || p[i] > '9')
            return 0;
    return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

static int parse(struct expect *e, const char *p)
{
    short from, to;

    for (e->n = 0; e->n < EXPECT_MAX;) {
        if (!(from = to = code_at(p)))
            return -1;
        p += 3;
        if (*p == '-') {
            if (!(to = code_at(p + 1)) || to < from)
                return -1;
            p += 4;
        }
        e->range[e->n].from = from;
        e->range[e->n++].to = to;
        if (*p == '\0')
            return 0;
        if (*p++ != ',')
            return -1;
    }
    return -1;
}

int expect_parse(struct expect *e, const char *text)
{
    if (parse(e, text) == 0)
        return 0;
    e->n = 0;
    return -1;
}

bool expect_match(const struct expect *e, int code)
{
    int i;

    for (i = 0; i < e->n; i++)
        if (code >= e->range[i].from && code <= e->range[i].to)
            return true;
    return false;
}
