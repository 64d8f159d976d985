/* store_compress: days that are over become gzip files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "day.h"
#include "file.h"
#include "store_in.h"

#define PIECE 65536

/* A gzip file that is being written: the same bytes give the same file, so no time and no
 * name are in it. */
struct packing {
    struct file_new file;
    z_stream z;
    bool line_open; /* the last byte was no line end */
};

static int pack(struct store *s, struct packing *p, const char *data, size_t n, int flush)
{
    unsigned char out[PIECE];

    p->z.next_in = (unsigned char *)(uintptr_t)data;
    p->z.avail_in = (unsigned)n;
    if (n > 0)
        p->line_open = data[n - 1] != '\n';
    do {
        p->z.next_out = out;
        p->z.avail_out = sizeof(out);
        if (deflate(&p->z, flush) == Z_STREAM_ERROR)
            return store_fail(s, "cannot compress '%s'", p->file.path);
        if (file_new_write(&p->file, out, sizeof(out) - p->z.avail_out, s->error,
                           sizeof(s->error)) < 0)
            return -1;
    } while (p->z.avail_out == 0);
    return 0;
}

/* Adds a file, gz or plain (which zlib tells apart). 1: all of it, 0: it is broken, -1: the
 * new file cannot be written. */
static int pack_file(struct store *s, struct packing *p, const char *path)
{
    char data[PIECE];
    gzFile from = gzopen(path, "rbe");
    int n, state, rv = 1;

    if (!from)
        return errno == ENOENT ? 1 : 0;
    gzbuffer(from, PIECE);
    if (p->line_open)
        rv = pack(s, p, "\n", 1, Z_NO_FLUSH) < 0 ? -1 : 1;
    while (rv == 1 && (n = gzread(from, data, sizeof(data))) > 0)
        if (pack(s, p, data, (size_t)n, Z_NO_FLUSH) < 0)
            rv = -1;
    if (rv == 1 && (n < 0 || (gzerror(from, &state), state != Z_OK)))
        rv = 0;
    if (gzclose_r(from) != Z_OK && rv == 1)
        rv = 0;
    return rv;
}

/* 1: the plain file is in the gz now, 0: the gz there is broken and both stay, -1: error. */
static int compress_day(struct store *s, const char *plain, const char *gz)
{
    struct packing p = {0};
    int rv;

    if (file_new_open(&p.file, gz, s->error, sizeof(s->error)) < 0)
        return -1;
    if (deflateInit2(&p.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        file_new_abort(&p.file);
        return store_fail(s, "cannot compress '%s': no memory", plain);
    }
    rv = pack_file(s, &p, gz);
    if (rv == 1)
        rv = pack_file(s, &p, plain);
    if (rv == 1 && pack(s, &p, "", 0, Z_FINISH) < 0)
        rv = -1;
    deflateEnd(&p.z);
    if (rv == 1) {
        if (file_new_commit(&p.file, true, s->error, sizeof(s->error)) < 0)
            return -1;
        /* killed here, the plain file is merged again: readers count a reading once */
        if (unlink(plain) < 0)
            return store_fail(s, "cannot remove '%s': %s", plain, strerror(errno));
        return 1;
    }
    file_new_abort(&p.file);
    return rv;
}

int store_compress(struct store *s, int64_t now_ms)
{
    char plain[STORE_PATH], gz[STORE_PATH], sentence[STORE_PATH + 128];
    int first, last, done = 0, today = day_of_ms(now_ms);
    struct stat st;

    if (s->lock < 0)
        return store_fail(s, "'%s' is open for reading only", s->dir);
    if (!store_days(s, &first, &last))
        return 0;
    for (int day = first; day <= last && day < today; day++) {
        int rv;

        store_day_path(s, day, false, plain);
        store_day_path(s, day, true, gz);
        if (lstat(plain, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if ((rv = compress_day(s, plain, gz)) < 0)
            return -1;
        done += rv;
        if (rv == 0) {
            s->trouble.bad_files++;
            snprintf(sentence, sizeof(sentence),
                     "'%s' is broken: it and the plain file beside it stay", gz);
            if (s->tell)
                s->tell(s->tell_arg, sentence);
        }
    }
    return done;
}
