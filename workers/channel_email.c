/* channel_email: a mail by SMTP, to the channel's own server or the administrator's. */
#include "channel.h"
#include "mime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TO_MAX 10

static int starttls_of(const char *word)
{
    return !word || !strcmp(word, "required") ? STARTTLS_REQUIRED
           : !strcmp(word, "off")             ? STARTTLS_OFF
                                              : STARTTLS_IF_OFFERED;
}

/* Whose server: a channel's own is dialled under the guard, the administrator's is not. */
static int choose_server(struct sending *s)
{
    const struct tocsind_conf *conf = s->conf;
    const char *own = channel_text(s->config, "smtp_url");
    const char *from = channel_text(s->config, "from");

    if (!own && !conf->smtp_url)
        return channel_refuse(
            s, "no mail server: set smtp_url in tocsind.conf or in the channel");
    s->request = (struct fetch_request){.url = own ? own : conf->smtp_url,
                                        .timeout_ms = CHANNEL_TIMEOUT_MS,
                                        .flags = own ? 0 : FETCH_NO_GUARD,
                                        .mail = &s->mail};
    s->mail = (struct fetch_mail){
        .from = from ? from : conf->smtp_from,
        .to = s->to,
        .user = own ? channel_text(s->config, "smtp_user") : conf->smtp_user,
        .password = own ? channel_text(s->secret, "smtp_password") : conf->smtp_password,
        .ca_file = own ? NULL : conf->smtp_ca_file,
        .starttls =
            starttls_of(own ? channel_text(s->config, "starttls") : conf->smtp_starttls),
    };
    if (!s->mail.from || !mime_is_address(s->mail.from))
        return channel_refuse(
            s, "no sender: set smtp_from in tocsind.conf or from in the channel");
    return 0;
}

static int add_recipients(struct sending *s, const char *to[TO_MAX])
{
    char *shown = s->outcome.recipient;
    size_t used = 0, i;
    json_t *item;
    int n = 0;

    json_array_foreach(json_object_get(s->config, "to"), i, item)
    {
        const char *address = json_string_value(item);
        struct curl_slist *more;

        if (n == TO_MAX || !address || !mime_is_address(address) ||
            !(more = curl_slist_append(s->to, address)))
            return channel_refuse(s, "the channel's addresses are not valid");
        s->to = more;
        to[n++] = address;
        used += (size_t)snprintf(shown + used, CHANNEL_TEXT - used, n > 1 ? ", %s" : "%s",
                                 address);
        if (used >= CHANNEL_TEXT)
            used = CHANNEL_TEXT - 1;
    }
    return n > 0 ? n : channel_refuse(s, "the channel has no address");
}

/* An id in angle brackets at the sender's domain; what is made of a key is printable. */
static void id_header(struct mime *m, const char *name, const char *key, const char *from)
{
    char text[400];

    snprintf(text, sizeof(text), "<%.120s@%s>", key, strchr(from, '@') + 1);
    mime_header(m, name, text);
}

static void write_mail(struct sending *s, struct mime *m, const char *const *to, int n)
{
    const char *from = s->mail.from;
    long long incident =
        json_integer_value(json_object_get(json_object_get(s->body, "incident"), "id"));
    char text[700];

    mime_date(m, time(NULL));
    if (s->message.sender) {
        mime_from(m, s->message.sender, from);
    }
    else {
        snprintf(text, sizeof(text), "Tocsin <%s>", from);
        mime_header(m, "From", text);
    }
    mime_addresses(m, "To", to, n);
    mime_text_header(m, "Subject", s->message.subject);
    id_header(m, "Message-ID", s->key, from);
    if (incident > 0) { /* one thread an incident */
        snprintf(text, sizeof(text), "incident-%lld.tocsin", incident);
        id_header(m, "References", text, from);
    }
    mime_header(m, "Auto-Submitted", "auto-generated");
    if (s->message.sender)
        snprintf(text, sizeof(text), "<status-%lld.tocsin.%.200s>", s->message.page,
                 strchr(from, '@') + 1);
    else
        snprintf(text, sizeof(text), "Tocsin <tocsin.%s>", strchr(from, '@') + 1);
    mime_header(m, "List-Id", text);
    if (s->message.unsubscribe) { /* one click ends it: RFC 8058 */
        snprintf(text, sizeof(text), "<%.690s>", s->message.unsubscribe);
        mime_header(m, "List-Unsubscribe", text);
        mime_header(m, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }
    mime_header(m, "X-Tocsin-Event", s->message.event);
    mime_body(m, s->message.text);
}

static int prepare(struct sending *s)
{
    const char *to[TO_MAX];
    struct mime m;
    int n = add_recipients(s, to);

    if (n < 0 || choose_server(s))
        return -1;
    mime_init(&m);
    write_mail(s, &m, to, n);
    if (m.failed) {
        mime_free(&m);
        return channel_refuse(s, "the message is too long");
    }
    s->payload = m.data;
    s->request.body = m.data;
    s->request.body_len = m.len;
    return 0;
}

/* The last "250 ..." of the server: what it calls the message. */
static void last_reply(const struct fetch_result *res, char *out, size_t size)
{
    const char *at = res->headers, *found = NULL;

    while ((at = strstr(at, "250 "))) {
        if (at == res->headers || at[-1] == '\n')
            found = at;
        at += 4;
    }
    out[0] = '\0';
    if (found)
        snprintf(out, size, "%.*s", (int)strcspn(found + 4, "\r\n"), found + 4);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
            *p = '?';
}

/* Others got it: what was refused stands beside the success. */
static void show_refused(struct sending *s, const struct fetch_result *res)
{
    const char *at = res->headers;

    for (; at && *at; at = (at = strchr(at, '\n')) ? at + 1 : NULL)
        if (*at == '4' || *at == '5') {
            channel_show(s, s->outcome.excerpt, sizeof(s->outcome.excerpt), at,
                         strcspn(at, "\r\n"));
            return;
        }
}

static void ended(struct sending *s, const struct fetch_result *res)
{
    struct outcome *o = &s->outcome;

    o->code = res->code;
    o->duration_ms = (int)(res->total_us / 1000);
    o->ok = res->reason == REASON_OK;
    if (o->ok) {
        last_reply(res, o->provider_id, sizeof(o->provider_id));
        show_refused(s, res);
        return;
    }
    channel_show(s, o->error, sizeof(o->error), res->message, strlen(res->message));
    /* 5xx to a sender or an address is the server's last word; to a sign-in it may be the
     * password that somebody is about to put right */
    o->dead = res->reason == REASON_TARGET_REFUSED || res->reason == REASON_BAD_URL ||
              (res->reason == REASON_SMTP_REFUSED && res->code >= 550 && res->code < 560);
}

const struct channel_kind channel_email = {"email", prepare, ended};
