#include "deploy_request.h"

#include <ctype.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define PATTERN_MAX 256

bool deploy_id_ok(const char *id)
{
    if (strlen(id) != DEPLOY_ID_SIZE - 1)
        return false;
    for (int i = 0; i < DEPLOY_ID_SIZE - 1; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? id[i] != '-'
                                                    : !strchr("0123456789abcdef", id[i]))
            return false;
    return true;
}

bool deploy_ref_commit(const char *ref)
{
    size_t n = strspn(ref, "0123456789abcdef");

    return !ref[n] && (n == 40 || n == 64);
}

/* A part of git's rules, and no more than can be meant: nothing that begins like an option,
 * no ranges, no steps back, no look into the reflog. */
bool deploy_ref_ok(const char *ref)
{
    size_t n = strlen(ref);

    if (n == 0 || n >= DEPLOY_REF_SIZE || !isalnum((unsigned char)ref[0]) ||
        ref[n - 1] == '/' || ref[n - 1] == '.')
        return false;
    for (const char *s = ref; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("._/+-", *s))
            return false;
    return !strstr(ref, "..") && !strstr(ref, "//") && !strstr(ref, "/.") &&
           !strstr(ref, "/-") && !strstr(ref, ".lock/") &&
           (n < 5 || strcmp(ref + n - 5, ".lock"));
}

bool deploy_ref_allowed(const char *patterns, const char *ref)
{
    char pattern[PATTERN_MAX];

    while (*(patterns += strspn(patterns, " \t"))) {
        size_t n = strcspn(patterns, " \t");

        if (n < sizeof(pattern)) {
            memcpy(pattern, patterns, n);
            pattern[n] = '\0';
            if (fnmatch(pattern, ref, 0) == 0)
                return true;
        }
        patterns += n;
    }
    return false;
}

static int refuse(const char **why, const char *words)
{
    *why = words;
    return -1;
}

int deploy_request_parse(const char *text, size_t n, struct deploy_request *request,
                         const char **why)
{
    json_t *all =
        n <= DEPLOY_REQUEST_MAX ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *id = json_string_value(json_object_get(all, "id")),
               *ref = json_string_value(json_object_get(all, "ref"));
    int r = 0;

    memset(request, 0, sizeof(*request));
    if (!json_is_object(all))
        r = refuse(why, "is no JSON object");
    else if (!id || !deploy_id_ok(id))
        r = refuse(why, "'id' must be a UUID in lower case");
    else if (!ref || (*ref && !deploy_ref_ok(ref)))
        r = refuse(why, "'ref' must be the name of a branch or tag, or a whole commit");
    else {
        snprintf(request->id, sizeof(request->id), "%s", id);
        snprintf(request->ref, sizeof(request->ref), "%s", ref);
    }
    json_decref(all);
    return r;
}
