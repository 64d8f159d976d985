/* A host, or a network to allow: a guard that allows nothing lets no literal loopback
 * through, and a network that is taken allows its own first address. */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6};
    struct guard g;

    memcpy(text, data, size);
    text[size] = '\0';
    guard_init(&g);
    if (strcmp(text, "127.0.0.1") == 0 && !guard_check_host(&g, text))
        abort();
    guard_check_host(&g, text);
    if (guard_allow(&g, text) == 0) {
        memcpy(&a.sin6_addr, g.allow[0].addr, 16);
        if (guard_check(&g, (struct sockaddr *)&a))
            abort();
    }
    if (size >= 16) {
        memcpy(&a.sin6_addr, data, 16);
        guard_check(&g, (struct sockaddr *)&a);
    }
    free(text);
    return 0;
}
