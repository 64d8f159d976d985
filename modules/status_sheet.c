/* status_sheet: words and marks. */
#include <apr_base64.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <httpd.h>
#include <openssl/sha.h>
#include <string.h>

#include "status_sheet.h"

enum { W_BACK, W_CONFIRM, W_SAVE, W_LEAVE, W_TO, W_TO_HOOK, W_ONLY, W_TROUBLE, WORDS };

static const char *const words[WORDS][2] = {
    [W_BACK] = {"Back to the status page", "Zurück zur Statusseite"},
    [W_CONFIRM] = {"Confirm", "Bestätigen"},
    [W_SAVE] = {"Save", "Speichern"},
    [W_LEAVE] = {"Unsubscribe", "Abbestellen"},
    [W_TO] = {"Messages go to", "Meldungen gehen an"},
    [W_TO_HOOK] = {"Messages are posted to", "Meldungen gehen per POST an"},
    [W_ONLY] = {"Tell me about", "Ich möchte hören von"},
    [W_TROUBLE] = {"That did not work", "Das hat nicht geklappt"},
};

static const struct {
    const char *title[2], *text[2];
} sheets[] = {
    [SHEET_ASKED] = {{"Look into your mailbox", "Sehen Sie in Ihr Postfach"},
                     {"If messages may go to this address, it gets one now that says how to "
                      "confirm. It holds for 48 hours.",
                      "Wenn an diese Adresse geschrieben werden darf, erhält sie jetzt eine "
                      "Nachricht zum Bestätigen. Sie gilt 48 Stunden."}},
    [SHEET_CONFIRM] = {{"Confirm your subscription", "Abonnement bestätigen"},
                       {"You will get a message about each incident and maintenance.",
                        "Sie erhalten eine Meldung zu jedem Vorfall und jeder Wartung."}},
    [SHEET_CONFIRMED] = {{"You are subscribed", "Ihr Abonnement ist aktiv"},
                         {"You will get a message about each incident and maintenance.",
                          "Sie erhalten eine Meldung zu jedem Vorfall und jeder Wartung."}},
    [SHEET_SETTINGS] = {{"Your subscription", "Ihr Abonnement"}, {"", ""}},
    [SHEET_GONE] = {{"You are unsubscribed", "Abbestellt"},
                    {"No more messages will come.", "Es kommen keine Meldungen mehr."}},
    [SHEET_UNKNOWN] = {{"This link is not valid", "Dieser Link gilt nicht"},
                       {"It was used already, or it is too old.",
                        "Er wurde schon benutzt oder ist zu alt."}},
    [SHEET_NONE] = {{"Nothing is chosen", "Nichts ausgewählt"},
                    {"Choose at least one, or unsubscribe.",
                     "Wählen Sie mindestens eines aus, oder bestellen Sie ab."}},
};

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--text:#1b1f24;--line:#d0d5dc;"
    "--main:#1d4ed8}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--card:#171b22;--text:#e6e9ee;"
    "--line:#3a424e;--main:#93b4ff}}"
    "body{margin:0;background:var(--bg);color:var(--text);font:1rem/1.5 system-ui,sans-serif}"
    "main{max-width:34rem;margin:10vh auto;padding:2rem;background:var(--card);border:1px "
    "solid var(--line);border-radius:.5rem}"
    "h1{margin:0 0 1rem;font-size:1.3rem}p{margin:0 0 1rem;overflow-wrap:anywhere}"
    "fieldset{border:1px solid var(--line);border-radius:.4rem;margin:0 0 1rem;padding:.7rem "
    "1rem}"
    "label{display:block;padding:.3rem 0}a{color:var(--main)}"
    "button{font:inherit;min-height:2.75rem;padding:.5rem 1.1rem;margin:0 .5rem .5rem "
    "0;border:1px "
    "solid var(--main);border-radius:.4rem;background:none;color:var(--main);cursor:pointer}"
    "button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid "
    "var(--main);outline-offset:2px}";

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

static int language(const json_t *about)
{
    return !strncmp(text_of(json_object_get(about, "page"), "lang"), "de", 2);
}

static const char *html(request_rec *r, const char *s)
{
    return ap_escape_html(r->pool, s);
}

/* ---------------------------------------------------------------- parts */

static void put_head(request_rec *r, int lang, const char *title)
{
    ap_rprintf(r,
               "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n"
               "<style>%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n",
               lang ? "de" : "en", html(r, title), style, html(r, title));
}

static void put_button(request_rec *r, const char *word, const char *what)
{
    ap_rprintf(r, "<button name=\"do\" value=\"%s\">%s</button>\n", what, word);
}

