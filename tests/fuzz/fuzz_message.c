/* Messages about whatever a database may hold: no stranger's byte begins a header, a line
 * of the text or a link in Slack's markup; no line is too long. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line is "Subject: …" or a continuation. */
static void check_header(const char *name, const char *value)
{
    struct mime m;

    mime_init(&m);
    mime_text_header(&m, name, value);
    for (const char *line = m.data; line && *line;) {
        size_t n = strcspn(line, "\r\n");

        if (strncmp(line + n, "\r\n", 2) || n > 998 ||
            (line == m.data ? strncmp(line, name, strlen(name)) : *line != ' '))
            abort();
        for (size_t i = 0; i < n; i++)
            if (line[i] < ' ' || line[i] > '~')
                abort();
        line += n + 2;
    }
    mime_free(&m);
}

static void check_body(const char *text)
{
    struct mime m;

    mime_init(&m);
    mime_body(&m, text);
    for (const char *line = m.data; line && *line;) {
        size_t n = strcspn(line, "\r\n");

        if (n > 76 || strncmp(line + n, "\r\n", 2) || line[0] == '.')
            abort();
        line += n + 2;
    }
    mime_free(&m);
}

static void check_message(const json_t *body)
{
    struct message m;
    json_t *slack;
    const char *text;

    if (message_make(&m, body, "https://x.example", 1800000000))
        return;
    if (strpbrk(m.subject, "\r\n"))
        abort();
    check_header("Subject", m.subject);
    check_body(m.text);
    json_decref(message_webhook(&m, body));
    slack = message_slack(&m, body);
    text = json_string_value(json_object_get(slack, "text"));
    if (text && strpbrk(text, "<>"))
        abort();
    json_decref(slack);
    message_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *body = json_loadb((const char *)data, size, 0, NULL);
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    check_header("Subject", text);
    check_body(text);
    if (mime_is_address(text) && strpbrk(text, " \t\r\n<>,"))
        abort();
    if (body)
        check_message(body);
    json_decref(body);
    free(text);
    return 0;
}
