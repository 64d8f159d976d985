/* github_issue: labels, front matter and times of an issue. */
#include "github_issue.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "day.h"
#include "front_matter.h"
#include "when.h"

#define SYSTEMS_MAX 200

static const char *text(const json_t *issue, const char *name)
{
    return json_string_value(json_object_get(issue, name));
}

/* Seconds; 0 when it is not said. */
static int64_t moment(const json_t *issue, const char *name)
{
    const char *s = text(issue, name);
    int64_t ms;

    return s && day_parse_ms(s, &ms) ? ms / 1000 : 0;
}

bool issue_has_label(const json_t *issue, const char *label)
{
    json_t *labels = json_object_get(issue, "labels"), *one;
    size_t i;

    json_array_foreach(labels, i, one)
    {
        if (!strcasecmp(json_string_value(one), label)) /* as GitHub compares them */
            return true;
    }
    return false;
}

bool issue_is_window(const json_t *issue, const struct issue_rules *rules)
{
    size_t i;

    for (i = 0; i < rules->maintenance.n; i++)
        if (issue_has_label(issue, rules->maintenance.item[i]))
            return true;
    return false;
}

/* ---------------------------------------------------------------- systems */

/* The name after a type that is known; the whole label otherwise. */
static const char *untyped(const char *label, const char *separator, bool *typed)
{
    static const char *const types[] = {"system", "process", "project",
                                        "event",  "sla",     "custom"};
    size_t i, n, sep = strlen(separator);

    *typed = false;
    for (i = 0; sep && i < sizeof(types) / sizeof(*types); i++) {
        n = strlen(types[i]);
        if (!strncmp(label, types[i], n) && !strncmp(label + n, separator, sep) &&
            label[n + sep]) {
            *typed = i < 2;
            return label + n + sep;
        }
    }
    return label;
}

static void add_system(struct note *out, struct arena **m, const char *name)
{
    int i;

    for (i = 0; i < out->systems; i++)
        if (!strcmp(out->system[i], name))
            return;
    if (!out->system)
        out->system = arena_alloc(m, SYSTEMS_MAX * sizeof(*out->system));
    if (out->systems < SYSTEMS_MAX)
        out->system[out->systems++] = arena_str(m, name);
}

/* The name that readings use for what people call a system; NULL: not known. */
static const char *canonical(const struct issue_rules *rules, const char *name)
{
    int i;

    for (i = 0; i < rules->systems; i++)
        if (!strcmp(rules->name[i], name))
            return rules->name[i];
    for (i = 0; i < rules->systems; i++)
        if (!strcasecmp(rules->name[i], name) || !strcasecmp(rules->display[i], name))
            return rules->name[i];
    return NULL;
}

static void systems_of_labels(struct note *out, struct arena **m, const json_t *issue,
                              const struct issue_rules *rules)
{
    json_t *labels = json_object_get(issue, "labels"), *one;
    size_t i;
    bool typed;

    json_array_foreach(labels, i, one)
    {
        const char *name = untyped(json_string_value(one), rules->separator, &typed);
        const char *known = canonical(rules, name);

        if (!known && name != json_string_value(one))
            known = canonical(rules, json_string_value(one));
        if (known)
            add_system(out, m, known);
        else if (typed && rules->systems == 0)
            add_system(out, m, name); /* nobody said which there are */
    }
}

/* ---------------------------------------------------------------- the rest */

static int fill(struct note *out, struct arena **m, const json_t *issue, char *error,
                size_t size)
{
    json_t *labels = json_object_get(issue, "labels"), *one;
    const char *title = text(issue, "title");
    size_t i;

    *out = (struct note){.id = json_integer_value(json_object_get(issue, "number")),
                         .created_at = moment(issue, "created_at")};
    if (out->id <= 0 || !title || !out->created_at) {
        snprintf(error, size,
                 "an entry has no number, title or time: this is no list of issues");
        return -1;
    }
    out->title = arena_str(m, *title ? title : "(no title)");
    out->raw = arena_str(m, text(issue, "body") ? text(issue, "body") : "");
    out->body = out->raw;
    out->url = arena_str(m, text(issue, "html_url"));
    out->updated_at = moment(issue, "updated_at");
    if (out->updated_at < out->created_at)
        out->updated_at = out->created_at;
    if (text(issue, "state") && !strcmp(text(issue, "state"), "closed"))
        out->closed_at =
            moment(issue, "closed_at") ? moment(issue, "closed_at") : out->updated_at;
    out->label = arena_alloc(m, (json_array_size(labels) + 1) * sizeof(*out->label));
    json_array_foreach(labels, i, one) out->label[out->labels++] =
        arena_str(m, json_string_value(one));
    return 1;
}

