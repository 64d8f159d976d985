/* The shortcut for lines as we write them takes nothing that line_read() reads otherwise. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "line.h"
#include "store_in.h"

#define ROOM 4096
#define REST 80 /* behind the line, for one near the end of what was read is left alone */

static const char *const usual[] = {
    "{\"t\":1699123456789,\"svc\":\"api\",\"state\":\"up\",\"code\":200,\"lat\":145}",
    "{\"t\":1699123756789,\"svc\":\"web\",\"state\":\"down\",\"code\":0,\"lat\":2500,"
    "\"err\":\"Timeout\"}",
    "{\"t\":9999999999999,\"svc\":\"a much longer name\",\"state\":\"maintenance\","
    "\"code\":9999999,\"lat\":9999999,\"err\":\"Zeit\xc3\xbc\"}",
    "{\"t\":1000000000000,\"svc\":\"B\xc3\xbcro\",\"state\":\"degraded\",\"code\":1,\"lat\":"
    "0}",
};
#define USUAL (sizeof(usual) / sizeof(*usual))

/* Whether the line was taken, having compared. The bytes end where they are allocated. */
static bool takes(struct store *s, const char *text, size_t len)
{
    struct rows rows = {0};
    char *data = malloc(len + 1 + REST);
    const char *stop;
    buf scratch = {0};
    struct line line;
    bool taken;

    assert_non_null(data);
    memcpy(data, text, len);
    data[len] = '\n';
    memset(data + len + 1, '!', REST);
    stop = store_own_lines(s, &rows, data, data + len + 1 + REST);
    if (rows.n > 0) {
        const struct row *row = &rows.row[0];
        const struct name *name = &s->names.item[row->svc];

        assert_int_equal(rows.n, 1);
        assert_ptr_equal(stop, data + len + 1);
        assert_true(line_read(data, len, &line, &scratch));
        assert_int_equal(row->t, line.t);
        assert_int_equal(row->state, line.state);
        assert_int_equal(row->code, line.code);
        assert_int_equal(row->lat, line.lat);
        assert_int_equal(name->len, line.svc_len);
        assert_memory_equal(name->text, line.svc, line.svc_len);
        assert_int_equal(row->err != NULL, line.err != NULL);
        if (line.err) {
            assert_int_equal(strlen(row->err), line.err_len);
            assert_memory_equal(row->err, line.err, line.err_len);
        }
    }
    else
        assert_ptr_equal(stop, data);
    free(data);
    buf_free(&scratch);
    taken = rows.n > 0;
    rows_free(&rows);
    return taken;
}

static void our_lines_are_taken(void **)
{
    struct store s = {0};

    for (int again = 0; again < 3; again++)
        for (size_t i = 0; i < USUAL; i++)
            assert_true(takes(&s, usual[i], strlen(usual[i])));
    names_free(&s.names);
}

/* A name that has a quote in it has the bytes of two keys. */
static void a_name_with_a_quote_is_not_told_by_its_bytes(void **)
{
    static const char name[] = "a\",\"state\":\"up";
    static const char line[] = "{\"t\":1699123456789,\"svc\":\"a\",\"state\":\"up\","
                               "\"state\":\"down\",\"code\":200,\"lat\":145}";
    struct store s = {0};

    names_id(&s.names, name, strlen(name));
    names_id(&s.names, name, strlen(name));
    assert_false(takes(&s, line, strlen(line)));
    names_free(&s.names);
}

/* One to three bytes are put in, left out or changed. */
static size_t changed(uint64_t *random, const char *text, char *out)
{
    static const char bytes[] = "0123456789-+.eE \",:{}\\tupsvcode\xc3\xbc\xff\n\r\t";
    size_t len = strlen(text);

    memcpy(out, text, len);
    for (int n = 1 + (int)(*random >> 60) % 3; n > 0; n--) {
        size_t at;
        char byte;

        *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at = (*random >> 40) % len;
        byte = bytes[(*random >> 33) % sizeof(bytes)]; /* the zero, too */
        switch ((*random >> 30) % 3) {
        case 0:
            memmove(out + at + 1, out + at, len - at);
            len++;
            out[at] = byte;
            break;
        case 1:
            memmove(out + at, out + at + 1, len - at - 1);
            len--;
            break;
        default:
            out[at] = byte;
        }
    }
    return len;
}

static void what_was_changed_is_read_the_same_or_left_alone(void **)
{
    struct store s = {0};
    uint64_t random = 1;
    char line[ROOM];
    long took = 0;

    for (int i = 0; i < 200000; i++) {
        size_t len = changed(&random, usual[i % USUAL], line);

        if (!memchr(line, '\n', len))
            took += takes(&s, line, len);
    }
    assert_true(took > 1000);
    names_free(&s.names);
}

static void what_is_cut_off_is_left_alone(void **)
{
    struct store s = {0};

    for (size_t i = 0; i < USUAL; i++)
        for (size_t len = 0; len < strlen(usual[i]); len++) {
            struct rows rows = {0};
            char *data = malloc(len + 1);

            assert_non_null(data);
            memcpy(data, usual[i], len);
            assert_ptr_equal(store_own_lines(&s, &rows, data, data + len), data);
            assert_int_equal(rows.n, 0);
            free(data);
            rows_free(&rows);
        }
    names_free(&s.names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_lines_are_taken),
        cmocka_unit_test(a_name_with_a_quote_is_not_told_by_its_bytes),
        cmocka_unit_test(what_was_changed_is_read_the_same_or_left_alone),
        cmocka_unit_test(what_is_cut_off_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
