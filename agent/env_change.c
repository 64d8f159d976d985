/* env_change: an env file is written, or put back as it was. */
#define _GNU_SOURCE
#include "env_diff.h"
#include "env_service_impl.h"

#include <stdlib.h>
#include <string.h>

static const char *field(const struct env_job *job, const char *name)
{
    return json_string_value(json_object_get(job->request, name));
}

/* Quotes around it and "W/" before it are how HTTP writes it. */
static int check_match(struct env_job *job)
{
    const char *s = field(job, "if_match");
    size_t n = strlen(job->etag);

    if (!s)
        return env_answer_error(job, 412, NULL, 0,
                                "If-Match is missing: read the file, and send its etag");
    if (!strcmp(s, "*") && job->file.exists)
        return 0;
    if (!strncmp(s, "W/", 2))
        s += 2;
    if (*s == '"' ? !strncmp(s + 1, job->etag, n) && !strcmp(s + 1 + n, "\"")
                  : !strcmp(s, job->etag))
        return 0;
    return env_answer_error(job, 412, NULL, 0, "the file is not what it was when it was read");
}

/* ---- what the file is to be */

static bool hidden(void *arg, const struct env_item *item)
{
    const struct env_job *job = arg;

    return env_mask_item(&job->mask, &job->text, item);
}

/* A mark, or null, that comes back leaves the value. 1: it is one to set. */
static int one_set(struct env_job *job, const char *key, const json_t *value,
                   struct env_set *set)
{
    const char *s = json_string_value(value);
    const struct env_item *item = env_find(&job->text, key);

    if (json_is_null(value))
        return item ? 0
                    : env_answer_error(job, 422, key, 0,
                                       "is not in the file, so there is nothing to keep");
    if (!s)
        return env_answer_error(job, 422, key, 0, "must be text");
    *set = (struct env_set){key, s, json_string_length(value)};
    if (!env_mask_marked(s, set->n))
        return 1;
    if (item && hidden(job, item) && !strcmp(s, ENV_MARK))
        return 0;
    return env_answer_error(job, 422, key, 0,
                            "the mark stands for all of a hidden value, and for no other");
}

static int by_edits(struct env_job *job, json_t *sets, const json_t *unsets, buf *out)
{
    size_t nsets = json_object_size(sets), nunsets = json_array_size(unsets);
    struct env_set *set = calloc(nsets + 1, sizeof(*set));
    const char **unset = calloc(nunsets + 1, sizeof(*unset)), *key;
    struct env_edit edit = {.set = set, .unset = unset, .hidden = hidden, .arg = job};
    struct env_fail fail;
    json_t *value;
    size_t i;
    int r = 0;

    if (!set || !unset)
        abort();
    json_object_foreach(sets, key, value)
    {
        if (r >= 0 && (r = one_set(job, key, value, &set[edit.nset])) > 0)
            edit.nset++;
    }
    json_array_foreach(unsets, i, value)
    {
        if (r >= 0 && !(unset[edit.nunset++] = json_string_value(value)))
            r = env_answer_error(job, 422, "unset", 0, "must be a list of keys");
    }
    if (r >= 0 && (r = env_edit(&job->text, &edit, out, &fail)))
        env_answer_text(job, &fail);
    free(set);
    free(unset);
    return r < 0 ? -1 : 0;
}

/* What a browser's text field makes of CRLF is undone. */
static void line_ends(const struct env_text *old, const char *text, size_t n, buf *out)
{
    size_t lf = 0, crlf = 0;

    for (size_t i = 0; i < old->len; i++)
        if (old->bytes[i] == '\n') {
            lf++;
            crlf += i > 0 && old->bytes[i - 1] == '\r';
        }
    if (lf == 0 || lf != crlf || memchr(text, '\r', n)) {
        buf_add(out, text, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        buf_add(out, text[i] == '\n' ? "\r\n" : text + i, text[i] == '\n' ? 2 : 1);
}

static int by_text(struct env_job *job, const json_t *text, buf *out)
{
    struct env_fail fail;
    buf ended = {0};
    int r;

    line_ends(&job->text, json_string_value(text), json_string_length(text), &ended);
    r = env_unmask(&job->mask, &job->text, ended.data, ended.len, out, &fail);
    buf_free(&ended);
    return r ? env_answer_text(job, &fail) : 0;
}

/* ---- what may not come in as text: it may stay where it stood before */

static const char *problem_of(const struct env_text *t, int line)
{
    for (int i = 0; i < t->nproblems; i++)
        if (t->problem[i].line == line)
            return t->problem[i].text;
    return "not KEY=value";
}

static bool has_control(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)s[i] < ' ' && !strchr("\t\r\n", s[i])) || s[i] == 127)
            return true;
    return false;
}