static const char *trimmed(struct arena **m, const char *body)
{
    size_t n;

    body += strspn(body, " \t\r\n");
    n = strlen(body);
    while (n && strchr(" \t\r\n", body[n - 1]))
        n--;
    return arena_copy(m, body, n);
}

static const char *severity(const json_t *issue)
{
    static const char *const order[] = {"critical", "major", "maintenance", "minor"};
    char typed[32];
    size_t i;

    for (i = 0; i < sizeof(order) / sizeof(*order); i++) {
        snprintf(typed, sizeof(typed), "severity:%s", order[i]);
        if (issue_has_label(issue, order[i]) || issue_has_label(issue, typed))
            return order[i];
    }
    return "minor";
}

int issue_incident(struct note *out, struct arena **m, const json_t *issue,
                   const struct issue_rules *rules, char *error, size_t size)
{
    struct front_matter front;
    char why[200];
    int i, rc = fill(out, m, issue, error, size);

    if (rc < 0)
        return rc;
    out->severity = severity(issue);
    systems_of_labels(out, m, issue, rules);
    if (front_matter_read(&front, m, out->raw, why, sizeof(why)) > 0)
        for (i = 0; i < front.systems; i++) {
            const char *known = canonical(rules, front.system[i]);

            if (known || rules->systems == 0)
                add_system(out, m, known ? known : front.system[i]);
        }
    out->body = trimmed(m, front.rest);
    return 1;
}

/* A time of the front matter, as it was meant when the issue was written. */
static int field(const char *name, const char *words, int64_t anchor, int64_t *at, char *error,
                 size_t size)
{
    char why[160];

    if (!words) {
        snprintf(error, size, "%s: is missing", name);
        return 0;
    }
    if (when_parse(words, anchor, at, why, sizeof(why)) == 0)
        return 1;
    snprintf(error, size, "%s: '%.60s': %s", name, words, why);
    return 0;
}

int issue_window(struct note *out, struct arena **m, const json_t *issue,
                 const struct issue_rules *rules, char *error, size_t size)
{
    struct front_matter front;
    char why[200];
    int i, rc = fill(out, m, issue, error, size);

    if (rc < 0)
        return rc;
    rc = front_matter_read(&front, m, out->raw, why, sizeof(why));
    if (rc <= 0) {
        snprintf(error, size, "front matter: %s", rc ? why : "there is none");
        return 0;
    }
    if (!field("start", front.start, out->created_at, &out->starts_at, error, size) ||
        !field("end", front.end, out->created_at, &out->ends_at, error, size))
        return 0;
    if (out->ends_at <= out->starts_at) {
        snprintf(error, size, "end: is not after the start");
        return 0;
    }
    for (i = 0; i < front.systems; i++) {
        const char *known = canonical(rules, front.system[i]);

        add_system(out, m, known ? known : front.system[i]);
    }
    if (!front.systems)
        systems_of_labels(out, m, issue, rules);
    out->body = trimmed(m, front.rest);
    return 1;
}

void issue_comments(struct note *out, struct arena **m, const json_t *comments)
{
    json_t *one;
    size_t i;

    out->comment = arena_alloc(m, (json_array_size(comments) + 1) * sizeof(*out->comment));
    json_array_foreach(comments, i, one)
    {
        struct note_comment *c = &out->comment[out->comments];

        c->at = moment(one, "created_at");
        if (!c->at)
            continue;
        c->author = arena_str(m, text(one, "author") ? text(one, "author") : "ghost");
        c->body = trimmed(m, text(one, "body") ? text(one, "body") : "");
        out->comments++;
    }
}
