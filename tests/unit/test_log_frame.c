/* log_frame: from Docker's frames to lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "log_frame.h"

#define T                     "2026-11-21T10:00:00.000000007Z "
#define U                     "2026-11-21T10:00:01.5Z "
#define BYTES(s)              s, sizeof(s) - 1
#define F(stream, size, text) stream "\0\0\0\0\0\0" size text

static buf said;

static bool on_line(void *, bool err, int64_t ns, const struct log_line *line)
{
    char head[64];

    snprintf(head, sizeof(head), "%s%lld:", err ? "E" : "O",
             (long long)(ns - 1795255200000000000LL));
    buf_puts(&said, head);
    buf_add(&said, line->text, line->len);
    buf_puts(&said, line->cut ? "+|" : "|");
    return true;
}

static const struct {
    const char *what;
    bool tty;
    const char *bytes;
    size_t n;
    const char *lines;
    bool broken;
} streams[] = {
    {"a line", false, BYTES(F("\1", "\x22", T "hi\n")), "O7:hi|", false},
    {"both streams", false, BYTES(F("\1", "\x22", T "hi\n") F("\2", "\x1a", U "no\n")),
     "O7:hi|E1500000000:no|", false},
    {"a long line in parts", false,
     BYTES(F("\1", "\x21", T "hi") F("\2", "\x1a", U "no\n") F("\1", "\x1b", U "you\n")),
     "E1500000000:no|O7:hiyou|", false},
    {"an empty line", false, BYTES(F("\1", "\x20", T "\n")), "O7:|", false},
    {"two in a frame", false, BYTES(F("\1", "\x42", T "a\n" T "b\n")), "O7:a|O7:b|", false},
    {"no time in it", false, BYTES(F("\1", "\x0a", "plain text") F("\1", "\x01", "\n")),
     "O-1795255200000000000:plain text|", false},
    {"an empty frame", false, BYTES(F("\1", "\0", "") F("\1", "\x22", T "hi\n")), "O7:hi|",
     false},
    {"a terminal", true, BYTES(T "hi\r\n" U "ho\n"), "O7:hi|O1500000000:ho|", false},
    {"no frames", false, BYTES(T "hi\n"), "", true},
    {"a stream that is none", false, BYTES(F("\3", "\x22", T "hi\n")), "", true},
    {"a frame of 4 GB", false, BYTES("\1\0\0\0\xff\xff\xff\xff" T "hi\n"), "", true},
};

static void frames_become_lines_in_pieces_of_any_size(void **)
{
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
        for (size_t step = 1; step < 200; step += 13) {
            struct log_frame f = {.tty = streams[i].tty, .line = on_line};

            buf_clear(&said);
            for (size_t k = 0; k < streams[i].n; k += step)
                log_frame_feed(&f, streams[i].bytes + k,
                               streams[i].n - k < step ? streams[i].n - k : step);
            if (strcmp(buf_end(&said), streams[i].lines) || f.broken != streams[i].broken)
                fail_msg("%s, %zu bytes at a time: %s", streams[i].what, step, said.data);
            log_frame_free(&f);
        }
}

static void a_line_that_never_ends_takes_bounded_room(void **)
{
    struct log_frame f = {.tty = true, .line = on_line};
    char block[4096];

    memset(block, 'x', sizeof(block));
    buf_clear(&said);
    log_frame_feed(&f, BYTES(T));
    for (int i = 0; i < 1000; i++)
        log_frame_feed(&f, block, sizeof(block));
    assert_true(f.half[0].text.size <= 4 * LOG_TEXT_MAX);
    log_frame_feed(&f, "\n", 1);
    assert_int_equal(said.len, LOG_TEXT_MAX + 5);
    log_frame_free(&f);
}

static const struct {
    const char *text;
    int64_t ns;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-21T10:00:00.123456789Z", 1795255200123456789LL},
    {"2026-11-21T10:00:00.12Z", 1795255200120000000LL},
    {"2026-11-21T10:00:00.1234567899Z", -1},
    {"2026-11-21T10:00:00", -1},
    {"2026-11-21 10:00:00.1Z", -1},
    {"hello", -1},
    {"", -1},
};

static void times_have_nanoseconds(void **)
{
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (log_frame_time(times[i].text, strlen(times[i].text)) != times[i].ns)
            fail_msg("%s", times[i].text);
}

static int end(void **)
{
    buf_free(&said);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_become_lines_in_pieces_of_any_size),
        cmocka_unit_test(a_line_that_never_ends_takes_bounded_room),
        cmocka_unit_test(times_have_nanoseconds),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
