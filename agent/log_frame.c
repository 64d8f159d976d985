#define _GNU_SOURCE
#include "log_frame.h"

#include <string.h>
#include <time.h>

#define FRAME_MAX (64u << 20)
#define PART      16384 /* Docker keeps no longer ones in one piece */

int64_t log_frame_time(const char *s, size_t n)
{
    char text[FRAME_STAMP_MAX + 1];
    struct tm tm = {0};
    int64_t ns = 0, unit = 1000000000;
    const char *rest;

    if (n < 20 || n > FRAME_STAMP_MAX || s[n - 1] != 'Z')
        return -1;
    memcpy(text, s, n);
    text[n] = '\0';
    if (!(rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm)))
        return -1;
    if (*rest == '.')
        for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++)
            ns += (*rest - '0') * (unit /= 10);
    return *rest == 'Z' && !rest[1] && tm.tm_year >= 70 && tm.tm_year < 300
               ? timegm(&tm) * 1000000000LL + ns
               : -1;
}

static void add_text(struct log_frame_half *h, const char *bytes, size_t n)
{
    size_t room = LOG_TEXT_MAX + 8 - h->text.len, kept = n < room ? n : room;

    buf_add(&h->text, bytes, kept);
    h->over += n - kept;
    h->begun = true;
}

static void end_of_stamp(struct log_frame_half *h)
{
    int64_t ns = log_frame_time(h->stamp, h->nstamp);
    bool first = !h->begun;

    h->in_stamp = false;
    h->begun = true;
    if (ns < 0) { /* it was text */
        add_text(h, h->stamp, h->nstamp);
        return;
    }
    if (first)
        h->ns = ns;
    h->nstamp = FRAME_STAMP_MAX + 1; /* the blank behind it goes, too */
}

static void end_of_line(struct log_frame *f, struct log_frame_half *h)
{
    size_t len, whole;
    struct log_line line = {0};

    if (h->in_stamp)
        end_of_stamp(h);
    if (f->tty && h->over == 0 && h->text.len > 0 && h->text.data[h->text.len - 1] == '\r')
        h->text.len--; /* terminals end lines so */
    whole = h->text.len + h->over;
    len = log_utf8_fit(h->text.data ? h->text.data : "", h->text.len, LOG_TEXT_MAX);
    line.level = h == &f->half[1] ? LOG_LEVEL_ERR : LOG_LEVEL;
    line.err = h == &f->half[1];
    line.us = h->ns / 1000;
    line.text = h->text.data ? h->text.data : "";
    line.len = len;
    line.cut = whole - len;
    f->entries += f->tty;
    if (!f->line(f->arg, line.err, h->ns, &line))
        f->stopped = true;
    h->text.len = 0;
    h->over = 0;
    h->begun = false;
    h->in_stamp = true;
    h->nstamp = 0;
}

/* One byte of the time; what comes behind it is text. */
static void stamp_byte(struct log_frame_half *h, char c)
{
    if (c == ' ') {
        end_of_stamp(h);
        if (h->nstamp <= FRAME_STAMP_MAX)
            add_text(h, " ", 1);
        return;
    }
    h->stamp[h->nstamp++] = c;
    if (h->nstamp == FRAME_STAMP_MAX)
        end_of_stamp(h);
}

static void feed_half(struct log_frame *f, struct log_frame_half *h, const char *bytes,
                      size_t n)
{
    while (n > 0 && !f->stopped) {
        const char *end;
        size_t part;

        if (h->in_stamp && *bytes != '\n') {
            stamp_byte(h, *bytes++);
            n--;
            continue;
        }
        end = memchr(bytes, '\n', n);
        part = end ? (size_t)(end - bytes) : n;
        if (part > 0)
            add_text(h, bytes, part);
        if (end) {
            end_of_line(f, h);
            part++;
        }
        bytes += part;
        n -= part;
    }
}

static void head_byte(struct log_frame *f, unsigned char byte)
{
    const unsigned char *b = f->head;

    f->head[f->have++] = byte;
    if (f->have < 8)
        return;
    f->left = (uint32_t)b[4] << 24 | (uint32_t)b[5] << 16 | (uint32_t)b[6] << 8 | b[7];
    f->broken = b[0] > 2 || b[1] || b[2] || b[3] || f->left > FRAME_MAX;
    f->at = b[0] == 2;
    f->entries++;
    f->half[f->at].in_stamp = true; /* each frame begins with one, parts of a line as well */
    f->half[f->at].nstamp = 0;
    if (f->left == 0)
        f->have = 0;
}

void log_frame_feed(struct log_frame *f, const char *bytes, size_t n)
{
    if (f->tty) {
        if (!f->half[0].begun && f->half[0].nstamp == 0)
            f->half[0].in_stamp = true;
        f->bytes += n;
        f->entries += f->bytes / PART;
        f->bytes %= PART;
        feed_half(f, &f->half[0], bytes, n);
        return;
    }
    while (n > 0 && !f->broken && !f->stopped) {
        size_t part = 1;

        if (f->have < 8) {
            head_byte(f, (unsigned char)*bytes);
        }
        else {
            part = n < f->left ? n : f->left;
            feed_half(f, &f->half[f->at], bytes, part);
            f->left -= (uint32_t)part;
            if (f->left == 0)
                f->have = 0;
        }
        bytes += part;
        n -= part;
    }
}

void log_frame_free(struct log_frame *f)
{
    buf_free(&f->half[0].text);
    buf_free(&f->half[1].text);
}
