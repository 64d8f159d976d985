/* store_day: the readings of one day's files, plain and gz, as far as they are whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef TOCSIN_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "day.h"
#include "hash.h"
#include "line.h"
#include "store_in.h"

#define PIECE     (128 * 1024)
#define WHOLE_MAX (32 << 20) /* a file that is read at once, and what it becomes */

/* A file while it is read: pieces come in, whole lines go to the rows. */
struct reader {
    struct store *s;
    struct rows *rows;
    const char *path;
    buf rest;      /* a line whose end is not there yet */
    bool skipping; /* the rest of a line that is too long */
    long line, bad, first_bad;
    char broken[160]; /* why the file could not be read to its end */
};

static void row_of(struct reader *r, const struct line *line)
{
    struct row row = {
        .t = line->t,
        .svc = names_id(&r->s->names, line->svc, line->svc_len),
        .code = line->code,
        .lat = line->lat,
        .state = (uint8_t)line->state,
    };

    if (line->err)
        row.err = arena_copy(&r->rows->memory, line->err, line->err_len);
    rows_add(r->rows, &row);
}

static bool blank(const char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
        len--;
    return len == 0;
}

static void bad_line(struct reader *r)
{
    if (r->bad++ == 0)
        r->first_bad = r->line;
}

static void take(struct reader *r, const char *text, size_t len)
{
    struct line line;

    r->line++;
    if (r->skipping || (!blank(text, len) && !line_read(text, len, &line, &r->s->scratch)))
        bad_line(r);
    else if (len > 0 && !blank(text, len))
        row_of(r, &line);
    r->skipping = false;
}

/* The usual lines at once; what stops them is looked at by itself. */
static const char *take_own(struct reader *r, const char *data, const char *end)
{
    size_t had = r->rows->n;

    data = store_own_lines(r->s, r->rows, data, end);
    r->line += (long)(r->rows->n - had);
    return data;
}

static void feed(struct reader *r, const char *data, size_t n)
{
    const char *end = data + n, *stop;

    for (;; data = stop + 1) {
        if (r->rest.len == 0 && !r->skipping)
            data = take_own(r, data, end);
        stop = memchr(data, '\n', (size_t)(end - data));
        if (!stop)
            break;
        if (r->rest.len == 0) {
            take(r, data, (size_t)(stop - data));
            continue;
        }
        buf_add(&r->rest, data, (size_t)(stop - data));
        take(r, r->rest.data, r->rest.len);
        r->rest.len = 0;
    }
    if (r->rest.len + (size_t)(end - data) > LINE_MAX_BYTES) {
        r->skipping = true;
        r->rest.len = 0;
    }
    if (!r->skipping)
        buf_add(&r->rest, data, (size_t)(end - data));
}

/* The last line may have no end, when it is not of a file that broke off inside it. */
static void feed_end(struct reader *r)
{
    if ((r->rest.len > 0 || r->skipping) && !*r->broken)
        take(r, r->rest.data, r->rest.len);
    buf_free(&r->rest);
}

/* ---------------------------------------------------------------- the two kinds of file */

static ssize_t read_piece(struct reader *r, int fd, void *piece)
{
    ssize_t n;

    do
        n = read(fd, piece, PIECE);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        snprintf(r->broken, sizeof(r->broken), "%s", strerror(errno));
    return n;
}

static void read_plain(struct reader *r, int fd)
{
    char *piece = malloc(PIECE);
    ssize_t n;

    if (!piece)
        abort();
    while ((n = read_piece(r, fd, piece)) > 0)
        feed(r, piece, (size_t)n);
    free(piece);
}

/* All members of a gzip file, and nothing behind them but zeroes. */
static void inflate_piece(struct reader *r, z_stream *z, char *out, int *state)
{
    while (!*r->broken) {
        if (*state == Z_STREAM_END) {
            while (z->avail_in > 0 && *z->next_in == 0) { /* padding of tapes */
                z->next_in++;
                z->avail_in--;
            }
            if (z->avail_in == 0)
                return;
            inflateReset(z);
        }
        z->next_out = (unsigned char *)out;
        z->avail_out = PIECE;
        *state = inflate(z, Z_NO_FLUSH);
        feed(r, out, PIECE - z->avail_out);
        if (*state == Z_BUF_ERROR || (*state == Z_OK && z->avail_in == 0 && z->avail_out > 0))
            return;
        if (*state != Z_OK && *state != Z_STREAM_END)
            snprintf(r->broken, sizeof(r->broken), "it is corrupt: %s",
                     z->msg ? z->msg : "no gzip data");
    }
}

