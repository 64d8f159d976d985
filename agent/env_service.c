#define _GNU_SOURCE
#include "env_service.h"
#include "account.h"
#include "env_service_impl.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- answers */

int env_answer_error(struct env_job *job, int status, const char *field, int line,
                     const char *format, ...)
{
    char words[400];
    va_list ap;
    json_t *body;

    va_start(ap, format);
    vsnprintf(words, sizeof(words), format, ap);
    va_end(ap);
    body = json_pack("{s:s}", "error", words);
    if (!body) /* words that were cut within a character */
        body = json_pack("{s:s}", "error", "refused");
    if (field && *field)
        json_object_set_new(body, "field", json_string(field));
    if (line > 0)
        json_object_set_new(body, "line", json_integer(line));
    json_decref(job->answer);
    job->answer = json_pack("{s:i,s:o}", "status", status, "body", body);
    return -1;
}

/* What is refused about the file itself is a conflict with how it is, not with the call. */
int env_answer_safe(struct env_job *job, const struct safe_fail *fail)
{
    int status = fail->status == 403 ? 409 : fail->status == 507 ? 500 : fail->status;

    return env_answer_error(job, status, NULL, 0, "%s", fail->text);
}

int env_answer_text(struct env_job *job, const struct env_fail *fail)
{
    return env_answer_error(job, 422, fail->key, fail->line, "%s", fail->text);
}

void env_answer(struct env_job *job, const char *etag, json_t *body)
{
    json_decref(job->answer);
    job->answer = json_pack("{s:i,s:o}", "status", 200, "body", body);
    if (etag)
        json_object_set_new(job->answer, "etag", json_string(etag));
}

void env_etag(const char *bytes, size_t n, char etag[ETAG_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t len = 0;

    if (!EVP_Q_digest(NULL, "SHA256", NULL, bytes, n, hash, &len))
        abort();
    for (int i = 0; i < (ETAG_SIZE - 1) / 2; i++)
        sprintf(etag + (ptrdiff_t)i * 2, "%02x", hash[i]);
}

/* ---- the file */

static int add_owner(struct env_job *job, const char *name)
{
    struct account account;

    if (!name)
        return 0;
    if (account_find(name, &account))
        return env_answer_error(job, 500, NULL, 0,
                                "agent.conf names the user %s, whom /etc/passwd does not have",
                                name);
    job->rule.owner[job->rule.nowners++] = account.uid;
    return 0;
}

static int owners(struct env_job *job)
{
    job->rule = (struct safe_rule){.owner = {0, geteuid()}, .nowners = 2, .max = ENV_MAX};
    return add_owner(job, job->app->env_owner) || add_owner(job, job->app->deploy_user) ? -1
                                                                                        : 0;
}

int env_job_read(struct env_job *job)
{
    struct account owner;
    struct safe_fail safe;
    struct env_fail fail;

    if (safe_open(&job->place, job->path, &safe) ||
        safe_read(&job->place, &job->rule, &job->file, &safe))
        return env_answer_safe(job, &safe);
    if (env_parse(&job->text, job->file.bytes, job->file.n, &fail))
        return env_answer_text(job, &fail);
    if (job->file.exists) {
        env_etag(job->file.bytes, job->file.n, job->etag);
        return 0;
    }
    strcpy(job->etag, ETAG_ABSENT);
    if (job->app->env_owner && account_find(job->app->env_owner, &owner) == 0) {
        job->file.st.st_uid = owner.uid;
        job->file.st.st_gid = owner.gid;
    }
    return 0;
}

/* ---- reading */

static json_t *entry(const struct env_job *job, const struct env_text *t,
                     const struct env_item *item)
{
    bool masked = env_mask_item(&job->mask, t, item);
    char quote[2] = {item->quote, '\0'};

    return json_pack("{s:s%,s:o,s:b,s:i,s:b,s:s}", "key", t->bytes + item->name,
                     item->name_end - item->name, "value",
                     masked ? json_null() : json_stringn(item->value, item->n), "masked",
                     masked, "line", item->line, "export", item->exported, "quote", quote);
}

static json_t *described(const struct env_job *job, const struct env_text *t)
{
    json_t *entries = json_array(), *problems = json_array(), *body;
    buf shown = {0};

    for (int i = 0; i < t->n; i++)
        if (t->item[i].kind == ENV_ENTRY)
            json_array_append_new(entries, entry(job, t, &t->item[i]));
    for (int i = 0; i < t->nproblems; i++)
        json_array_append_new(problems, json_pack("{s:i,s:s}", "line", t->problem[i].line,
                                                  "message", t->problem[i].text));
    env_mask_text(&job->mask, t, &shown);
    body = json_pack("{s:s,s:b,s:i,s:s%,s:o,s:o}", "etag", job->etag, "exists",
                     job->file.exists, "lines", t->lines, "text", buf_end(&shown), shown.len,
                     "entries", entries, "problems", problems);
    buf_free(&shown);
    return body;
}

/* "KEY,KEY" or "*" */
static int shown_keys(struct env_job *job)
{
    const char *reveal = json_string_value(json_object_get(job->request, "reveal"));
    char *save = NULL;

    if (!reveal)
        return 0;
    if (!strcmp(reveal, "*")) {
        job->mask.all_shown = true;
        return 0;
    }
    if (!(job->reveal = strdup(reveal)))
        abort();
    for (char *key = strtok_r(job->reveal, ",", &save); key;
         key = strtok_r(NULL, ",", &save)) {
        if (!env_key_ok(key, strlen(key)))
            return env_answer_error(job, 422, "reveal", 0, "not the name of a key");
        if (job->mask.nshown == SHOWN_MAX)
            return env_answer_error(job, 422, "reveal", 0, "more than %d keys", SHOWN_MAX);
        job->shown[job->mask.nshown++] = key;
    }
    job->mask.shown = job->shown;
    return 0;
}

static void op_read(struct env_job *job)
{
    if (shown_keys(job) == 0 && env_job_read(job) == 0)
        env_answer(job, job->etag, described(job, &job->text));
}

static json_t *listed(struct env_job *job, const char *key)
{
    json_t *file = json_pack("{s:s,s:s}", "key", key, "path", job->path);
    struct safe_fail fail;

    job->place.dir = -1;
    memset(&job->file, 0, sizeof(job->file));
    if (safe_open(&job->place, job->path, &fail) ||
        safe_read(&job->place, &job->rule, &job->file, &fail)) {
        json_object_set_new(file, "exists", json_boolean(job->file.exists));
        json_object_set_new(file, "writable", json_false());
        json_object_set_new(file, "error", json_string(fail.text));
    }
    else {
        if (job->file.exists) {
            env_etag(job->file.bytes, job->file.n, job->etag);
            json_object_set_new(file, "size", json_integer((json_int_t)job->file.n));
            json_object_set_new(file, "mtime", json_integer(job->file.st.st_mtime));
        }
        else {
            strcpy(job->etag, ETAG_ABSENT);
            json_object_set_new(file, "size", json_null());
            json_object_set_new(file, "mtime", json_null());
        }
        json_object_set_new(file, "etag", json_string(job->etag));
        json_object_set_new(file, "exists", json_boolean(job->file.exists));
        json_object_set_new(file, "writable",
                            json_boolean(safe_writable(&job->place, &job->file)));
    }
    free(job->file.bytes);
    job->file.bytes = NULL;
    safe_close(&job->place);
    return file;
}

static void op_list(struct env_job *job)
{
    json_t *files = json_array();

    for (int i = 0; i < job->app->env.n; i++) {
        job->path = job->app->env.item[i].value;
        json_array_append_new(files, listed(job, job->app->env.item[i].name));
    }
    env_answer(job, NULL, json_pack("{s:o}", "files", files));
}

/* 20261121T093000.123456Z-1 → 2026-11-21T09:30:00.123Z */
static json_t *stamp_time(const char *s)
{
    return json_sprintf("%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.%.3sZ", s, s + 4, s + 6, s + 9, s + 11,
                        s + 13, s + 16);
}

static void op_backups(struct env_job *job)
{
    struct safe_backup *list = NULL;
    struct safe_fail fail;
    json_t *all;
    int n;

    if (safe_open(&job->place, job->path, &fail) ||
        (n = safe_backups(&job->place, &list, &fail)) < 0) {
        env_answer_safe(job, &fail);
        return;
    }
    all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, json_pack("{s:s,s:o,s:I}", "name", list[i].stamp, "at",
                                             stamp_time(list[i].stamp), "size",
                                             (json_int_t)list[i].size));
    free(list);
    env_answer(job, NULL, all);
}

