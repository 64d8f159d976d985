/* status_rule: see status_rule.h. */
#include "status_rule.h"

#include <apr_strings.h>
#include <string.h>

static const char *add_net(apr_pool_t *p, char *word, struct status_rule *out)
{
    char *bits = strchr(word, '/');
    apr_ipsubnet_t *net;

    if (out->nets->nelts == RULE_NETS_MAX)
        return "too many networks";
    if (bits)
        *bits++ = '\0';
    if (apr_ipsubnet_create(&net, word, bits, p) != APR_SUCCESS)
        return "a bad network";
    APR_ARRAY_PUSH(out->nets, apr_ipsubnet_t *) = net;
    return NULL;
}

static const char *take_line(apr_pool_t *p, char *line, struct status_rule *out)
{
    char *save, *word = apr_strtok(line, " \t\r", &save), *value;
    const char *wrong;
    int before = out->nets->nelts;

    if (!word || *word == '#')
        return NULL;
    if (!strcmp(word, "password")) {
        value = apr_strtok(NULL, " \t\r", &save);
        if (!value || out->password || apr_strtok(NULL, " \t\r", &save))
            return "a bad password line";
        out->password = value;
        return NULL;
    }
    if (strcmp(word, "address"))
        return "an unknown word";
    while ((value = apr_strtok(NULL, " \t\r", &save)))
        if ((wrong = add_net(p, value, out)))
            return wrong;
    return out->nets->nelts > before ? NULL : "an address line without networks";
}

const char *rule_parse(apr_pool_t *p, char *text, struct status_rule *out)
{
    const char *wrong;
    char *save;

    memset(out, 0, sizeof(*out));
    out->nets = apr_array_make(p, 4, sizeof(apr_ipsubnet_t *));
    for (char *line = apr_strtok(text, "\n", &save); line;
         line = apr_strtok(NULL, "\n", &save))
        if ((wrong = take_line(p, line, out)))
            return wrong;
    return out->nets->nelts || out->password ? NULL : "nothing";
}

int rule_admits(const struct status_rule *rule, apr_sockaddr_t *from)
{
    for (int i = 0; i < rule->nets->nelts; i++)
        if (apr_ipsubnet_test(APR_ARRAY_IDX(rule->nets, i, apr_ipsubnet_t *), from))
            return 1;
    return rule->nets->nelts == 0;
}
