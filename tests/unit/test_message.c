#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "message.h"
#include "mime.h"

static const char down[] =
    "{\"event\":\"down\",\"monitor\":{\"id\":7,\"name\":\"Shop\",\"url\":\"https://"
    "shop.example/\"},"
    "\"incident\":{\"id\":3,\"started_at\":\"2026-11-21T03:00:00.000Z\"},\"status\":\"down\","
    "\"previous\":\"up\",\"at\":\"2026-11-21T03:00:00.000Z\",\"reason\":\"http_code\","
    "\"reason_text\":\"an unexpected status code\",\"message\":\"answered 503\",\"code\":503}";

static json_t *body_of(const char *text)
{
    json_t *body = json_loads(text, 0, NULL);

    assert_non_null(body);
    return body;
}

static void an_outage_is_told(void **)
{
    json_t *body = body_of(down), *doc;
    struct message m;

    assert_int_equal(
        message_make(&m, body, "https://x.example/ops", message_time("2026-11-21T03:01:05Z")),
        0);
    assert_string_equal(m.subject, "DOWN: Shop");
    assert_string_equal(m.link, "https://x.example/ops/monitors/?id=7");
    assert_string_equal(m.text, "Shop is down.\n\n"
                                "URL:      https://shop.example/\n"
                                "Since:    2026-11-21 03:00:00 UTC (for 1 min 5 s)\n"
                                "Reason:   answered 503 (an unexpected status code)\n"
                                "Answer:   HTTP 503\n"
                                "Incident: #3\n\n"
                                "https://x.example/ops/monitors/?id=7\n");
    doc = message_webhook(&m, body);
    assert_string_equal(json_string_value(json_object_get(doc, "type")), "monitor.down");
    assert_string_equal(json_string_value(json_object_get(doc, "timestamp")),
                        "2026-11-21T03:00:00.000Z");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(doc, "data"), "reason")),
        "http_code");
    json_decref(doc);
    message_free(&m);
    json_decref(body);
}

static void a_recovery_says_how_long_it_lasted(void **)
{
    json_t *body = body_of(down);
    struct message m;

    json_object_set_new(body, "event", json_string("up"));
    json_object_set_new(body, "at", json_string("2026-11-21T05:10:00.000Z"));
    json_object_set_new(body, "duration_s", json_integer(7800));
    assert_int_equal(message_make(&m, body, NULL, message_time("2026-11-21T09:00:00Z")), 0);
    assert_string_equal(m.subject, "UP: Shop (was down for 2 h 10 min)");
    assert_non_null(strstr(m.text, "Lasted:   2 h 10 min\n"));
    assert_null(m.link);
    assert_null(strstr(m.text, "Reason:"));
    message_free(&m);
    json_decref(body);
}

static void a_host_that_is_silent_and_back_is_told(void **)
{
    json_t *body = body_of(
        "{\"event\":\"silent\",\"monitor\":{\"id\":9,\"name\":\"vm-1\",\"url\":\"\","
        "\"type\":\"host\"},\"incident\":null,\"status\":\"unknown\",\"previous\":\"up\","
        "\"at\":\"2026-11-21T03:00:00.000Z\",\"reason\":\"silent\","
        "\"reason_text\":\"the agent does not answer\",\"message\":\"timeout\",\"code\":0}");
    struct message m;

    assert_int_equal(
        message_make(&m, body, "https://x.example", message_time("2026-11-21T03:01:00Z")), 0);
    assert_string_equal(m.subject, "SILENT: vm-1");
    assert_string_equal(m.link, "https://x.example/hosts/?id=9");
    assert_string_equal(m.text,
                        "vm-1 does not answer: nobody knows how it and its apps are.\n\n"
                        "Since:    2026-11-21 03:00:00 UTC (for 1 min)\n"
                        "Reason:   timeout (the agent does not answer)\n\n"
                        "https://x.example/hosts/?id=9\n");
    message_free(&m);
    json_object_set_new(body, "event", json_string("up"));
    json_object_set_new(body, "previous", json_string("unknown"));
    json_object_set_new(body, "duration_s", json_integer(90));
    assert_int_equal(message_make(&m, body, NULL, 0), 0);
    assert_string_equal(m.subject, "UP: vm-1 (was silent for 1 min 30 s)");
    assert_non_null(strstr(m.text, "vm-1 answers again.\n"));
    message_free(&m);
    json_decref(body);
}

static void a_strangers_line_break_begins_no_line(void **)
{
    json_t *body = body_of(down), *doc, *more;
    struct message m;
    char *text;

    json_object_set_new(json_object_get(body, "monitor"), "name",
                        json_string("a\r\nBcc: all@example.org\n<!channel> & co"));
    assert_int_equal(message_make(&m, body, NULL, 0), 0);
    assert_null(strpbrk(m.subject, "\r\n"));
    assert_null(strstr(m.text, "\nBcc:"));
    doc = message_slack(&m, body);
    text = json_dumps(doc, JSON_COMPACT);
    assert_null(strstr(text, "<!channel>"));
    assert_non_null(strstr(text, "&lt;!channel&gt; &amp; co"));
    more = json_array_get(json_object_get(doc, "attachments"), 0);
    assert_string_equal(json_string_value(json_object_get(more, "color")), "#c62828");
    free(text);
    json_decref(doc);
    message_free(&m);
    json_decref(body);
}

