/*
 * tocsin_word: words of a query or a form as JSON, as the type of their field asks for.
 */
#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <string.h>

#include "tocsin_core.h"

#define SECONDS_MAX 253402300799 /* the year 9999 */

static json_t *word_int(const char *word)
{
    apr_int64_t n;
    char *end;

    if (!apr_isdigit(*word) && (*word != '-' || !apr_isdigit(word[1])))
        return NULL;
    errno = 0;
    n = apr_strtoi64(word, &end, 10);
    return *end || errno ? NULL : json_integer(n);
}

static json_t *word_bool(const char *word)
{
    if (!strcmp(word, "true") || !strcmp(word, "1") || !strcmp(word, "on"))
        return json_true();
    return !strcmp(word, "false") || !strcmp(word, "0") || !*word ? json_false() : NULL;
}

/* Seconds since 1970 become RFC 3339; other words stay as they are. */
static json_t *word_time(apr_pool_t *p, const char *word)
{
    json_t *n = word_int(word);
    apr_time_exp_t t;
    json_t *time = NULL;

    if (!n)
        return json_string(word);
    if (json_integer_value(n) >= 0 && json_integer_value(n) <= SECONDS_MAX) {
        apr_time_exp_gmt(&t, apr_time_from_sec(json_integer_value(n)));
        time =
            json_string(apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900,
                                     t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec));
    }
    json_decref(n);
    return time ? time : json_string(word);
}

static json_t *word_list(apr_pool_t *p, const char *word, int numbers)
{
    char *copy = apr_pstrdup(p, word), *save, *part;
    json_t *list = json_array();

    for (part = apr_strtok(copy, ",", &save); part; part = apr_strtok(NULL, ",", &save)) {
        json_t *item = numbers ? word_int(part) : json_string(part);

        if (!item) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *word_value(apr_pool_t *p, const tocsin_field *field, const char *word)
{
    switch (field->type) {
    case T_INT:
    case T_ID:
        return word_int(word);
    case T_BOOL:
        return word_bool(word);
    case T_TIME:
        return word_time(p, word);
    case T_STRINGS:
        return word_list(p, word, 0);
    case T_IDS:
        return word_list(p, word, 1);
    default:
        return json_string(word);
    }
}

json_t *field_parse(apr_pool_t *p, const tocsin_field *field, const char *word, apr_size_t len,
                    const char **rule)
{
    json_t *utf8 = memchr(word, '\0', len) ? NULL : json_stringn(word, len), *value;

    *rule = NULL;
    if (!utf8) {
        *rule = "must be UTF-8 without NUL";
        return NULL;
    }
    json_decref(utf8);
    value = word_value(p, field, word);
    if (!value) /* let the check of a string say what was asked for */
        value = json_string(word);
    return value;
}