static void put_components(request_rec *r, int lang, const json_t *about)
{
    json_t *list = json_object_get(about, "components"), *one;
    size_t i;

    if (json_array_size(list) < 2)
        return;
    ap_rprintf(r, "<fieldset><legend>%s</legend>\n", words[W_ONLY][lang]);
    json_array_foreach(list, i, one)
    {
        const char *section = text_of(one, "section");

        ap_rprintf(r,
                   "<label><input type=\"checkbox\" name=\"components\" "
                   "value=\"%" APR_INT64_T_FMT "\"%s> <bdi>%s%s%s</bdi></label>\n",
                   (apr_int64_t)json_integer_value(json_object_get(one, "id")),
                   json_is_true(json_object_get(one, "chosen")) ? " checked" : "",
                   html(r, section), *section ? " · " : "", html(r, text_of(one, "name")));
    }
    ap_rputs("</fieldset>\n", r);
    put_button(r, words[W_SAVE][lang], "save");
}

static void put_form(request_rec *r, int lang, enum sheet which, const json_t *about,
                     const char *action)
{
    const char *address = text_of(about, "address");

    if (*address)
        ap_rprintf(r, "<p>%s <strong><bdi>%s</bdi></strong></p>\n",
                   words[strcmp(text_of(about, "type"), "webhook") ? W_TO : W_TO_HOOK][lang],
                   html(r, address));
    if (which != SHEET_CONFIRM && which != SHEET_CONFIRMED && which != SHEET_SETTINGS)
        return;
    ap_rprintf(r, "<form method=\"post\" action=\"%s\">\n", action ? html(r, action) : "");
    if (which == SHEET_CONFIRM) {
        put_button(r, words[W_CONFIRM][lang], "confirm");
    }
    else {
        put_components(r, lang, about);
        put_button(r, words[W_LEAVE][lang], "unsubscribe");
    }
    ap_rputs("</form>\n", r);
}

static void put_foot(request_rec *r, int lang, const json_t *about)
{
    const char *address = text_of(json_object_get(about, "page"), "address");

    if (!strncmp(address, "https://", 8) || !strncmp(address, "http://", 7))
        ap_rprintf(r, "<p><a href=\"%s\">%s</a></p>\n", html(r, address), words[W_BACK][lang]);
    ap_rputs("</main>\n</body>\n</html>\n", r);
}

/* ---------------------------------------------------------------- sending */

static void send_headers(request_rec *r, int status)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char text[64];

    SHA256((const unsigned char *)style, sizeof(style) - 1, hash);
    text[apr_base64_encode_binary(text, hash, sizeof(hash)) - 1] = '\0';
    guard_headers(r, apr_pstrcat(r->pool, "default-src 'none'; style-src 'sha256-", text,
                                 "'; form-action 'self'; base-uri 'none'; "
                                 "frame-ancestors 'none'",
                                 NULL));
    /* its address opens a door */
    apr_table_setn(r->err_headers_out, "Referrer-Policy", "no-referrer");
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->err_headers_out, "X-Robots-Tag", "noindex");
    r->status = status;
    ap_set_content_type(r, "text/html; charset=utf-8");
}

int sheet_send(request_rec *r, int status, enum sheet which, const json_t *about,
               const char *action)
{
    const char *page = text_of(json_object_get(about, "page"), "title");
    int lang = language(about);

    send_headers(r, status);
    if (r->header_only)
        return OK;
    put_head(r, lang, sheets[which].title[lang]);
    if (*page)
        ap_rprintf(r, "<p><bdi>%s</bdi></p>\n", html(r, page));
    if (*sheets[which].text[lang])
        ap_rprintf(r, "<p>%s</p>\n", sheets[which].text[lang]);
    put_form(r, lang, which, about, action);
    put_foot(r, lang, about);
    return OK;
}

static int write_problem(request_rec *r, int status, const char *, const char *detail,
                         json_t *errors)
{
    const char *field;
    json_t *rule;

    send_headers(r, status);
    if (r->header_only) {
        json_decref(errors);
        return OK;
    }
    put_head(r, 0, words[W_TROUBLE][0]);
    if (detail && !json_object_size(errors))
        ap_rprintf(r, "<p>%s</p>\n", html(r, detail));
    json_object_foreach(errors, field, rule)
    {
        ap_rprintf(r, "<p>%s %s</p>\n", html(r, field), html(r, json_string_value(rule)));
    }
    put_foot(r, 0, NULL);
    json_decref(errors);
    return OK;
}

void sheet_problems(request_rec *r)
{
    if (core.problem_as)
        core.problem_as(r, write_problem);
}
