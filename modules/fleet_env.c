/*
 * fleet_env: the files of an app's environment, and where its code may come from: the agent
 * reads and writes, here it is said who may, and written down who did.
 *
 * Values that the agent masks stay with the agent unless somebody asks for them by name;
 * then the audit has it before he has them.
 */
#include "fleet.h"

#include <apr_strings.h>
#include <string.h>

#define TEXT_MAX    1048576 /* bytes of a file */
#define VALUE_MAX   65536
#define ETAG_MAX    136
#define REVEAL_MAX  2000
#define AUDIT_LINES 200
#define AUDIT_LINE  400 /* bytes */

static const tocsin_field reveal_query[] = {
    {"reveal", T_STRING, .min = 1, .max = REVEAL_MAX,
     .help = "Keys whose masked values are wanted, with commas, or * for all. It is written "
             "into the audit first, and needs a fresh proof of who one is."},
    {0},
};

static const tocsin_field restore_query[] = {
    {"dry_run", T_BOOL, .help = "Only say what would change; false unless set."},
    {0},
};

static const tocsin_field write_body[] = {
    {"set", T_MAP, .max = 1000, .item_max = VALUE_MAX,
     .help = "Keys and their new values; all else in the file stays as it is."},
    {"unset", T_STRINGS, .max = 1000, .item_max = 256, .help = "Keys that are taken out."},
    {"text", T_STRING, F_TEXT | F_SECRET, .max = TEXT_MAX,
     .help = "The whole file instead; masked values in it keep what they are."},
    {"dry_run", T_BOOL, .help = "Only say what would change; false unless set."},
    {0},
};

/* ---------------------------------------------------------------- rules */

static int check_write(tocsin_request *q)
{
    int changes =
        json_object_get(q->input, "set") != NULL || json_object_get(q->input, "unset") != NULL;

    if (changes == (json_object_get(q->input, "text") != NULL))
        core.invalid(q, "text", "must be there, or set or unset, and not both");
    return q->errors ? OK : fleet_pace(q);
}

/* A word that would mean another place in a path. */
static int dotted(const tocsin_request *q)
{
    return (q->key && *q->key == '.') || (q->name && *q->name == '.');
}

/* Who writes says what he has read. */
static int if_match(tocsin_request *q, const char **etag)
{
    *etag = apr_table_get(q->r->headers_in, "If-Match");
    if (*etag && **etag && strlen(*etag) < ETAG_MAX)
        return OK;
    core.problem(q->r, HTTP_PRECONDITION_REQUIRED, "if-match",
                 "send If-Match with the ETag of what was read", NULL);
    return HTTP_PRECONDITION_REQUIRED;
}

/* ---------------------------------------------------------------- asking */

static const char *file_path(tocsin_request *q, const fleet_app *app, const char *rest)
{
    return fleet_path(q->r->pool, app,
                      apr_pstrcat(q->r->pool, "/env", q->key ? "/" : "", q->key ? q->key : "",
                                  rest, q->name ? "/" : "", q->name ? q->name : "", NULL));
}

static int read_from(tocsin_request *q, const char *rest, int list)
{
    gateway_question ask = {.list = list};
    gateway_answer answer;
    fleet_app app;
    int status = dotted(q) ? HTTP_NOT_FOUND : fleet_door(q, "developer", &app);

    if (status != OK)
        return status;
    ask.host = app.host;
    ask.path = file_path(q, &app, rest);
    if ((status = gateway_ask(q->r, &ask, &answer)) != OK)
        return status;
    if (list) { /* as all our lists are */
        answer.text =
            apr_pstrcat(q->r->pool, "{\"items\":", answer.text, ",\"next\":null}", NULL);
        answer.len = strlen(answer.text);
    }
    return fleet_send(q->r, &answer);
}

static int get_files(tocsin_request *q)
{
    return read_from(q, "", 0);
}

static int get_backups(tocsin_request *q)
{
    return read_from(q, "/backups", 1);
}

static int get_backup(tocsin_request *q)
{
    return read_from(q, "/backups", 0);
}

/* The keys that were asked for, as a list. */
static json_t *keys_of(tocsin_request *q, const char *reveal)
{
    char *copy = apr_pstrdup(q->r->pool, reveal), *save, *word;
    json_t *keys = json_array();

    for (word = apr_strtok(copy, ",", &save); word; word = apr_strtok(NULL, ",", &save))
        json_array_append_new(keys, json_string(word));
    return keys;
}

static int get_file(tocsin_request *q)
{
    const char *reveal = fleet_text(q, "reveal");
    gateway_question ask = {0};
    gateway_answer answer;
    fleet_app app;
    int status = dotted(q) ? HTTP_NOT_FOUND : fleet_door(q, "developer", &app);

    if (status != OK ||
        (reveal && ((status = core.reauth(q)) != OK || (status = fleet_pace(q)) != OK)))
        return status;
    ask.host = app.host;
    ask.path = fleet_param(q->r->pool, file_path(q, &app, ""), "reveal", reveal);
    if ((status = gateway_ask(q->r, &ask, &answer)) != OK)
        return status;
    if (reveal) {
        status = fleet_did(q, json_pack("{s:s, s:{s:s, s:o}}", "verb", "env.reveal", "after",
                                        "file", q->key, "keys", keys_of(q, reveal)));
        if (status != OK)
            return status;
    }
    return fleet_send(q->r, &answer);
}

/* ---------------------------------------------------------------- writing */

