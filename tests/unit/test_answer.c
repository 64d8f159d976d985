/* Answers of the gateway are read whole, in pieces, and not at all when they are none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "answer.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *bytes, *body;
    int status, complete; /* complete: once the connection has closed */
} cases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, 1},
    {"HTTP/1.0 404 Not Found\r\ncontent-length:2 \r\n\r\nno more", "no", 404, 1},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", 200, 1},
    {"HTTP/1.1 200\n\nbare line feeds", "bare line feeds", 200, 1},
    {"HTTP/1.1 204 No Content\r\n\r\n", "", 204, 1},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, 1},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "short", 200, 0},
    {CHUNKED "5\r\nhello\r\n0\r\n\r\n", "hello", 200, 1},
    {CHUNKED "5;x=y\r\nhello\r\nA\r\n, you all!\r\n0\r\nT: x\r\n\r\n", "hello, you all!", 200,
     1},
    {CHUNKED "5\r\nhel", "hel", 200, 0},
    {CHUNKED "5\r\nhello\r\n0\r\n", "hello", 200, 0},
    {"HTTP/1.1 200 OK\r\nTransf", "", 0, 0},
    {"", "", 0, 0},
};

/* Each of them at once, and byte by byte. */
static void answers_are_read(void **)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (size_t step = 1; step <= 4096; step += 4095) {
            size_t len = strlen(cases[i].bytes), got = 0;
            char body[256] = "", piece[4096];
            struct answer a;

            answer_init(&a);
            for (size_t at = 0; at < len; at += step) {
                size_t n = len - at < step ? len - at : step;
                ssize_t m;

                memcpy(piece, cases[i].bytes + at, n);
                m = answer_take(&a, piece, n);
                assert_true(m >= 0);
                memcpy(body + got, piece, (size_t)m);
                got += (size_t)m;
            }
            assert_int_equal(a.status, cases[i].status);
            assert_string_equal(body, cases[i].body);
            assert_int_equal(answer_close(&a), cases[i].complete);
        }
    }
}

static void what_is_none_is_refused(void **)
{
    static const char *const bad[] = {
        "hello\n",
        "HTTP/2 200\r\n",
        "HTTP/1.1 100 Continue\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 99 OK\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
        CHUNKED "x\r\n",
        CHUNKED "\r\n",
        CHUNKED "-5\r\n",
        CHUNKED "fffffffffffffffff\r\n",
        CHUNKED "5\r\nhelloXX\r\n",
    };
    char text[256];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct answer a;

        answer_init(&a);
        strcpy(text, bad[i]);
        if (answer_take(&a, text, strlen(text)) >= 0)
            fail_msg("taken: %s", bad[i]);
    }
}

static void heads_have_a_limit(void **)
{
    char text[ANSWER_HEAD_MAX + 64];
    struct answer a;

    answer_init(&a);
    memset(text, 'x', sizeof(text));
    memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
    assert_int_equal(answer_take(&a, text, sizeof(text)), -1);
    answer_init(&a);
    memcpy(text, "HTTP/1.1 200\0OK\r\n", 17);
    assert_int_equal(answer_take(&a, text, 17), -1);
}

static void headers_are_kept(void **)
{
    char text[] =
        "HTTP/1.1 503 Busy\r\nContent-Type: Application/JSON; charset=x\r\nETag: \"7-a\"\r\n"
        "Retry-After: 3\r\n\r\n";
    struct answer a;

    answer_init(&a);
    assert_int_equal(answer_take(&a, text, strlen(text)), 0);
    assert_string_equal(a.type, "application/json");
    assert_string_equal(a.etag, "\"7-a\"");
    assert_int_equal(a.retry_after, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(heads_have_a_limit),
        cmocka_unit_test(headers_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
