/*
 * tocsin_field: does a value keep the rules of its field?
 *
 * The answers are the ends of a sentence that starts with the field's name: "interval
 * must be between 5 and 86400". One function a type; the table is tocsin_type's order.
 */
#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "tocsin_core.h"

#define EMAIL_MAX 254
#define URL_MAX   2048

typedef struct {
    apr_pool_t *p;
    const struct guard *guard;
    const tocsin_field *f;
} context;

typedef const char *checker(const context *c, json_t *value);

static const char *length_rule(const context *c, apr_int64_t n, const char *unit)
{
    const tocsin_field *f = c->f;

    if (n >= f->min && (!f->max || n <= f->max))
        return NULL;
    if (f->min == 1 && n < 1)
        return "must not be empty";
    if (n < f->min)
        return apr_psprintf(c->p, "must have at least %" APR_INT64_T_FMT " %s", f->min, unit);
    return apr_psprintf(c->p, "must have at most %" APR_INT64_T_FMT " %s", f->max, unit);
}

/* Control characters: C0, DEL and, as UTF-8, C1. */
static const char *text_rule(const char *s, int lines)
{
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;

        if (lines && (ch == '\n' || ch == '\t' || ch == '\r'))
            continue;
        if (ch < 0x20 || ch == 0x7f)
            return "must not hold control characters";
        if (ch == 0xc2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0)
            return "must not hold control characters";
    }
    return NULL;
}

static const char *check_string(const context *c, json_t *v)
{
    const char *rule;

    if (!json_is_string(v))
        return "must be a string";
    rule = length_rule(c, (apr_int64_t)json_string_length(v), "bytes");
    return rule ? rule : text_rule(json_string_value(v), c->f->flags & F_TEXT);
}

static const char *check_int(const context *c, json_t *v)
{
    const tocsin_field *f = c->f;

    if (!json_is_integer(v))
        return "must be a whole number";
    if ((f->min || f->max) &&
        (json_integer_value(v) < f->min || json_integer_value(v) > f->max))
        return apr_psprintf(c->p, "must be between %" APR_INT64_T_FMT " and %" APR_INT64_T_FMT,
                            f->min, f->max);
    return NULL;
}

static const char *check_bool(const context *, json_t *v)
{
    return json_is_boolean(v) ? NULL : "must be true or false";
}

static int choice_has(const char *choices, const char *word)
{
    apr_size_t len = strlen(word);

    for (const char *s = choices; len; s++) {
        apr_size_t n = strcspn(s, "|");

        if (n == len && !memcmp(s, word, n))
            return 1;
        if (!*(s += n))
            break;
    }
    return 0;
}

static const char *check_enum(const context *c, json_t *v)
{
    char *said;

    if (json_is_string(v) && choice_has(c->f->choices, json_string_value(v)))
        return NULL;
    said = apr_pstrdup(c->p, c->f->choices);
    for (char *s = said; *s; s++)
        if (*s == '|')
            *s = ' ';
    return apr_pstrcat(c->p, "must be one of: ", said, NULL);
}

static int domain_valid(const char *s)
{
    const char *label = s;

    for (;; s++) {
        if (*s && *s != '.') {
            if (!apr_isalnum(*s) && *s != '-' && !(*s & 0x80))
                return 0;
            continue;
        }
        if (s == label || s - label > 63 || *label == '-' || s[-1] == '-')
            return 0;
        if (!*s)
            return 1;
        label = s + 1;
    }
}

static const char *check_email(const context *, json_t *v)
{
    const char *s = json_string_value(v), *at = s ? strrchr(s, '@') : NULL;

    if (!s)
        return "must be a string";
    if (strlen(s) > EMAIL_MAX || !at || at == s || at - s > 64 || !domain_valid(at + 1) ||
        strcspn(s, " \"(),:;<>[\\]") < strlen(s) || memchr(s, '@', (size_t)(at - s)) ||
        *s == '.' || at[-1] == '.' || strstr(s, "..") || text_rule(s, 0))
        return "must be an e-mail address";
    return NULL;
}

