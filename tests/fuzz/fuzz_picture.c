/* What somebody gives as a logo: any bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[160] = "";
    const char *type = picture_type(data, size, why, sizeof(why));

    if (type ? strcmp(type, "image/png") && strcmp(type, "image/svg+xml") : !*why)
        abort();
    return 0;
}
