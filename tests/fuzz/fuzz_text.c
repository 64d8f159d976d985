/* Bytes of a stranger: the keyword search agrees with memmem however the body is cut, and
 * what becomes text stays as it is when it is cleaned again. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *bytes, size_t size, size_t needle, size_t cut)
{
    struct search s;
    size_t at = 0;
    int found;

    if (search_init(&s, bytes, needle) != 0)
        return;
    bytes += needle;
    size -= needle;
    cut = size ? cut % size : 0;
    search_feed(&s, &at, bytes, cut);
    found = search_feed(&s, &at, bytes + cut, size - cut);
    if (found != (memmem(bytes, size, s.text, s.len) != NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    char *once = malloc(3 * size + 1), *twice = malloc(3 * size + 1);
    size_t n = utf8_clean(once, 3 * size + 1, bytes, size);

    if (strlen(once) != n || utf8_clean(twice, 3 * size + 1, once, n) != n ||
        strcmp(once, twice) != 0)
        abort();
    if (utf8_clean(twice, size / 2 + 1, bytes, size) > size / 2)
        abort();
    if (size > 2 && (size_t)data[0] + 2 <= size)
        look(bytes + 2, size - 2, data[0], data[1]);
    free(once);
    free(twice);
    return 0;
}