static const char *port_rule(const char *s)
{
    apr_int64_t port = apr_strtoi64(s, NULL, 10);

    if (!*s || strspn(s, "0123456789") != strlen(s) || port < 1 || port > 65535)
        return "must have a port between 1 and 65535";
    return NULL;
}

/* What stands between "//" and the path: [v6]:port, host:port, host. */
static const char *authority_rule(const context *c, char *s)
{
    char *host = s, *end = *s == '[' ? strchr(s, ']') : s + strcspn(s, ":");
    const char *rule;

    if (strchr(s, '@'))
        return "must not hold a user or a password";
    if (!end || end == s)
        return "must name a host";
    if (*s == '[')
        end++;
    if (*end && *end != ':')
        return "must name a host";
    if (*end == ':' && (rule = port_rule(end + 1)))
        return rule;
    *end = '\0';
    if (strlen(host) > 253 || strcspn(host, "<>\"{}|\\^`%") < strlen(host))
        return "must name a host";
    if (c->guard && (rule = guard_check_host(c->guard, host)))
        return apr_pstrcat(c->p, "must not point to ", rule, NULL);
    return NULL;
}

static const char *check_url(const context *c, json_t *v)
{
    const char *s = json_string_value(v), *rest;

    if (!s)
        return "must be a string";
    if (strlen(s) > URL_MAX)
        return "must have at most " APR_STRINGIFY(URL_MAX) " bytes";
    if (text_rule(s, 0) || strchr(s, ' '))
        return "must not hold spaces or control characters";
    if (!apr_cstr_casecmpn(s, "http://", 7))
        rest = s + 7;
    else if (!apr_cstr_casecmpn(s, "https://", 8))
        rest = s + 8;
    else
        return "must start with http:// or https://";
    return authority_rule(c, apr_pstrmemdup(c->p, rest, strcspn(rest, "/?#")));
}

static int digits(const char *s, int n)
{
    while (n-- > 0)
        if (!apr_isdigit(*s++))
            return 0;
    return 1;
}

static int between(const char *s, int least, int most)
{
    int n = (s[0] - '0') * 10 + s[1] - '0';

    return digits(s, 2) && n >= least && n <= most;
}

/* 2026-11-21: a day that there is, from the year 1 on. */
static int date_valid(const char *s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month;

    if (!digits(s, 4) || s[4] != '-' || !between(s + 5, 1, 12) || s[7] != '-')
        return 0;
    year = atoi(s);
    month = atoi(s + 5);
    return year > 0 && between(s + 8, 1,
                               days[month - 1] + (month == 2 && year % 4 == 0 &&
                                                  (year % 100 || year % 400 == 0)));
}

/* 2026-11-21T03:00:00[.123](Z|+01:00) */
static const char *check_time(const context *, json_t *v)
{
    static const char rule[] = "must be a time like 2026-01-31T23:59:59Z";
    const char *s = json_string_value(v);

    if (!s || strlen(s) < 20 || strlen(s) > 40 || !date_valid(s) || s[10] != 'T' ||
        !between(s + 11, 0, 23) || s[13] != ':' || !between(s + 14, 0, 59) || s[16] != ':' ||
        !between(s + 17, 0, 60))
        return rule;
    s += 19;
    if (*s == '.')
        for (s++; apr_isdigit(*s);)
            s++;
    if (!strcmp(s, "Z"))
        return NULL;
    if ((*s == '+' || *s == '-') && between(s + 1, 0, 14) && s[3] == ':' &&
        between(s + 4, 0, 59) && !s[6])
        return NULL;
    return rule;
}

static const char *check_uuid(const context *, json_t *v)
{
    return json_is_string(v) && uuid_valid(json_string_value(v)) ? NULL : "must be a UUID";
}

static const char *check_id(const context *, json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) > 0 ? NULL
                                                           : "must be a positive number";
}

