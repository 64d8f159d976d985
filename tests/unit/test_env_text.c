/* env_text: what a file says, and what it is after an edit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "env_text.h"

/* Entries as "line:key=value" with x for export and the quotes' kind, problems as lines. */
static const struct {
    const char *text, *entries, *problems;
} readings[] = {
    {"", "", ""},
    {"# c\n\n  ; d\n", "", ""},
    {"A=1\nB=two\n", "1:A=1|2:B=two|", ""},
    {"A=1\r\nB=2", "1:A=1|2:B=2|", ""},
    {"A=", "1:A=|", ""},
    {"A='a b'\nB=\"a b\"", "1:A='a b|2:B=\"a b|", ""},
    {"A='a\\n$b`'", "1:A='a\\n$b`|", ""},
    {"A=\"q\\\"d\\$e\\`f\\\\g\\nh\"", "1:A=\"q\"d$e`f\\g\\nh|", ""},
    {"A='one\ntwo'\nB=1", "1:A='one\ntwo|3:B=1|", ""},
    {"A=one\\\ntwo\nB=1", "1:A=onetwo|3:B=1|", ""},
    {"export A=1\n", "1:A=1x|", "1 "},
    {"A = 1\n", "1:A=1|", "1 "},
    {"A=a b\n", "1:A=a b|", "1 "},
    {"A=a # why\n", "1:A=a|", "1 "},
    {"A=a#b\n", "1:A=a#b|", ""},
    {"A=#b\n", "1:A=#b|", ""},
    {"A= # b\n", "1:A=|", "1 "},
    {"A='x' # why\n", "1:A='x|", "1 "},
    {"A=\"x\"y\n", "1:A=xy|", "1 "},
    {"A=x\"y\"\n", "1:A=x\"y\"|", "1 "},
    {"A=1\nA=2\n", "1:A=1|2:A=2|", "1 "},
    {"A=x  \n", "1:A=x|", ""},
    {"no key\n1A=2\nA-B=3\n=4\nA=5\n", "5:A=5|", "1 2 3 4 "},
    {"\xef\xbb\xbf"
     "A=1\nB=2\n",
     "2:B=2|", "1 "},
    {"A='open\nB=2\n", "2:B=2|", "1 "},
    {"# goes on \\\nA=1\n", "2:A=1|", "1 "},
    {"A=\xe6\x97\xa5\xe6\x9c\xac\n", "1:A=\xe6\x97\xa5\xe6\x9c\xac|", ""},
};

static void entries_are_read_as_systemd_and_shells_do(void **)
{
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        char entries[500] = "", problems[100] = "";
        struct env_fail fail;
        struct env_text t;

        assert_int_equal(env_parse(&t, readings[i].text, strlen(readings[i].text), &fail), 0);
        for (int j = 0; j < t.n; j++) {
            const struct env_item *item = &t.item[j];

            if (item->kind == ENV_ENTRY)
                sprintf(entries + strlen(entries), "%d:%.*s=%.1s%s%s|", item->line,
                        (int)(item->name_end - item->name), t.bytes + item->name, &item->quote,
                        item->value, item->exported ? "x" : "");
        }
        for (int j = 0; j < t.nproblems; j++)
            sprintf(problems + strlen(problems), "%d ", t.problem[j].line);
        assert_string_equal(entries, readings[i].entries);
        assert_string_equal(problems, readings[i].problems);
        env_free(&t);
    }
}

static const struct {
    const char *text;
    size_t n;
    int line;
    const char *says;
} refusals[] = {
    {"A=1\nB=\0\n", 9, 2, "NUL"},
    {"A=\xff\n", 4, 1, "UTF-8"},
    {"A=1\n\nB=\xc0\xaf\n", 10, 3, "UTF-8"},
    {"A=\xed\xa0\x80\n", 6, 1, "UTF-8"},
    {"A=\xf4\x90\x80\x80\n", 7, 1, "UTF-8"},
    {"A=\xe6\x97", 4, 1, "UTF-8"},
};

