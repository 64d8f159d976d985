/* Configuration files: whatever stands in one, it is read or refused with a line. */
#include <stddef.h>
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

static const struct conf_key part_keys[] = {
    {"count", CONF_INT, 0, "1", 0, 9},
    {"env", CONF_PAIRS, sizeof(void *), NULL, 0, 0},
    {NULL, CONF_TEXT, 0, NULL, 0, 0},
};

/* one at a time is kept */
static void *begin(void *arg, const char *, struct conf_error *)
{
    conf_free(part_keys, arg);
    return memset(arg, 0, 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as a file of sections. */
static void read_sections(const uint8_t *data, size_t size)
{
    _Alignas(max_align_t) char part[64] = {0};
    struct all all = {0};
    const struct conf_sections how = {.keys = keys,
                                      .into = &all,
                                      .word = "part",
                                      .section_keys = part_keys,
                                      .begin = begin,
                                      .arg = part};
    struct conf_error e;
    FILE *f = fmemopen((void *)data, size, "r");

    if (conf_read_sections(f, &how, &e) && (e.line < 1 || !e.text[0]))
        abort();
    conf_free(part_keys, part);
    conf_free(keys, &all);
    fclose(f);
}

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
    read_sections(data, size);
    return 0;
}
