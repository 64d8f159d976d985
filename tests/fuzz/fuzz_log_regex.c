/* Patterns over texts: a line with the pattern, then the text. Asked twice it says the same,
 * and words find themselves. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log_line.h"
#include "log_regex.h"

static char *first_line(const uint8_t *data, size_t size, size_t *len)
{
    const uint8_t *end = memchr(data, '\n', size);
    char *line;

    *len = end ? (size_t)(end - data) : size;
    line = malloc(*len + 1);
    if (!line)
        abort();
    memcpy(line, data, *len);
    line[*len] = '\0';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len, behind;
    char *pattern = first_line(data, size, &len);
    const char *text, *why = NULL;
    struct log_regex *r = log_regex_new(pattern, &why);
    buf clean = {0};

    behind = len + (len < size);
    text = (const char *)data + behind;
    len = size - behind;
    log_text_clean(&clean, &text, &len);
    if (!r != (why != NULL))
        abort();
    if (r && log_regex_match(r, text, len) != log_regex_match(r, text, len))
        abort();
    log_regex_free(r);
    r = log_regex_words(pattern, &why);
    if (r && !log_regex_match(r, pattern, strlen(pattern)))
        abort();
    log_regex_free(r);
    buf_free(&clean);
    free(pattern);
    return 0;
}