static void bytes_that_are_no_text_are_refused_with_their_line(void **)
{
    struct env_fail fail;
    struct env_text t;
    char *large = malloc(ENV_MAX + 1);

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        assert_int_equal(env_parse(&t, refusals[i].text, refusals[i].n, &fail), -1);
        assert_int_equal(fail.line, refusals[i].line);
        assert_non_null(strstr(fail.text, refusals[i].says));
        env_free(&t);
    }
    memset(large, '\n', ENV_MAX + 1);
    assert_int_equal(env_parse(&t, large, ENV_MAX + 1, &fail), -1);
    env_free(&t);
    assert_int_equal(env_parse(&t, large, ENV_MAX, &fail), 0);
    assert_int_equal(t.lines, ENV_MAX);
    env_free(&t);
    free(large);
}

/* key NULL: value is a key to take away */
static const struct {
    const char *before, *key, *value, *after;
} edits[] = {
    {"A=1\n", "A", "2", "A=2\n"},
    {"A=1\n", "B", "2", "A=1\nB=2\n"},
    {"A=1", "B", "2", "A=1\nB=2"},
    {"", "B", "2", "B=2\n"},
    {"A=1\r\nB=2\r\n", "A", "x y", "A='x y'\r\nB=2\r\n"},
    {"A=1\r\n", "C", "3", "A=1\r\nC=3\r\n"},
    {"# a\n\nexport A='1'\n\n# b", "A", "2", "# a\n\nexport A='2'\n\n# b"},
    {"A=\"1\"\n", "A", "2", "A=\"2\"\n"},
    {"A=1\n", "A", "", "A=\n"},
    {"A='1'\n", "A", "", "A=''\n"},
    {"A=1\n", "A", "it's", "A=\"it's\"\n"},
    {"A=1\n", "A", "$HOME `id` \\ \"", "A='$HOME `id` \\ \"'\n"},
    {"A=1\n", "A", "it's $5 \"\\`", "A=\"it's \\$5 \\\"\\\\\\`\"\n"},
    {"A=1\n", "A", "~/x", "A='~/x'\n"},
    {"A=1\n", "A", "a#b", "A='a#b'\n"},
    {"A=1\n", "A", "http://h:1/p?q=%20", "A='http://h:1/p?q=%20'\n"},
    {"A=1\n", "A", "a=b,c:d@e/f.g-h+i%j", "A=a=b,c:d@e/f.g-h+i%j\n"},
    {"A=\"a b\"\n", "A", "a b", "A=\"a b\"\n"}, /* the same: not a byte changes */
    {"A=a\\ b\n", "A", "a b", "A=a\\ b\n"},
    {"A = 1\n", "A", "2", "A=2\n"},
    {"A=1 # why\n", "A", "2", "# why\nA=2\n"},
    {"A='1'  # why\n", "A", "2", "# why\nA='2'\n"},
    {"A=1\nA=2\n", "A", "3", "A=1\nA=3\n"}, /* the last one counts */
    {"A='one\ntwo'\nB=1\n", "A", "x", "A='x'\nB=1\n"},
    {"A=1\nodd line\nB=2\n", "B", "3", "A=1\nodd line\nB=3\n"},
    {"A=1\nB=2\nA=3\n", NULL, "A", "B=2\n"},
    {"A=1\nB=2", NULL, "B", "A=1\n"},
    {"A=1\n", NULL, "GONE", "A=1\n"},
    {"#A=1\n", NULL, "A", "#A=1\n"},
    {"A=1\n", "LANG", "\xe6\x97\xa5", "A=1\nLANG='\xe6\x97\xa5'\n"},
    {"A=1\n", "T", "a\tb", "A=1\nT='a\tb'\n"},
};

static void an_edit_changes_its_line_and_no_other(void **)
{
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        struct env_set set = {edits[i].key, edits[i].value, strlen(edits[i].value)};
        struct env_edit edit = {.set = &set, .nset = 1};
        struct env_fail fail = {.line = 0};
        struct env_text t;
        buf out = {0};

        if (!edits[i].key)
            edit = (struct env_edit){.unset = &edits[i].value, .nunset = 1};
        assert_int_equal(env_parse(&t, edits[i].before, strlen(edits[i].before), &fail), 0);
        if (env_edit(&t, &edit, &out, &fail))
            fail_msg("%s: %s", edits[i].before, fail.text);
        assert_string_equal(buf_end(&out), edits[i].after);
        buf_free(&out);
        env_free(&t);
    }
}

