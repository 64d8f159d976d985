/* The reasons in C and in SQL are one list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reason.h"

static void sql_has_the_same_list(void **)
{
    const char *dir = getenv("srcdir") ? getenv("srcdir") : ".";
    char path[4096], line[512], want[512], *at;
    FILE *f;
    int code, seen = 0, i;

    snprintf(path, sizeof(path), "%s/../sql/shared/reason.sql", dir);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, " (%d, '", &code) != 1)
            continue;
        assert_int_equal(code, seen);
        at = want + snprintf(want, sizeof(want), "    (%d, '%s', '", code, reason_name(code));
        for (i = 0; reason_text(code)[i]; i++) {
            if (reason_text(code)[i] == '\'')
                *at++ = '\'';
            *at++ = reason_text(code)[i];
        }
        strcpy(at, code == REASON_COUNT - 1 ? "')\n" : "'),\n");
        assert_string_equal(line, want);
        seen++;
    }
    fclose(f);
    assert_int_equal(seen, REASON_COUNT);
}

static void each_has_a_word_and_a_text(void **)
{
    int i, k;

    for (i = 0; i < REASON_COUNT; i++) {
        assert_true(reason_name(i)[0] && reason_text(i)[0]);
        for (k = 0; k < i; k++)
            assert_string_not_equal(reason_name(i), reason_name(k));
    }
    assert_string_equal(reason_name(-1), "internal");
    assert_string_equal(reason_name(REASON_COUNT), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_has_the_same_list),
        cmocka_unit_test(each_has_a_word_and_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