static void read_gz_pieces(struct reader *r, int fd)
{
    unsigned char *in = malloc(PIECE);
    char *out = malloc(PIECE);
    z_stream z = {0};
    int state = Z_OK;
    ssize_t n = 0;

    if (!in || !out || inflateInit2(&z, 15 + 16) != Z_OK)
        abort();
    while (!*r->broken && (n = read_piece(r, fd, in)) > 0) {
        z.next_in = in;
        z.avail_in = (unsigned)n;
        inflate_piece(r, &z, out, &state);
    }
    if (!*r->broken && state != Z_STREAM_END)
        snprintf(r->broken, sizeof(r->broken), "it is cut off");
    inflateEnd(&z);
    free(in);
    free(out);
}

#ifdef TOCSIN_LIBDEFLATE
/* A file of one whole member, as nearly all are, at once; false: nothing was taken of it. */
static bool read_gz_whole(struct reader *r, int fd)
{
    struct libdeflate_decompressor *d;
    size_t took = 0, made = 0;
    uint32_t room;
    struct stat st;
    ssize_t n;
    char *in, *out;

    if (fstat(fd, &st) < 0 || st.st_size < 18 || st.st_size > WHOLE_MAX)
        return false;
    in = malloc((size_t)st.st_size);
    n = in ? pread(fd, in, (size_t)st.st_size, 0) : 0;
    if (n == st.st_size)
        memcpy(&room, in + n - 4, 4); /* what gzip says that it becomes */
    out = n == st.st_size && room <= WHOLE_MAX ? malloc(room ? room : 1) : NULL;
    d = out ? libdeflate_alloc_decompressor() : NULL;
    if (d && (libdeflate_gzip_decompress_ex(d, in, (size_t)n, out, room, &took, &made) ||
              took != (size_t)n))
        made = took = 0;
    if (took > 0)
        feed(r, out, made);
    if (d)
        libdeflate_free_decompressor(d);
    free(out);
    free(in);
    return took > 0;
}

static void read_gz(struct reader *r, int fd)
{
    if (!read_gz_whole(r, fd))
        read_gz_pieces(r, fd);
}
#else
static void read_gz(struct reader *r, int fd)
{
    read_gz_pieces(r, fd);
}
#endif

/* ---------------------------------------------------------------- telling */

static bool first_time(struct store *s, const char *path)
{
    uint64_t hash = hash64(path, strlen(path), 0);

    for (size_t i = 0; i < s->told_n; i++)
        if (s->told[i] == hash)
            return false;
    s->told = realloc(s->told, (s->told_n + 1) * sizeof(*s->told));
    if (!s->told)
        abort();
    s->told[s->told_n++] = hash;
    return true;
}

static void tell(struct reader *r)
{
    char sentence[STORE_PATH + 256];

    if ((r->bad == 0 && !*r->broken) || !first_time(r->s, r->path))
        return;
    r->s->trouble.bad_lines += r->bad;
    r->s->trouble.bad_files += *r->broken != 0;
    if (!r->s->tell)
        return;
    if (r->bad == 1)
        snprintf(sentence, sizeof(sentence), "'%s': skipped line %ld, which is no reading",
                 r->path, r->first_bad);
    else if (r->bad)
        snprintf(sentence, sizeof(sentence),
                 "'%s': skipped %ld lines, which are no readings; the first is line %ld",
                 r->path, r->bad, r->first_bad);
    if (r->bad)
        r->s->tell(r->s->tell_arg, sentence);
    if (*r->broken) {
        snprintf(sentence, sizeof(sentence), "'%s': read %ld lines, then %s", r->path, r->line,
                 r->broken);
        r->s->tell(r->s->tell_arg, sentence);
    }
}

enum whole store_read_file(struct store *s, const char *path, bool gz, int64_t from,
                           struct rows *rows)
{
    struct reader r = {.s = s, .rows = rows, .path = path};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return MISSING;
    if (fd < 0 || (from > 0 && lseek(fd, from, SEEK_SET) < 0))
        snprintf(r.broken, sizeof(r.broken), "%s", strerror(errno));
    else if (gz)
        read_gz(&r, fd);
    else
        read_plain(&r, fd);
    feed_end(&r);
    tell(&r);
    if (fd >= 0)
        close(fd);
    return *r.broken ? BROKEN : WHOLE;
}

enum whole store_read_day(struct store *s, int day, struct rows *rows)
{
    char path[STORE_PATH];
    size_t from = rows->n;
    enum whole gz, plain;

    store_day_path(s, day, true, path);
    gz = store_read_file(s, path, true, 0, rows);
    store_day_path(s, day, false, path);
    plain = store_read_file(s, path, false, 0, rows);
    rows_once(s, rows, from);
    return gz > plain ? gz : plain;
}