static void a_body_without_event_is_none(void **)
{
    static const char *const bad[] = {"{}", "[]", "{\"event\":7}", "{\"event\":\"\"}"};
    struct message m;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *body = body_of(bad[i]);

        assert_int_equal(message_make(&m, body, NULL, 0), -1);
        json_decref(body);
    }
}

static void durations_have_two_units(void **)
{
    static const struct {
        long long s;
        const char *text;
    } cases[] = {{0, "0 s"},         {59, "59 s"},  {60, "1 min"},
                 {61, "1 min 1 s"},  {3600, "1 h"}, {3659, "1 h"},
                 {90061, "1 d 1 h"}, {-5, "0 s"},   {86400 * 400LL, "400 d"}};
    char buf[64];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(message_duration(buf, sizeof(buf), cases[i].s), cases[i].text);
}

/* ---------------------------------------------------------------- mails */

static void headers_are_encoded(void **)
{
    static const struct {
        const char *value, *bytes;
    } cases[] = {
        {"DOWN: shop", "Subject: DOWN: shop\r\n"},
        {"", "Subject: \r\n"},
        {"Käse", "Subject: =?utf-8?B?S8Okc2U=?=\r\n"},
        {"a\r\nBcc: x@y", "Subject: =?utf-8?B?YSAgQmNjOiB4QHk=?=\r\n"},
        {"=?utf-8?B?eA==?=", "Subject: =?utf-8?B?PT91dGYtOD9CP2VBPT0/PQ==?=\r\n"},
        {"\xff\xc0\xaf", "Subject: =?utf-8?B?Pz8/?=\r\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mime m;

        mime_init(&m);
        mime_text_header(&m, "Subject", cases[i].value);
        assert_false(m.failed);
        assert_string_equal(m.data, cases[i].bytes);
        mime_free(&m);
    }
}

/* No line is longer than it may be, none holds what is not ASCII. */
static void check_lines(const struct mime *m, size_t most)
{
    size_t column = 0;

    for (size_t i = 0; i < m->len; i++) {
        unsigned char c = (unsigned char)m->data[i];

        assert_true(c < 0x7f && (c >= ' ' || c == '\r' || c == '\n'));
        assert_int_equal(c == '\n', i > 0 && m->data[i - 1] == '\r');
        column = c == '\n' ? 0 : column + 1;
        assert_true(column <= most + 1); /* the \r */
    }
}

static void long_headers_are_folded(void **)
{
    char value[600];
    struct mime m;

    for (int round = 0; round < 2; round++) {
        value[0] = '\0';
        for (int i = 0; i < 60; i++)
            strcat(value, round ? "Öl " : "monitor ");
        mime_init(&m);
        mime_text_header(&m, "Subject", value);
        check_lines(&m, 78);
        assert_non_null(strstr(m.data, "\r\n "));
        mime_free(&m);
    }
}

static void bodies_are_quoted_printable(void **)
{
    struct mime m;
    const char *text;
    char lines[4000] = "";

    mime_init(&m);
    mime_body(&m, "a = b \n.\nFrom me\nKäse\r\n");
    text = strstr(m.data, "\r\n\r\n") + 4;
    assert_string_equal(text, "a =3D b=20\r\n=2E\r\n=46rom me\r\nK=C3=A4se=0D\r\n");
    mime_free(&m);
    for (int i = 0; i < 300; i++)
        strcat(lines, "ä word");
    mime_init(&m);
    mime_body(&m, lines);
    check_lines(&m, 76);
    mime_free(&m);
}

static void addresses_cannot_end_a_line(void **)
{
    static const char *const good[] = {"a@b", "first.last+tag@mail.example.org"};
    static const char *const bad[] = {
        "",       "a",    "@b",   "a@",   "a@b\r\nX: y", "a b@c",   "a@b c", "<a@b>", "a,b@c",
        "a@b..c", ".a@b", "a.@b", "a@.b", "a@b.",        "\"a\"@b", "a@b@c", "a\t@b", "ä@b"};
    struct mime m;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(mime_is_address(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(mime_is_address(bad[i]));
        mime_init(&m);
        mime_addresses(&m, "To", &bad[i], 1);
        assert_true(m.failed);
        mime_free(&m);
    }
    mime_init(&m);
    mime_addresses(&m, "To", good, 2);
    mime_date(&m, 1614265330);
    assert_string_equal(m.data, "To: a@b,\r\n first.last+tag@mail.example.org\r\n"
                                "Date: Thu, 25 Feb 2021 15:02:10 +0000\r\n");
    mime_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_is_told),
        cmocka_unit_test(a_recovery_says_how_long_it_lasted),
        cmocka_unit_test(a_host_that_is_silent_and_back_is_told),
        cmocka_unit_test(a_strangers_line_break_begins_no_line),
        cmocka_unit_test(a_body_without_event_is_none),
        cmocka_unit_test(durations_have_two_units),
        cmocka_unit_test(headers_are_encoded),
        cmocka_unit_test(long_headers_are_folded),
        cmocka_unit_test(bodies_are_quoted_printable),
        cmocka_unit_test(addresses_cannot_end_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
