/* What journalctl says, in pieces: each line of it is JSON of its own, whatever came; and the
 * pieces make no difference. The first byte says how long they are. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log_export.h"

static bool on_line(void *arg, const struct log_line *line)
{
    buf *out = arg;

    if (line->len > LOG_TEXT_MAX || line->level < 0 || line->level > 7 || line->us < 0)
        abort();
    log_line_json(out, line);
    buf_add(out, "\n", 1);
    return true;
}

static void feed(buf *out, const uint8_t *data, size_t size, size_t step)
{
    struct log_export e = {.line = on_line, .arg = out};

    for (size_t i = 0; i < size; i += step)
        log_export_feed(&e, (const char *)data + i, size - i < step ? size - i : step);
    if (e.part.size > 4 * LOG_TEXT_MAX || e.text.size > 4 * LOG_TEXT_MAX)
        abort();
    log_export_free(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf whole = {0}, pieces = {0};

    if (size < 1)
        return 0;
    feed(&whole, data + 1, size - 1, size);
    feed(&pieces, data + 1, size - 1, data[0] % 64 + 1);
    if (whole.len != pieces.len || (whole.len && memcmp(whole.data, pieces.data, whole.len)))
        abort();
    for (size_t from = 0; from < whole.len;) {
        size_t len = (size_t)((char *)memchr(whole.data + from, '\n', whole.len - from) -
                              (whole.data + from));
        json_t *line = json_loadb(whole.data + from, len, JSON_REJECT_DUPLICATES, NULL);

        if (!line)
            abort();
        json_decref(line);
        from += len + 1;
    }
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
