/* Knuth, Morris, Pratt. */
#include "search.h"

#include <string.h>

int search_init(struct search *s, const char *text, size_t len)
{
    size_t i, k = 0;

    s->len = 0;
    if (len == 0 || len > SEARCH_MAX)
        return -1;
    memcpy(s->text, text, len);
    s->len = len;
    s->back[0] = 0;
    for (i = 1; i < len; i++) {
        while (k > 0 && text[i] != text[k])
            k = s->back[k - 1];
        if (text[i] == text[k])
            k++;
        s->back[i] = k;
    }
    return 0;
}

bool search_feed(const struct search *s, size_t *at, const char *bytes, size_t n)
{
    size_t k = *at, i;

    for (i = 0; i < n && k < s->len; i++) {
        while (k > 0 && bytes[i] != s->text[k])
            k = s->back[k - 1];
        if (bytes[i] == s->text[k])
            k++;
    }
    *at = k;
    return k == s->len;
}
