#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf.h"

struct all {
    char *name;
    int count;
    bool on;
    long keep;
    struct conf_list nets;
};

static const struct conf_key keys[] = {
    {"name", CONF_TEXT, offsetof(struct all, name), "somebody", 1, 20},
    {"count", CONF_INT, offsetof(struct all, count), "2", 0, 64},
    {"on", CONF_BOOL, offsetof(struct all, on), "no", 0, 0},
    {"keep", CONF_TIME, offsetof(struct all, keep), "6h", 60, 86400},
    {"net", CONF_LIST, offsetof(struct all, nets), NULL, 0, 0},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

static int read_text(const char *text, size_t n, struct all *all, struct conf_error *e)
{
    char path[] = "/tmp/tocsin-conf.XXXXXX";
    int fd = mkstemp(path), r;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
    memset(all, 0, sizeof(*all));
    r = conf_read(path, keys, all, e);
    unlink(path);
    return r;
}

static void what_is_said_wins_over_defaults(void **)
{
    static const char text[] = "# a comment\n"
                               "\n"
                               "  name = \"a \\\"quoted\\\" # name\"  # why\r\n"
                               "count=7 # seven\n"
                               "\ton\t=\tyes\n"
                               "net = 10.0.0.0/8\n"
                               "net = fd00::/8\n"
                               "keep = 2h"; /* no line end */
    struct conf_error e;
    struct all all;

    assert_int_equal(read_text(text, sizeof(text) - 1, &all, &e), 0);
    assert_string_equal(all.name, "a \"quoted\" # name");
    assert_int_equal(all.count, 7);
    assert_true(all.on);
    assert_int_equal(all.keep, 7200);
    assert_int_equal(all.nets.n, 2);
    assert_string_equal(all.nets.item[1], "fd00::/8");
    conf_free(keys, &all);
}

static void without_a_file_defaults_hold(void **)
{
    struct all all = {0};
    struct conf_error e;

    assert_int_equal(conf_read(NULL, keys, &all, &e), 0);
    assert_string_equal(all.name, "somebody");
    assert_int_equal(all.count, 2);
    assert_false(all.on);
    assert_int_equal(all.keep, 6 * 3600);
    conf_free(keys, &all);
}

static void what_is_wrong_is_refused_with_its_line(void **)
{
    static const struct {
        const char *text;
        int line;
        const char *says;
    } cases[] = {
        {"cuont = 3\n", 1, "unknown key 'cuont'"},
        {"\n\ncount = 3\ncount = 4\n", 4, "there twice"},
        {"count = 65\n", 1, "from 0 to 64"},
        {"count = -1\n", 1, "from 0 to 64"},
        {"count = 3x\n", 1, "whole number"},
        {"count = 99999999999999999999\n", 1, "whole number"},
        {"count =\n", 1, "whole number"},
        {"on = true\n", 1, "yes or no"},
        {"keep = 5\n", 1, "number with s, m, h or d"},
        {"keep = 30s\n", 1, "from 60s"},
        {"keep = 106751991167301d\n", 1, "number with"},
        {"name = \"open\n", 1, "quote is not closed"},
        {"name = \"a\" b\n", 1, "after the closing quote"},
        {"name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1, "1 to 20 characters"},
        {"name\n", 1, "key = value"},
        {"= 3\n", 1, "key = value"},
        {"net =\n", 1, "is empty"},
        {"name = a\001b\n", 1, "control character"},
    };
    struct conf_error e;
    struct all all;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_text(cases[i].text, strlen(cases[i].text), &all, &e), -1);
        conf_free(keys, &all);
        assert_int_equal(e.line, cases[i].line);
        if (!strstr(e.text, cases[i].says))
            fail_msg("case %zu says \"%s\"", i, e.text);
    }
    assert_int_equal(read_text("name = a\0b\ncount = 1\n", 20, &all, &e), -1);
    conf_free(keys, &all);
    assert_int_equal(e.line, 1);
    memset(&all, 0, sizeof(all));
    assert_int_equal(conf_read("/nonexistent/tocsin", keys, &all, &e), -1);
    conf_free(keys, &all);
    assert_int_equal(e.line, 0);
    assert_non_null(strstr(e.text, "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_wins_over_defaults),
        cmocka_unit_test(without_a_file_defaults_hold),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
