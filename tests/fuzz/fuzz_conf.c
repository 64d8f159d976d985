/* Configuration files: whatever stands in one, it is read or refused with a line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

struct all {
    char *name;
    int count;
    bool on;
    long keep;
    struct conf_list nets;
};

static const struct conf_key keys[] = {
    {"name", CONF_TEXT, offsetof(struct all, name), "somebody", 1, 20},
    {"count", CONF_INT, offsetof(struct all, count), "2", 0, 64},
    {"on", CONF_BOOL, offsetof(struct all, on), "no", 0, 0},
    {"keep", CONF_TIME, offsetof(struct all, keep), "6h", 60, 86400},
    {"net", CONF_LIST, offsetof(struct all, nets), NULL, 0, 0},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct all all = {0};
    struct conf_error e;
    FILE *f = size ? fmemopen((void *)data, size, "r") : NULL;

    if (!f)
        return 0;
    if (conf_read_from(f, keys, &all, &e) == 0) {
        if (all.count < 0 || all.count > 64 || all.keep < 60 || all.keep > 86400 ||
            (all.name && strlen(all.name) > 20))
            abort();
    }
    else if (e.line < 1 || !e.text[0]) {
        abort();
    }
    conf_free(keys, &all);
    fclose(f);
    return 0;
}
