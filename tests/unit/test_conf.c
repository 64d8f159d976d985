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

struct part {
    char *id;
    int count, line;
    struct conf_pairs env;
};

struct parts {
    struct part of[4];
    int n, ended;
};

static const struct conf_key part_keys[] = {
    {"count", CONF_INT, offsetof(struct part, count), "1", 0, 9},
    {"env", CONF_PAIRS, offsetof(struct part, env), NULL, 0, 0},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

static void *begin_part(void *arg, const char *id, struct conf_error *e)
{
    struct parts *parts = arg;
    struct part *p = &parts->of[parts->n];

    if (parts->n == 4 || !*id) {
        snprintf(e->text, sizeof(e->text), "no such part");
        return NULL;
    }
    parts->n++;
    p->id = strdup(id);
    p->line = e->line;
    return p;
}

static int check_part(void *, void *section, const char *key, const char *name,
                      const char *value, struct conf_error *e)
{
    if (!section == !strcmp(key, "name") && !(name && strcmp(value, "bad") == 0))
        return 0;
    snprintf(e->text, sizeof(e->text), "not fit");
    return -1;
}

static int end_part(void *arg, void *section, struct conf_error *e)
{
    struct parts *parts = arg;
    const struct part *p = section;

    parts->ended++;
    if (p->count != 9)
        return 0;
    snprintf(e->text, sizeof(e->text), "nine is too many");
    return -1;
}

static int read_parts(const char *text, struct all *all, struct parts *parts,
                      struct conf_error *e)
{
    const struct conf_sections how = {keys,       all,        "part",   part_keys,
                                      begin_part, check_part, end_part, parts};
    FILE *f = fmemopen((void *)text, strlen(text), "r");
    int r;

    memset(all, 0, sizeof(*all));
    memset(parts, 0, sizeof(*parts));
    r = conf_read_sections(f, &how, e);
    fclose(f);
    return r;
}

static void parts_free(struct all *all, struct parts *parts)
{
    conf_free(keys, all);
    for (int i = 0; i < parts->n; i++) {
        conf_free(part_keys, &parts->of[i]);
        free(parts->of[i].id);
    }
}

static void sections_have_keys_of_their_own(void **)
{
    static const char text[] = "name = x\n[part one] # the first\ncount = 3\n"
                               "env a = /x # y\nenv\tb\t=\t\"/z w\"\n\n"
                               " [ part two ]\n[part  two words]\ncount = 2";
    struct conf_error e;
    struct parts parts;
    struct all all;

    /* a blank before the word is none of ours */
    assert_int_equal(read_parts(text, &all, &parts, &e), -1);
    assert_int_equal(e.line, 7);
    parts_free(&all, &parts);
    assert_int_equal(read_parts("[part one]\n[part  two words ]\ncount = 2\nenv a = b\n"
                                "env c = d",
                                &all, &parts, &e),
                     0);
    assert_int_equal(parts.n, 2);
    assert_int_equal(parts.ended, 2);
    assert_string_equal(all.name, "somebody");
    assert_int_equal(parts.of[0].count, 1);
    assert_string_equal(parts.of[1].id, "two words");
    assert_int_equal(parts.of[1].count, 2);
    assert_int_equal(parts.of[1].line, 2);
    assert_int_equal(parts.of[1].env.n, 2);
    assert_string_equal(parts.of[1].env.item[1].name, "c");
    assert_string_equal(parts.of[1].env.item[1].value, "d");
    parts_free(&all, &parts);
}

static void what_is_wrong_with_sections_has_a_line(void **)
{
    static const struct {
        const char *text;
        int line;
        const char *says;
    } cases[] = {
        {"[part a]\n[other b]\n", 2, "expected '[part NAME]'"},
        {"[parta]\n", 1, "expected '[part NAME]'"},
        {"[part a\n", 1, "expected '[part NAME]'"},
        {"[part a] b\n", 1, "expected '[part NAME]'"},
        {"[part ]\n", 1, "no such part"},
        {"[part a]\ncount = 9\n\n[part b]\n", 1, "nine is too many"},
        {"\n[part a]\ncount = 9\n", 2, "nine is too many"},
        {"[part a]\nname = x\n", 2, "unknown key 'name'"},
        {"count = 3\n", 1, "not fit"},
        {"[part a]\nenv x = bad\n", 2, "not fit"},
        {"[part a]\nenv = y\n", 2, "expected 'env NAME = value'"},
        {"[part a]\nenv x =\n", 2, "'env x' is empty"},
        {"[part a]\nenv x = 1\nenv x = 2\n", 3, "'env x' is there twice"},
        {"[part a]\ncount x = 1\n", 2, "expected 'count = value'"},
        {"[part a]\ncount = 1\n[part b]\ncount = 1\ncount = 1\n", 5, "there twice"},
    };
    struct conf_error e;
    struct parts parts;
    struct all all;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_parts(cases[i].text, &all, &parts, &e), -1);
        parts_free(&all, &parts);
        if (e.line != cases[i].line || !strstr(e.text, cases[i].says))
            fail_msg("case %zu says \"%s\" of line %d", i, e.text, e.line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_wins_over_defaults),
        cmocka_unit_test(without_a_file_defaults_hold),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(sections_have_keys_of_their_own),
        cmocka_unit_test(what_is_wrong_with_sections_has_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