/* Lines of the agent's diff that were put in, or taken out: masked there already. */
static json_t *lines_of(const json_t *diff, const char *op)
{
    json_t *lines = json_array(), *line;
    size_t i;

    json_array_foreach(diff, i, line)
    {
        const char *is = json_string_value(json_object_get(line, "op"));
        json_t *text = json_object_get(line, "text");

        if (is && !strcmp(is, op) && json_string_length(text) <= AUDIT_LINE &&
            json_array_size(lines) < AUDIT_LINES)
            json_array_append(lines, text);
    }
    return lines;
}

static const char *add_words(apr_pool_t *p, const char *text, const char *what,
                             const json_t *keys)
{
    json_t *key;
    size_t i;

    json_array_foreach(keys, i, key) if (json_is_string(key) && strlen(text) < AUDIT_LINE)
        text = apr_pstrcat(p, text, i ? ", " : what, json_string_value(key), NULL);
    return text;
}

/* "main: changed A, B; added C" for people who read the app's history. */
static const char *history(tocsin_request *q, const json_t *keys)
{
    apr_pool_t *p = q->r->pool;
    const char *text = apr_pstrcat(p, q->key, q->name ? " from a backup" : "", NULL);

    text = add_words(p, text, "; changed ", json_object_get(keys, "changed"));
    text = add_words(p, text, "; added ", json_object_get(keys, "added"));
    return add_words(p, text, "; removed ", json_object_get(keys, "removed"));
}

/* Nothing is written down of what changed nothing. */
static int write_down(tocsin_request *q, const char *verb, const gateway_answer *answer)
{
    const json_t *diff = json_object_get(answer->json, "diff");
    json_t *keys = json_object_get(answer->json, "keys"), *facts;
    json_t *out = lines_of(diff, "del"), *in = lines_of(diff, "add");

    if (!json_array_size(out) && !json_array_size(in)) {
        json_decref(out);
        json_decref(in);
        return OK;
    }
    facts = json_pack("{s:s, s:s, s:{s:s, s:o}, s:{s:s, s:o, s:O*, s:O*, s:s*}}", "verb", verb,
                      "text", history(q, keys), "before", "file", q->key, "lines", out,
                      "after", "file", q->key, "lines", in, "keys", keys, "backup",
                      json_object_get(answer->json, "backup"), "restored", q->name);
    return facts ? fleet_did(q, facts) : HTTP_INTERNAL_SERVER_ERROR;
}

static int change(tocsin_request *q, const char *method, const char *rest, const char *tail,
                  const char *verb)
{
    int dry = json_is_true(json_object_get(q->input, "dry_run"));
    gateway_question ask = {.method = method};
    gateway_answer answer;
    char *body = NULL;
    fleet_app app;
    int status = dotted(q) ? HTTP_NOT_FOUND : fleet_door(q, "developer", &app);

    if (status != OK || (status = if_match(q, &ask.if_match)) != OK)
        return status;
    json_object_del(q->input, "key");
    ask.host = app.host;
    ask.path = apr_pstrcat(q->r->pool, file_path(q, &app, rest), tail, NULL);
    ask.path = fleet_params(q, ask.path, NULL);
    body = json_dumps(q->input, JSON_COMPACT);
    ask.body = apr_pstrdup(q->r->pool, body ? body : "{}");
    free(body);
    if ((status = gateway_ask(q->r, &ask, &answer)) != OK)
        return status;
    if (!dry && (status = write_down(q, verb, &answer)) != OK)
        return status;
    return fleet_send(q->r, &answer);
}

static int put_file(tocsin_request *q)
{
    return change(q, "PUT", "", "", "env");
}

static int restore(tocsin_request *q)
{
    return change(q, "POST", "/backups", "/restore", "env.restore");
}

/* ---------------------------------------------------------------- refs */

static int get_refs(tocsin_request *q)
{
    gateway_question ask = {0};
    gateway_answer answer;
    fleet_app app;
    int status = fleet_door(q, "viewer", &app);

    if (status != OK)
        return status;
    ask.host = app.host;
    ask.path = fleet_path(q->r->pool, &app, "/refs");
    status = gateway_ask(q->r, &ask, &answer);
    return status == OK ? fleet_send(q->r, &answer) : status;
}

const tocsin_route fleet_env_routes[] = {
    {"GET", "/apps/{id}/env", ROLE_MEMBER, .flags = R_AGENT, .handler = get_files,
     .summary = "The files of an app's environment.", .tag = "env"},
    {"GET", "/apps/{id}/env/{key}", ROLE_MEMBER, .flags = R_AGENT, .query = reveal_query,
     .handler = get_file, .summary = "One of them; secrets are masked unless asked for.",
     .tag = "env"},
    {"PUT", "/apps/{id}/env/{key}", ROLE_MEMBER, .flags = R_AGENT | R_REAUTH | R_HUGE,
     .body = write_body, .check = check_write, .handler = put_file,
     .summary = "Write one of them, after a backup; comments, order and quotes stay.",
     .tag = "env"},
    {"GET", "/apps/{id}/env/{key}/backups", ROLE_MEMBER, .flags = R_AGENT,
     .handler = get_backups, .summary = "Its backups, newest first.", .tag = "env"},
    {"GET", "/apps/{id}/env/{key}/backups/{name}", ROLE_MEMBER, .flags = R_AGENT,
     .handler = get_backup, .summary = "A backup, with secrets masked.", .tag = "env"},
    {"POST", "/apps/{id}/env/{key}/backups/{name}/restore", ROLE_MEMBER,
     .flags = R_AGENT | R_REAUTH, .query = restore_query, .check = fleet_pace,
     .handler = restore,
     .summary = "Put a backup back in its place, after a backup of what is there.",
     .tag = "env"},
    {"GET", "/apps/{id}/refs", ROLE_VIEWER, .flags = R_AGENT, .handler = get_refs,
     .summary = "What may be deployed, as the last fetch saw it.", .tag = "deploys"},
    {0},
};
