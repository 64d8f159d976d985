/* env_mask: what is a secret, and that a mark never becomes a value. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "env_diff.h"
#include "env_mask.h"

#define M ENV_MARK

static const struct {
    const char *key;
    bool secret;
} keys[] = {
    {"SECRET", true},      {"DB_PASSWORD", true},
    {"API_KEY", true},     {"api_token", true},
    {"apiToken", true},    {"AWS_SECRET_ACCESS_KEY", true},
    {"KEY1", true},        {"TOKENS", true},
    {"JWT_PRIVATE", true}, {"SENTRY_DSN", true},
    {"MY_PWD", true},      {"BASIC_AUTH", true},
    {"CREDENTIALS", true}, {"CREDENTIAL_FILE", true},
    {"PASSES", false},     {"MONKEY", false},
    {"AUTHOR", false},     {"AUTHORITY", false},
    {"KEYBOARD", false},   {"COMPASS", false},
    {"PASSENGER", false},  {"DATABASE_URL", false},
    {"TOKENIZER", false},  {"", false},
    {"_", false},          {"KEY_", true},
    {"PGPASSWORD", true},
};

static void words_of_the_key_count_whole(void **)
{
    struct env_mask mask;

    env_mask_init(&mask, NULL);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (env_mask_key(&mask, keys[i].key, strlen(keys[i].key)) != keys[i].secret)
            fail_msg("%s", keys[i].key);
    env_mask_free(&mask);
    env_mask_init(&mask, "colour, SHAPE");
    assert_true(env_mask_key(&mask, "MY_COLOUR", 9));
    assert_true(env_mask_key(&mask, "SHAPES", 6));
    assert_false(env_mask_key(&mask, "PASSWORD", 8));
    env_mask_free(&mask);
}

static const struct {
    const char *text, *shown;
} texts[] = {
    {"A=1\nTOKEN=abc\n", "A=1\nTOKEN=" M "\n"},
    {"TOKEN='abc'\n", "TOKEN='" M "'\n"},
    {"export TOKEN=\"abc\" # why\n", "export TOKEN=\"" M "\" # why\n"},
    {"TOKEN=abc # d\n", "TOKEN=" M "\n"}, /* systemd takes it for a part */
    {"TOKEN=\n", "TOKEN=\n"},
    {"# TOKEN=old\n#\n", "# TOKEN=" M "\n#\n"},
    {"my-token=abc\n", "my-token=" M "\n"},
    {"URL=postgres://u:p@h/d\n", "URL=" M "\n"},
    {"URL=postgres://u@h/d\n", "URL=postgres://u@h/d\n"},
    {"URL=http://h:80/a@b\n", "URL=" M "\n"}, /* rather too much than too little */
    {"# see postgres://u:p@h/d\n", "# " M "\n"},
    {"KEY='a\r\nb\r\nc'\r\n", "KEY='" M "\r\n" M "\r\n" M "'\r\n"},
    {"CERT='-----BEGIN PRIVATE KEY-----\nx'\n", "CERT='" M "\n" M "'\n"},
    {"G='open\nTOKEN=abc\nX='\n", "G='" M "\n" M "\n" M "'\n"},
    {"TOKEN=\"open\nabc\nA=1\n", "TOKEN=" M "\n" M "\nA=1\n"},
    {"A=1\rTOKEN=2\n", "A=" M "\n"},
};

static void parse(struct env_text *t, const char *text)
{
    struct env_fail fail;

    assert_int_equal(env_parse(t, text, strlen(text), &fail), 0);
}

static void secrets_are_hidden_and_put_back(void **)
{
    struct env_mask mask;

    env_mask_init(&mask, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct env_fail fail = {.line = 0};
        struct env_text t;
        buf shown = {0}, back = {0};

        parse(&t, texts[i].text);
        env_mask_text(&mask, &t, &shown);
        assert_string_equal(buf_end(&shown), texts[i].shown);
        if (env_unmask(&mask, &t, shown.data, shown.len, &back, &fail))
            fail_msg("%s: %s", texts[i].text, fail.text);
        assert_string_equal(buf_end(&back), texts[i].text);
        buf_free(&shown);
        buf_free(&back);
        env_free(&t);
    }
    env_mask_free(&mask);
}

