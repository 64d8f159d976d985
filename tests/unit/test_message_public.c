/* message_public: what subscribers of a status page read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "message.h"
#include "mime.h"

#define PAGE "\"page\":{\"id\":7,\"slug\":\"acme\",\"title\":\"Acme\",\"url\":\"\"}"
#define INCIDENT                                                                              \
    "\"event\":\"incident\"," PAGE                                                            \
    ",\"incident\":{\"id\":9,\"severity\":\"major\",\"title\":"                               \
    "\"API is slow\"},\"phase\":\"identified\",\"when\":\"2026-11-21 04:00 Europe/Berlin\","  \
    "\"components\":[\"API\",\"Web\"],\"body\":\"It is the disk.\\nMore soon.\","             \
    "\"unsubscribe\":\"TOKEN\""

static const struct {
    const char *body, *url, *subject;
    const char *text; /* all of it; NULL: not looked at */
} cases[] = {
    {"{" INCIDENT ",\"lang\":\"en\"}", "https://t.example", "[Acme] Identified: API is slow",
     "API is slow\n\nStatus:    Identified\nSeverity:  major\n"
     "Time:      2026-11-21 04:00 Europe/Berlin\nAffected:  API, Web\n\n"
     "It is the disk.\nMore soon.\n\nhttps://t.example/status/acme/incidents/9.html\n\n-- \n"
     "You get this because you subscribed to Acme. To choose or to unsubscribe:\n"
     "https://t.example/api/v1/subscriptions/TOKEN\n"},
    {"{" INCIDENT ",\"lang\":\"de-AT\"}", "https://t.example",
     "[Acme] Ursache gefunden: API is slow", NULL},
    {"{\"event\":\"maintenance\",\"lang\":\"en\"," PAGE
     ",\"what\":\"announced\",\"maintenance\":"
     "{\"id\":1,\"title\":\"Disks\"},\"from\":\"A\",\"until\":\"B\",\"body\":\"\"}",
     "https://t.example", "[Acme] Scheduled maintenance: Disks",
     "Scheduled maintenance: Disks\n\nFrom:      A\nUntil:     B\n\n"
     "https://t.example/status/acme/\n"},
    {"{\"event\":\"confirm\",\"lang\":\"en\"," PAGE ",\"token\":\"T\"}", "https://t.example",
     "Confirm your subscription to Acme",
     "Somebody, hopefully you, wants messages about the status of Acme at this address.\n\n"
     "To confirm, open this address within 48 hours:\n"
     "https://t.example/api/v1/subscriptions/T/confirm\n\n"
     "If it was not you, do nothing: no more will come.\n"},
    {"{\"event\":\"confirm\",\"lang\":\"en\"," PAGE ",\"known\":true,\"unsubscribe\":\"U\"}",
     "https://t.example", "You are subscribed to Acme", NULL},
    /* a page of a host of its own */
    {"{\"event\":\"maintenance\",\"page\":{\"id\":1,\"title\":\"A%s%n\\r\\nBcc: x\",\"url\":"
     "\"https://status.example/\"},\"what\":\"ended\",\"maintenance\":{\"title\":\"x\\ny\"}}",
     "https://t.example", "[A%s%n  Bcc: x] Maintenance is over: x y",
     "Maintenance is over: x y\n\n\nhttps://status.example/\n"},
    {"{\"event\":\"incident\"}", "https://t.example", "[] : ", NULL}, /* nothing is known */
};

static void subscribers_read_what_the_page_says(void **)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *body = json_loads(cases[i].body, 0, NULL);
        struct message m;

        assert_non_null(body);
        assert_int_equal(message_make(&m, body, cases[i].url, 0), 0);
        assert_string_equal(m.subject, cases[i].subject);
        if (cases[i].text)
            assert_string_equal(m.text, cases[i].text);
        assert_false(m.homeless);
        message_free(&m);
        json_decref(body);
    }
}

static void without_a_public_address_there_is_no_message(void **)
{
    json_t *body = json_loads("{" INCIDENT "}", 0, NULL);
    struct message m;

    assert_int_equal(message_make(&m, body, NULL, 0), 0);
    assert_true(m.homeless);
    assert_null(m.unsubscribe);
    message_free(&m);
    json_decref(body);
}

static void a_webhook_has_no_inner_words(void **)
{
    json_t *body = json_loads("{\"event\":\"confirm\",\"lang\":\"en\",\"at\":\"now\"," PAGE
                              ",\"token\":\"T\",\"secret\":\"whsec_x\"}",
                              0, NULL);
    struct message m;
    json_t *doc, *data;

    message_make(&m, body, "https://t.example", 0);
    doc = message_webhook(&m, body);
    data = json_object_get(doc, "data");
    assert_string_equal(json_string_value(json_object_get(doc, "type")),
                        "subscription.confirm");
    assert_string_equal(json_string_value(json_object_get(data, "challenge")), "T");
    assert_string_equal(json_string_value(json_object_get(data, "secret")), "whsec_x");
    assert_null(json_object_get(data, "token"));
    assert_null(json_object_get(data, "lang"));
    json_decref(doc);
    message_free(&m);
    json_decref(body);
}

static void a_title_is_a_senders_name_whatever_it_holds(void **)
{
    static const struct {
        const char *name, *header;
    } names[] = {
        {"Acme Status", "From: Acme Status\r\n <a@b>\r\n"},
        {"", "From: \r\n <a@b>\r\n"},
        {"x\r\nBcc: y@z", "From: =?utf-8?B?eCAgQmNjOiB5QHo=?=\r\n <a@b>\r\n"},
        {"<evil@x>, \"", "From: =?utf-8?B?PGV2aWxAeD4sICI=?=\r\n <a@b>\r\n"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct mime m;

        mime_init(&m);
        mime_from(&m, names[i].name, "a@b");
        assert_int_equal(m.len, strlen(names[i].header));
        assert_memory_equal(m.data, names[i].header, m.len);
        mime_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribers_read_what_the_page_says),
        cmocka_unit_test(without_a_public_address_there_is_no_message),
        cmocka_unit_test(a_webhook_has_no_inner_words),
        cmocka_unit_test(a_title_is_a_senders_name_whatever_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
