/* Lines of archives: each is refused, or is a reading that is read back as it was written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

/* A C string of what was read; a reading has no zero in it. */
static char *text(const char *s, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy || memchr(s, 0, len))
        abort();
    memcpy(copy, s, len);
    copy[len] = 0;
    return copy;
}

static void write_and_read(const struct line *l)
{
    char *svc = text(l->svc, l->svc_len), *err = l->err ? text(l->err, l->err_len) : NULL;
    struct reading r = {
        .t = l->t, .svc = svc, .err = err, .code = l->code, .lat = l->lat, .state = l->state};
    buf out = {0}, scratch = {0};
    struct line again;

    line_add(&out, &r, l->t % 2);
    if (memchr(out.data, '\n', out.len) || !line_read(out.data, out.len, &again, &scratch))
        abort();
    if (again.t != l->t || again.state != l->state || again.code != l->code ||
        again.lat != (l->lat < 0 ? 0 : l->lat) || again.svc_len != l->svc_len ||
        memcmp(again.svc, svc, l->svc_len) || !again.err != !err ||
        (err && (again.err_len != l->err_len || memcmp(again.err, err, l->err_len))))
        abort();
    buf_free(&out);
    buf_free(&scratch);
    free(svc);
    free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf scratch = {0};
    struct line l;

    if (line_read((const char *)data, size, &l, &scratch)) {
        if (l.t < 0 || l.t > LINE_T_MAX || l.svc_len < 1 || l.svc_len > LINE_NAME_MAX ||
            l.state > STATE_MAINTENANCE || l.lat < -1 || l.code < 0)
            abort();
        write_and_read(&l);
    }
    buf_free(&scratch);
    return 0;
}