/* after NULL: refused, with the line */
static const struct {
    const char *before, *text, *after;
    int line;
} backs[] = {
    {"A=1\nTOKEN=x\n", "A=2\nTOKEN=" M "\n", "A=2\nTOKEN=x\n", 0},
    {"A=1\nTOKEN=x\n", "TOKEN=" M "\nA=1\n", "TOKEN=x\nA=1\n", 0},
    {"TOKEN=x\nB=1\n", "B=1\n", "B=1\n", 0},
    {"TOKEN=x\n", "TOKEN=new\n", "TOKEN=new\n", 0},
    {"TOKEN=x\r\nA=1\r\n", "TOKEN=" M "\nA=1\n", "TOKEN=x\nA=1\n", 0},
    {"TOKEN=x\n", "TOKEN=" M, "TOKEN=x", 0},
    {"A=" M "\nTOKEN=x\n", "A=" M "\nTOKEN=" M "\n", "A=" M "\nTOKEN=x\n", 0},
    {"TOKEN=x\nKEY=y\n", "KEY=" M "\nTOKEN=" M "\n", NULL, 2}, /* moved */
    {"TOKEN=x\n", "A=1\nOTHER=" M "\n", NULL, 2},              /* another name */
    {"TOKEN=x\n", "#TOKEN=" M "\n", NULL, 1},
    {"TOKEN=x\n", "TOKEN=" M "y\n", NULL, 1},
    {"TOKEN=x\n", "TOKEN='" M "'\n", NULL, 1},
    {"TOKEN=x\n", "TOKEN=" M "\nTOKEN=" M "\n", NULL, 2},
    {"TOKEN=x\nTOKEN=y\n", "TOKEN=" M "\n", NULL, 1}, /* which of both? */
    {"A=1\n", "A=" M "\n", NULL, 1},
    {"KEY='a\nb'\n", "KEY='" M "\n", NULL, 1},
};

static void a_mark_that_fits_nowhere_is_refused(void **)
{
    struct env_mask mask;

    env_mask_init(&mask, NULL);
    for (size_t i = 0; i < sizeof(backs) / sizeof(backs[0]); i++) {
        struct env_fail fail = {.line = 0};
        struct env_text t;
        buf back = {0};
        int r;

        parse(&t, backs[i].before);
        r = env_unmask(&mask, &t, backs[i].text, strlen(backs[i].text), &back, &fail);
        if ((r == 0) != (backs[i].after != NULL) || fail.line != backs[i].line)
            fail_msg("%zu: %d, line %d: %s", i, r, fail.line, fail.text);
        if (r == 0)
            assert_string_equal(buf_end(&back), backs[i].after);
        buf_free(&back);
        env_free(&t);
    }
    env_mask_free(&mask);
}

static void add_key(void *arg, enum env_change change, const char *key, size_t n)
{
    snprintf((char *)arg + strlen(arg), 50, "%c%.*s ", "+~-"[change], (int)n, key);
}

static const struct {
    const char *before, *after, *rows, *keys;
} diffs[] = {
    {"A=1\nB=2\nC=3\n", "A=1\nB=3\nC=3\n", " A=1|-B=2|+B=3| C=3|", "~B "},
    {"A=1\n", "A=1\nB=2\n", " A=1|+B=2|", "+B "},
    {"A=1\nB=2\n", "B=2\n", "-A=1| B=2|", "-A "},
    {"TOKEN=x\n", "TOKEN=y\n", "-TOKEN=" M "|+TOKEN=" M "|", "~TOKEN "},
    {"A=1\n", "A='1'\n", "-A=1|+A='1'|", ""}, /* the value is the same */
    {"A=1\n", "A=1", "-A=1|+A=1|", ""},
    {"", "", "", ""},
    {"1\n2\n3\n4\n", "2\n4\n5\n", "-1| 2|-3| 4|+5|", ""},
};

static void changes_are_shown_with_secrets_hidden(void **)
{
    struct env_mask mask;

    env_mask_init(&mask, NULL);
    for (size_t i = 0; i < sizeof(diffs) / sizeof(diffs[0]); i++) {
        char rows[500] = "", changed[200] = "";
        struct env_text a, b;
        struct env_diff diff;

        parse(&a, diffs[i].before);
        parse(&b, diffs[i].after);
        env_diff_make(&diff, &mask, &a, &b);
        for (int j = 0; j < diff.n; j++)
            sprintf(rows + strlen(rows), "%c%.*s|", diff.row[j].op, (int)diff.row[j].n,
                    diff.row[j].text);
        assert_string_equal(rows, diffs[i].rows);
        env_diff_keys(&a, &b, add_key, changed);
        assert_string_equal(changed, diffs[i].keys);
        env_diff_free(&diff);
        env_free(&a);
        env_free(&b);
    }
    env_mask_free(&mask);
}

/* All lines new, at the limit of what is read: no table of a million million cells. */
static void great_files_are_compared_in_time(void **)
{
    char *a = malloc(ENV_MAX), *b = malloc(ENV_MAX);
    struct env_text old, new;
    struct env_mask mask;
    struct env_diff diff;
    struct env_fail fail;
    size_t n = 0, m = 0;

    for (int i = 0; n < ENV_MAX - 20; i++) {
        n += (size_t)sprintf(a + n, "A%d=1\n", i);
        m += (size_t)sprintf(b + m, "B%d=1\n", i);
    }
    assert_int_equal(env_parse(&old, a, n, &fail), 0);
    assert_int_equal(env_parse(&new, b, m, &fail), 0);
    env_mask_init(&mask, NULL);
    env_diff_make(&diff, &mask, &old, &new);
    assert_int_equal(diff.n, old.lines + new.lines);
    env_diff_free(&diff);
    env_mask_free(&mask);
    env_free(&old);
    env_free(&new);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_the_key_count_whole),
        cmocka_unit_test(secrets_are_hidden_and_put_back),
        cmocka_unit_test(a_mark_that_fits_nowhere_is_refused),
        cmocka_unit_test(changes_are_shown_with_secrets_hidden),
        cmocka_unit_test(great_files_are_compared_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
