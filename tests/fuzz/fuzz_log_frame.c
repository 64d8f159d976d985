/* What Docker sends, in pieces that make no difference. The first byte says how long they are,
 * and whether there is a terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log_frame.h"

static bool on_line(void *arg, bool err, int64_t ns, const struct log_line *line)
{
    buf *out = arg;

    if (line->len > LOG_TEXT_MAX || line->err != err || ns < -1)
        abort();
    buf_add(out, line->text, line->len);
    buf_add(out, err ? "E" : "O", 1);
    buf_add(out, (const char *)&ns, sizeof(ns));
    buf_add(out, (const char *)&line->cut, sizeof(line->cut));
    return true;
}

static void feed(buf *out, bool tty, const uint8_t *data, size_t size, size_t step)
{
    struct log_frame f = {.tty = tty, .line = on_line, .arg = out};

    for (size_t i = 0; i < size; i += step)
        log_frame_feed(&f, (const char *)data + i, size - i < step ? size - i : step);
    if (f.half[0].text.size > 4 * LOG_TEXT_MAX || f.half[1].text.size > 4 * LOG_TEXT_MAX)
        abort();
    log_frame_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf whole = {0}, pieces = {0};

    if (size < 1)
        return 0;
    feed(&whole, data[0] & 0x80, data + 1, size - 1, size);
    feed(&pieces, data[0] & 0x80, data + 1, size - 1, data[0] % 64 + 1);
    if (whole.len != pieces.len || (whole.len && memcmp(whole.data, pieces.data, whole.len)))
        abort();
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
