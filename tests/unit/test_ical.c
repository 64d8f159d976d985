/* ical: lines, folding and escapes of RFC 5545. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ical.h"

static const struct ical_event event = {
    .uid = "occurrence-7@status.example.org",
    .stamp = "2026-03-01T09:00:00.000Z",
    .starts = "2026-03-29T01:30:00.000Z",
    .ends = "2026-03-29T02:30:00.250Z",
    .summary = "Disks",
    .sequence = 3,
};

static void an_event_is_these_lines(void **)
{
    buf t = {0};

    ical_event(&t, &event);
    assert_string_equal(buf_end(&t), "BEGIN:VEVENT\r\n"
                                     "UID:occurrence-7@status.example.org\r\n"
                                     "DTSTAMP:20260301T090000Z\r\n"
                                     "DTSTART:20260329T013000Z\r\n"
                                     "DTEND:20260329T023000Z\r\n"
                                     "SEQUENCE:3\r\n"
                                     "STATUS:CONFIRMED\r\n"
                                     "TRANSP:TRANSPARENT\r\n"
                                     "SUMMARY:Disks\r\n"
                                     "END:VEVENT\r\n");
    buf_free(&t);
}

static void a_calendar_begins_and_ends(void **)
{
    buf t = {0};

    ical_begin(&t, "Ours; theirs");
    ical_end(&t);
    assert_non_null(strstr(buf_end(&t), "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"));
    assert_non_null(strstr(buf_end(&t), "X-WR-CALNAME:Ours\\; theirs\r\n"));
    assert_non_null(strstr(buf_end(&t), "\r\nEND:VCALENDAR\r\n"));
    buf_free(&t);
}

/* What a stranger wrote stays inside its property. */
static void text_is_escaped(void **)
{
    struct ical_event e = event;
    buf t = {0};

    e.summary = "a,b;c\\d\r\nEND:VEVENT\x01\x7f";
    ical_event(&t, &e);
    assert_non_null(
        strstr(buf_end(&t), "\r\nSUMMARY:a\\,b\\;c\\\\d\\nEND:VEVENT\r\nEND:VEVENT\r\n"));
    buf_free(&t);
}

static void a_moment_has_no_end(void **)
{
    struct ical_event e = event;
    buf t = {0};

    e.ends = "2026-03-29T01:30:00.999Z";
    ical_event(&t, &e);
    assert_null(strstr(buf_end(&t), "DTEND"));
    buf_free(&t);
}

/* Unfolded, a text of any length is what it was, and no line is cut inside a character. */
static void long_lines_are_folded(void **)
{
    static const char *const letters[] = {"x", "ü", "漢", "😀"};
    char text[600], got[900];

    for (int n = 0; n < 4; n++)
        for (int count = 1; count < 140; count++) {
            struct ical_event e = event;
            buf t = {0};
            const char *line, *end;
            size_t len = 0;

            text[0] = '\0';
            for (int i = 0; i < count; i++)
                strcat(text, letters[n]);
            e.summary = text;
            ical_event(&t, &e);
            for (line = strstr(buf_end(&t), "SUMMARY:"); strncmp(line, "END", 3);
                 line = end + 2) {
                end = strstr(line, "\r\n");
                assert_in_range(end - line, 1, 75);
                assert_int_not_equal((unsigned char)line[line[0] == ' '] & 0xc0, 0x80);
                memcpy(got + len, line + (len > 0), (size_t)(end - line) - (len > 0));
                len += (size_t)(end - line) - (len > 0);
            }
            got[len] = '\0';
            assert_string_equal(got + 8, text);
            buf_free(&t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_these_lines),
        cmocka_unit_test(a_calendar_begins_and_ends),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(a_moment_has_no_end),
        cmocka_unit_test(long_lines_are_folded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