static void op_backup(struct env_job *job)
{
    const char *stamp = json_string_value(json_object_get(job->request, "stamp"));
    struct safe_fail safe;
    struct env_fail fail;

    if (safe_open(&job->place, job->path, &safe) ||
        safe_backup_read(&job->place, stamp ? stamp : "", ENV_MAX, &job->file, &safe))
        env_answer_safe(job, &safe);
    else if (env_parse(&job->text, job->file.bytes, job->file.n, &fail))
        env_answer_text(job, &fail);
    else {
        env_etag(job->file.bytes, job->file.n, job->etag);
        env_answer(job, job->etag, described(job, &job->text));
    }
}

/* ---- which */

static const struct {
    const char *name;
    bool file; /* it is about one */
    void (*fn)(struct env_job *);
} ops[] = {
    {"list", false, op_list},      {"read", true, op_read},
    {"write", true, env_op_write}, {"backups", true, op_backups},
    {"backup", true, op_backup},   {"restore", true, env_op_restore},
};

static void serve(struct env_job *job)
{
    const char *op = json_string_value(json_object_get(job->request, "op")),
               *app = json_string_value(json_object_get(job->request, "app")),
               *file = json_string_value(json_object_get(job->request, "file"));

    job->app = app ? conf_app(job->conf, app) : NULL;
    if (!job->app) {
        env_answer_error(job, 404, NULL, 0, "no such app on this host's list");
        return;
    }
    for (size_t i = 0; op && i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (strcmp(ops[i].name, op))
            continue;
        job->path = file ? app_env_path(job->app, file) : NULL;
        if (ops[i].file && !job->path)
            env_answer_error(job, 404, NULL, 0, "no such env file on this host's list");
        else if (owners(job) == 0)
            ops[i].fn(job);
        return;
    }
    env_answer_error(job, 400, "op", 0, "no such op");
}

json_t *env_serve(const struct conf *conf, const json_t *request)
{
    struct env_job job = {.conf = conf, .request = request, .place = {.dir = -1}};

    env_mask_init(&job.mask, conf->mask);
    serve(&job);
    safe_close(&job.place);
    free(job.file.bytes);
    free(job.reveal);
    env_free(&job.text);
    env_mask_free(&job.mask);
    return job.answer;
}
