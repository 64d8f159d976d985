/* Front matter of strangers' issues: read or refused, the rest is always inside the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front_matter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), error[120] = "";
    struct arena *memory = NULL;
    struct front_matter f;
    int rc;

    memcpy(text, data, size);
    text[size] = '\0';
    rc = front_matter_read(&f, &memory, text, error, sizeof(error));
    if (f.rest < text || f.rest > text + strlen(text) || f.systems > FRONT_SYSTEMS_MAX)
        abort();
    if (rc < 0 && !error[0])
        abort();
    arena_free(&memory);
    free(text);
    return 0;
}
