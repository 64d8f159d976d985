/* A text of status codes: what is taken matches something, what is not nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct expect e;
    int code, n = 0, ok;

    memcpy(text, data, size);
    text[size] = '\0';
    ok = expect_parse(&e, text) == 0;
    for (code = -1; code < 1100; code++)
        n += expect_match(&e, code);
    if (ok != (n > 0) || expect_match(&e, 99) || expect_match(&e, 600))
        abort();
    free(text);
    return 0;
}