static const struct {
    const char *before, *key, *value;
    size_t n;
    int line;
    const char *says;
} bad_edits[] = {
    {"A=1\n", "1A", "x", 1, 0, "digit"},
    {"A=1\n", "", "x", 1, 0, "letters"},
    {"A=1\n", "A B", "x", 1, 0, "letters"},
    {"A=1\n", "A=B", "x", 1, 0, "letters"},
    {"A=1\n", "\xc3\xa4", "x", 1, 0, "letters"},
    {"A=1\n", "B", "x\ny", 3, 0, "line break"},
    {"A=1\n", "B", "x\ry", 3, 0, "line break"},
    {"A=1\n", "B", "x\0y", 3, 0, "NUL"},
    {"A=1\n", "B", "\x1b[31m", 5, 0, "control"},
    {"A=1\n", "B", "\xff", 1, 0, "UTF-8"},
    {"A=1\nB='open\n", "C", "x", 1, 2, "never closed"},
    {"A=1\\", "C", "x", 1, 2, "goes on"},
};

static void a_bad_edit_is_refused_with_its_key(void **)
{
    for (size_t i = 0; i < sizeof(bad_edits) / sizeof(bad_edits[0]); i++) {
        struct env_set set = {bad_edits[i].key, bad_edits[i].value, bad_edits[i].n};
        struct env_edit edit = {.set = &set, .nset = 1};
        struct env_fail fail = {.line = 0};
        struct env_text t;
        buf out = {0};

        assert_int_equal(
            env_parse(&t, bad_edits[i].before, strlen(bad_edits[i].before), &fail), 0);
        assert_int_equal(env_edit(&t, &edit, &out, &fail), -1);
        assert_int_equal(fail.line, bad_edits[i].line);
        if (!strstr(fail.text, bad_edits[i].says))
            fail_msg("%zu: %s", i, fail.text);
        buf_free(&out);
        env_free(&t);
    }
}

static void a_key_twice_in_a_request_is_refused(void **)
{
    struct env_set set[] = {{"B", "1", 1}, {"A", "2", 1}};
    const char *unset[] = {"B"};
    struct env_edit edit = {.set = set, .nset = 2, .unset = unset, .nunset = 1};
    struct env_fail fail;
    struct env_text t;
    buf out = {0};

    assert_int_equal(env_parse(&t, "A=1\n", 4, &fail), 0);
    assert_int_equal(env_edit(&t, &edit, &out, &fail), -1);
    assert_string_equal(fail.key, "B");
    buf_free(&out);
    env_free(&t);
}

/* What we write is read by a real shell as it was meant. */
static void a_shell_reads_what_was_set(void **)
{
    static const char *const values[] = {
        "",     "plain",        "two words", "it's",        "$HOME",
        "`id`", "a\\b",         "\"q\"",     "it's \"$x\"", "#",
        "~",    "!x",           "a;b",       "a&b",         "(x)",
        "*",    " ' $ ` \\ \" "};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        for (const char *like = "'\"-"; *like; like++) {
            char path[] = "/tmp/tocsin-env.XXXXXX", command[100], got[100] = "";
            int fd = mkstemp(path);
            FILE *f = fdopen(fd, "w"), *sh;
            buf out = {0};

            env_quote(&out, values[i], strlen(values[i]), *like == '-' ? 0 : *like);
            fprintf(f, "A=%s\n", buf_end(&out));
            fclose(f);
            snprintf(command, sizeof(command), ". %s; printf %%s \"$A\"", path);
            sh = popen(command, "r");
            got[fread(got, 1, sizeof(got) - 1, sh)] = '\0';
            assert_int_equal(pclose(sh), 0);
            assert_string_equal(got, values[i]);
            remove(path);
            buf_free(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_as_systemd_and_shells_do),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_with_their_line),
        cmocka_unit_test(an_edit_changes_its_line_and_no_other),
        cmocka_unit_test(a_bad_edit_is_refused_with_its_key),
        cmocka_unit_test(a_key_twice_in_a_request_is_refused),
        cmocka_unit_test(a_shell_reads_what_was_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