static const char *item_rule(const context *c, json_t *v)
{
    if (!json_is_string(v))
        return "must hold strings only";
    if (c->f->item_max && json_string_length(v) > (size_t)c->f->item_max)
        return apr_psprintf(c->p, "must hold strings of at most %d bytes", c->f->item_max);
    return text_rule(json_string_value(v), c->f->flags & F_TEXT);
}

static const char *check_strings(const context *c, json_t *v)
{
    const char *rule;
    json_t *item;
    size_t i;

    if (!json_is_array(v))
        return "must be a list of strings";
    if ((rule = length_rule(c, (apr_int64_t)json_array_size(v), "members")))
        return rule;
    json_array_foreach(v, i, item) if ((rule = item_rule(c, item))) return rule;
    return NULL;
}

static const char *check_ids(const context *c, json_t *v)
{
    const char *rule;
    json_t *item;
    size_t i;

    if (!json_is_array(v))
        return "must be a list of numbers";
    if ((rule = length_rule(c, (apr_int64_t)json_array_size(v), "members")))
        return rule;
    json_array_foreach(v, i,
                       item) if (check_id(c, item)) return "must hold positive numbers only";
    return NULL;
}

static const char *check_map(const context *c, json_t *v)
{
    const char *key, *rule;
    json_t *item;

    if (!json_is_object(v))
        return "must be an object of strings";
    if ((rule = length_rule(c, (apr_int64_t)json_object_size(v), "members")))
        return rule;
    json_object_foreach(v, key, item)
    {
        if (!*key || strlen(key) > 256 || text_rule(key, 0))
            return "must have names of 1 to 256 bytes without control characters";
        if (json_is_null(item) && (c->f->flags & F_NULL))
            continue;
        if ((rule = item_rule(c, item)))
            return rule;
    }
    return NULL;
}

static const char *check_object(const context *, json_t *v)
{
    return json_is_object(v) ? NULL : "must be an object";
}

static const char *check_list(const context *c, json_t *v)
{
    json_t *item;
    size_t i;

    if (!json_is_array(v))
        return "must be a list of objects";
    json_array_foreach(v, i, item) if (!json_is_object(item)) return "must hold objects only";
    return length_rule(c, (apr_int64_t)json_array_size(v), "members");
}

static checker *const checkers[] = {
    [T_STRING] = check_string,   [T_INT] = check_int,     [T_BOOL] = check_bool,
    [T_ENUM] = check_enum,       [T_EMAIL] = check_email, [T_URL] = check_url,
    [T_TIME] = check_time,       [T_UUID] = check_uuid,   [T_ID] = check_id,
    [T_STRINGS] = check_strings, [T_IDS] = check_ids,     [T_MAP] = check_map,
    [T_OBJECT] = check_object,   [T_LIST] = check_list,
};

const char *field_check(apr_pool_t *p, const struct guard *guard, const tocsin_field *field,
                        json_t *value)
{
    context c = {.p = p, .guard = guard, .f = field};

    if (json_is_null(value))
        return field->flags & F_NULL ? NULL : "must not be null";
    return checkers[field->type](&c, value);
}

const tocsin_field *field_find(const tocsin_field *fields, const char *name)
{
    for (; fields && fields->name; fields++)
        if (!strcmp(fields->name, name))
            return fields;
    return NULL;
}

json_t *field_check_all(apr_pool_t *p, const struct guard *guard, const tocsin_field *fields,
                        json_t *object, int partial)
{
    json_t *errors = NULL, *value;
    const char *name, *rule;

    json_object_foreach(object, name, value)
    {
        const tocsin_field *f = field_find(fields, name);

        rule = f ? field_check(p, guard, f, value) : "is not known";
        if (!rule)
            continue;
        errors = errors ? errors : json_object();
        json_object_set_new(errors, name, json_string(rule));
    }
    for (const tocsin_field *f = fields; !partial && f && f->name; f++)
        if ((f->flags & F_REQUIRED) && !json_object_get(object, f->name)) {
            errors = errors ? errors : json_object();
            json_object_set_new(errors, f->name, json_string("is required"));
        }
    return errors;
}
