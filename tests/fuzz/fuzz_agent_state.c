/* What an agent answers: any bytes. What is taken can be written, and is never large. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[AGENT_WHY_MAX];
    json_t *state = agent_state_cut((const char *)data, size, why);
    char *text;

    if (!state) {
        if (!*why)
            abort();
        return 0;
    }
    agent_state_print(state);
    text = json_dumps(state, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!text || strlen(text) > 16 * size + 100000 ||
        json_array_size(json_object_get(state, "apps")) > AGENT_APPS_MAX)
        abort();
    free(text);
    json_decref(state);
    return 0;
}