static int check_new_lines(struct env_job *job, const struct env_text *t,
                           const struct env_diff *diff)
{
    for (int i = 0; i < t->n; i++) {
        const struct env_item *item = &t->item[i];
        bool added = false;

        for (int line = item->line; line < item->line + item->lines; line++)
            added |= diff->added[line];
        if (!added)
            continue;
        if (item->kind == ENV_ODD)
            return env_answer_error(job, 422, NULL, item->line, "%s",
                                    problem_of(t, item->line));
        if (has_control(t->bytes + item->start, item->end - item->start))
            return env_answer_error(job, 422, NULL, item->line, "a control character");
    }
    return 0;
}

/* ---- and then */

struct told {
    json_t *list[3];
};

static void tell_key(void *arg, enum env_change change, const char *key, size_t n)
{
    json_array_append_new(((struct told *)arg)->list[change], json_stringn(key, n));
}

static json_t *changes(const struct env_text *old, const struct env_text *new,
                       const struct env_diff *diff, const char *etag, const char *stamp)
{
    struct told told = {{json_array(), json_array(), json_array()}};
    json_t *rows = json_array();

    for (int i = 0; i < diff->n; i++) {
        const struct env_row *row = &diff->row[i];

        json_array_append_new(rows, json_pack("{s:s,s:i,s:s%}", "op",
                                              row->op == '+'   ? "add"
                                              : row->op == '-' ? "del"
                                                               : "keep",
                                              "line", row->line, "text", row->text, row->n));
    }
    env_diff_keys(old, new, tell_key, &told);
    return json_pack("{s:s,s:s?,s:o,s:{s:o,s:o,s:o}}", "etag", etag, "backup",
                     *stamp ? stamp : NULL, "diff", rows, "keys", "added",
                     told.list[ENV_ADDED], "changed", told.list[ENV_CHANGED], "removed",
                     told.list[ENV_REMOVED]);
}

/* check: lines that come in are looked at. */
static void replace(struct env_job *job, const char *bytes, size_t n, bool check, bool dry_run)
{
    char stamp[SAFE_STAMP_SIZE] = "", etag[ETAG_SIZE];
    struct env_text now;
    struct env_diff diff = {0};
    struct env_fail fail;
    struct safe_fail safe;
    bool same =
        job->file.exists && n == job->file.n && (!n || !memcmp(bytes, job->file.bytes, n));

    if (env_parse(&now, bytes, n, &fail)) {
        env_answer_text(job, &fail);
        goto out;
    }
    env_diff_make(&diff, &job->mask, &job->text, &now);
    if (check && check_new_lines(job, &now, &diff))
        goto out;
    if (!same && !dry_run &&
        safe_replace(&job->place, &job->file, now.bytes, n, job->conf->env_keep_backups, stamp,
                     &safe)) {
        env_answer_safe(job, &safe);
        goto out;
    }
    env_etag(now.bytes, n, etag);
    env_answer(job, dry_run ? job->etag : etag,
               changes(&job->text, &now, &diff, dry_run ? job->etag : etag, stamp));
out:
    env_diff_free(&diff);
    env_free(&now);
}

void env_op_write(struct env_job *job)
{
    const json_t *body = json_object_get(job->request, "body"),
                 *text = json_object_get(body, "text"),
                 *unset = json_object_get(body, "unset");
    json_t *set = json_object_get(body, "set");
    buf out = {0};
    int r = 0;

    if (text ? set || unset || !json_is_string(text)
             : (set && !json_is_object(set)) || (unset && !json_is_array(unset)) ||
                   (!set && !unset)) {
        env_answer_error(job, 422, text ? "text" : "set", 0,
                         "either 'text', or 'set' with keys and values and 'unset' with keys");
        return;
    }
    if (env_job_read(job) || check_match(job))
        return;
    r = text ? by_text(job, text, &out) : by_edits(job, set, unset, &out);
    if (!r)
        replace(job, buf_end(&out), out.len, text != NULL,
                json_is_true(json_object_get(body, "dry_run")));
    buf_free(&out);
}

void env_op_restore(struct env_job *job)
{
    const char *stamp = field(job, "stamp");
    struct safe_file backup = {0};
    struct safe_fail fail;

    if (env_job_read(job) || check_match(job))
        return;
    if (safe_backup_read(&job->place, stamp ? stamp : "", ENV_MAX, &backup, &fail))
        env_answer_safe(job, &fail);
    else
        replace(job, backup.bytes, backup.n, false,
                json_is_true(json_object_get(job->request, "dry_run")));
    free(backup.bytes);
}
