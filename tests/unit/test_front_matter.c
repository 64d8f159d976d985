/* front_matter: what stands at the beginning of issues, as a table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "front_matter.h"

static const struct {
    const char *text;
    int rc;
    const char *start, *end, *systems, *rest; /* systems joined by '|' */
} cases[] = {
    {"---\nstart: 2025-11-15T02:00:00Z\nend: 2025-11-15T04:00:00Z\nsystems:\n  - api\n"
     "  - database\n---\n\nWords.\n",
     1, "2025-11-15T02:00:00Z", "2025-11-15T04:00:00Z", "api|database", "\nWords.\n"},
    /* a list of the seed has no indent */
    {"---\nsystems:\n- api\n- database\nstart: a\n---\n", 1, "a", NULL, "api|database", ""},
    {"---\nsystems: [api, \"data base\"]\n---\n", 1, NULL, NULL, "api|data base", ""},
    {"---\nsystems:\n  - api\n   \n  - web\n\n  - db\n---\n", 1, NULL, NULL, "api|web|db", ""},
    {"---\nsystems: api, web\n---\n", 1, NULL, NULL, "api|web", ""},
    {"---\nsystems: [api, api]\n---\n", 1, NULL, NULL, "api", ""},
    {"---\nsystems: []\n---\n", 1, NULL, NULL, "", ""},
    {"---\r\nstart: 2025-11-15\r\nend: @+2h\r\nsystems:\r\n  - api\r\n---\r\nWords.", 1,
     "2025-11-15", "@+2h", "api", "Words."},
    {"---\nstart: a\n---", 1, "a", NULL, "", ""}, /* the last end missing */
    {"  ---\n  start: a\n  end: b\n  ---\nrest", 1, "a", "b", "", "rest"}, /* indented */
    {"\n# Upgrade\n\n---\nstart: a\n---\nrest", 1, "a", NULL, "", "rest"},
    {"\xef\xbb\xbf---\nstart: a\n---\n", 1, "a", NULL, "", ""},
    {"---\nstart: @tomorrow 2am UTC # at night\nend: '@it''s'\n---\n", 1, "@tomorrow 2am UTC",
     "@it's", "", ""},
    {"---\nstart: @it's 2am\n---\n", 1, "@it's 2am", NULL, "", ""},
    {"---\nstart: \"2025-11-15 02:00\"\nend: '+2h'\n---\n", 1, "2025-11-15 02:00", "+2h", "",
     ""},
    {"---\nstart: a # with words\n# a line\nend: b\n---\n", 1, "a", "b", "", ""},
    {"---\ntype: maintenance\nunknown: {deep: [1, {more: x}], y: z}\nstart: a\n---\n", 1, "a",
     NULL, "", ""},
    {"---\n---\nrest", 1, NULL, NULL, "", "rest"},
    {"---\nsystems:\n  - \xe6\x97\xa5\xe6\x9c\xac\n---\n", 1, NULL, NULL,
     "\xe6\x97\xa5\xe6\x9c\xac", ""},
    /* none */
    {"", 0, NULL, NULL, "", ""},
    {"Words.\n---\nstart: a\n---\n", 0, NULL, NULL, "", "Words.\n---\nstart: a\n---\n"},
    {"---\nstart: a\n", 0, NULL, NULL, "", "---\nstart: a\n"},
    {"----\nstart: a\n----\n", 0, NULL, NULL, "", "----\nstart: a\n----\n"},
    /* refused */
    {"---\nstart: &x a\nend: *x\n---\nrest", -1, NULL, NULL, NULL, "rest"},
    {"---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: !!python/object a\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: [a, b]\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: {a: b}\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nsystems:\n  - [api]\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nsystems: {api: web}\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: a\nstart: b\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\n- a\n- b\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nwords alone\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: \"open\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: \"a\\0b\"\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\nstart: \xff\xfe\n---\n", -1, NULL, NULL, NULL, ""},
    {"---\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n---\n", -1, NULL, NULL, NULL, ""},
};

static void same(size_t i, const char *what, const char *got, const char *want)
{
    if ((!got != !want) || (got && strcmp(got, want) != 0))
        fail_msg("case %zu: %s is '%s', not '%s'", i, what, got ? got : "(none)",
                 want ? want : "(none)");
}

static void front_matter_is_what_the_table_says(void **)
{
    char error[200], systems[200];
    struct front_matter f;
    size_t i;
    int k;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arena *memory = NULL;
        int rc = front_matter_read(&f, &memory, cases[i].text, error, sizeof(error));

        if (rc != cases[i].rc)
            fail_msg("case %zu: %d, not %d: %s", i, rc, cases[i].rc, rc < 0 ? error : "");
        same(i, "the rest", f.rest, cases[i].rest);
        if (rc >= 0) {
            systems[0] = '\0';
            for (k = 0; k < f.systems; k++) {
                strcat(systems, k ? "|" : "");
                strcat(systems, f.system[k]);
            }
            same(i, "start", f.start, cases[i].start);
            same(i, "end", f.end, cases[i].end);
            same(i, "systems", systems, cases[i].systems);
        }
        arena_free(&memory);
    }
}

static void what_is_too_much_is_refused(void **)
{
    struct arena *memory = NULL;
    struct front_matter f;
    char *text = malloc(40000), error[200];
    int i, n = sprintf(text, "---\nsystems:\n");

    for (i = 0; i <= FRONT_SYSTEMS_MAX; i++)
        n += sprintf(text + n, " - s%d\n", i);
    strcpy(text + n, "---\n");
    assert_int_equal(front_matter_read(&f, &memory, text, error, sizeof(error)), -1);

    n = sprintf(text, "---\nstart: ");
    memset(text + n, 'x', FRONT_VALUE_MAX + 1);
    strcpy(text + n + FRONT_VALUE_MAX + 1, "\n---\n");
    assert_int_equal(front_matter_read(&f, &memory, text, error, sizeof(error)), -1);

    n = sprintf(text, "---\nx: ");
    memset(text + n, 'x', FRONT_MATTER_MAX);
    strcpy(text + n + FRONT_MATTER_MAX, "\n---\nrest");
    assert_int_equal(front_matter_read(&f, &memory, text, error, sizeof(error)), -1);
    assert_string_equal(f.rest, "rest");
    arena_free(&memory);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(front_matter_is_what_the_table_says),
        cmocka_unit_test(what_is_too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
