#include "schedule.h"

int64_t schedule_spread(int64_t id, int64_t range)
{
    uint64_t x = (uint64_t)id + 0x9e3779b97f4a7c15u; /* splitmix64 */

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return range > 0 ? (int64_t)(x % (uint64_t)range) : 0;
}

int64_t schedule_next(int64_t id, int64_t interval, int64_t now)
{
    int64_t phase = schedule_spread(id, interval), past;

    if (interval >= 1000)
        phase -= phase % SCHEDULE_GRID;
    past = (now - phase) % interval;

    if (past < 0)
        past += interval;
    return now + interval - past;
}
