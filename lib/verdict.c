#include "verdict.h"

#define BAD_MAX  255
#define DOWN_MAX 127

static void count(struct verdict *v, int raw, int64_t at)
{
    if (raw == STATUS_UP) {
        v->bad = v->down = 0;
        return;
    }
    if (v->bad == 0)
        v->bad_at = at;
    if (v->bad < BAD_MAX)
        v->bad++;
    if (raw != STATUS_DOWN) {
        v->down = 0;
        return;
    }
    if (v->down == 0)
        v->down_at = at;
    if (v->down < DOWN_MAX)
        v->down++;
}

bool verdict_add(struct verdict *v, int raw, int retries, int64_t at, int64_t *since)
{
    int16_t before = v->status;

    count(v, raw, at);
    if (raw == STATUS_UP) {
        v->status = STATUS_UP;
        *since = at;
    }
    else if (v->down > retries) {
        v->status = STATUS_DOWN;
        *since = v->down_at;
    }
    else if (raw == STATUS_DEGRADED && before == STATUS_DOWN) {
        v->status = STATUS_DEGRADED; /* it answers again: the run of failures ended here */
        *since = at;
    }
    else if (v->bad > retries && before != STATUS_DOWN) {
        v->status = STATUS_DEGRADED;
        *since = v->bad_at;
    }
    return v->status != before;
}

bool verdict_open(const struct verdict *v, int raw)
{
    if (raw == STATUS_DOWN)
        return v->status != STATUS_DOWN;
    return raw == STATUS_DEGRADED && v->status != STATUS_DEGRADED && v->status != STATUS_DOWN;
}

int16_t verdict_pack(const struct verdict *v, int64_t *at)
{
    *at = v->down ? v->down_at : v->bad_at;
    return (int16_t)(v->down << 8 | v->bad);
}

void verdict_unpack(struct verdict *v, int status, int16_t packed, int64_t at)
{
    v->status = status;
    v->bad = packed & 0xff;
    v->down = (packed >> 8) & 0x7f;
    if (v->down > v->bad)
        v->down = v->bad;
    v->bad_at = v->down_at = at;
}
