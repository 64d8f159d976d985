#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "heap.h"
#include "schedule.h"

static void the_next_time_is_later_and_on_the_phase(void **)
{
    static const int64_t intervals[] = {1, 5000, 60000, 86400000};
    static const int64_t nows[] = {-86400001, -1,   0,         1,
                                   4999,      5000, 123456789, INT64_C(1) << 45};
    int64_t id, next;
    size_t i, n;

    for (id = 1; id < 200; id++)
        for (i = 0; i < sizeof(intervals) / sizeof(*intervals); i++)
            for (n = 0; n < sizeof(nows) / sizeof(*nows); n++) {
                next = schedule_next(id, intervals[i], nows[n]);
                assert_true(next > nows[n] && next <= nows[n] + intervals[i]);
                assert_int_equal(schedule_next(id, intervals[i], next), next + intervals[i]);
            }
}

static void a_late_check_moves_no_later_one(void **)
{
    int64_t first = schedule_next(42, 5000, 0), late;

    for (late = first; late < first + 5000; late += 7)
        assert_int_equal(schedule_next(42, 5000, late), first + 5000);
    assert_int_equal(schedule_next(42, 5000, first + 17000), first + 20000);
}

static void ids_in_a_row_are_spread_evenly(void **)
{
    int bins[50] = {0}, i;

    for (i = 1; i <= 10000; i++)
        bins[schedule_spread(i, 5000) / 100]++;
    for (i = 0; i < 50; i++)
        assert_in_range(bins[i], 140, 260);
    assert_int_equal(schedule_spread(7, 0), 0);
}

static void the_heap_gives_the_least_first(void **)
{
    static struct heap_node node[2000];
    struct heap h = {0};
    struct heap_node *n;
    int64_t last = INT64_MIN;
    int i, left = 2000;

    srand(1);
    for (i = 0; i < 2000; i++)
        assert_int_equal(heap_set(&h, &node[i], rand() % 1000), 0);
    for (i = 0; i < 5000; i++)
        heap_set(&h, &node[rand() % 2000], rand() % 1000); /* moved, up and down */
    for (i = 0; i < 2000; i += 3) {
        heap_remove(&h, &node[i]);
        heap_remove(&h, &node[i]); /* twice is once */
        left--;
    }
    while ((n = heap_first(&h))) {
        assert_true(n->key >= last);
        last = n->key;
        heap_remove(&h, n);
        assert_int_equal(n->at, 0);
        left--;
    }
    assert_int_equal(left, 0);
    heap_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_time_is_later_and_on_the_phase),
        cmocka_unit_test(a_late_check_moves_no_later_one),
        cmocka_unit_test(ids_in_a_row_are_spread_evenly),
        cmocka_unit_test(the_heap_gives_the_least_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
