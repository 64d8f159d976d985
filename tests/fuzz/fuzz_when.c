/* Times that strangers write: a second of 1970 to 9999, or a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words = malloc(size + 1), error[80] = "";
    int64_t at = -1;

    memcpy(words, data, size);
    words[size] = '\0';
    if (when_parse(words, 1762338030, &at, error, sizeof(error)) == 0) {
        if (at < 0 || at > INT64_C(253402300799))
            abort();
    }
    else if (!error[0]) {
        abort();
    }
    free(words);
    return 0;
}
