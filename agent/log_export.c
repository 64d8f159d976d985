#include "log_export.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX (1ULL << 30) /* journald takes no more than 768 MB */
#define PART_MAX  (LOG_TEXT_MAX + 64)

enum { OTHER, CURSOR, TIME, MESSAGE, PRIORITY, PID };

static const struct {
    const char *name;
    size_t len;
    int field;
} fields[] = {
    {"MESSAGE", 7, MESSAGE},   {"__CURSOR", 8, CURSOR}, {"__REALTIME_TIMESTAMP", 20, TIME},
    {"PRIORITY", 8, PRIORITY}, {"_PID", 4, PID},
};

static int field_of(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].len == len && !memcmp(fields[i].name, name, len))
            return fields[i].field;
    return OTHER;
}

static void clear(struct log_export *e)
{
    e->cursor[0] = '\0';
    e->us = 0;
    e->has_level = false;
    e->pid = 0;
    e->has_text = false;
    e->text.len = 0;
    e->cut = 0;
}

static int64_t number(const char *s, size_t len)
{
    int64_t n = 0;

    if (len == 0 || len > 18)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        n = n * 10 + (s[i] - '0');
    }
    return n;
}

/* Of a field that stands there twice the first counts. over: bytes that were not kept. */
static void take(struct log_export *e, int field, const char *value, size_t len, size_t over)
{
    int64_t n;

    switch (field) {
    case CURSOR:
        if (len + over > LOG_CURSOR_MAX || memchr(value, '\0', len))
            break;
        memcpy(e->cursor, value, len);
        e->cursor[len] = '\0';
        break;
    case TIME:
        e->us = (n = number(value, len)) > 0 ? n : 0;
        break;
    case MESSAGE:
        if (e->has_text)
            break;
        e->has_text = true;
        e->cut = len + over;
        len = log_utf8_fit(value, len, LOG_TEXT_MAX);
        buf_add(&e->text, value, len);
        e->cut -= len;
        break;
    case PRIORITY:
        if (!e->has_level && len + over == 1 && *value >= '0' && *value <= '7') {
            e->level = *value - '0';
            e->has_level = true;
        }
        break;
    case PID:
        n = number(value, len);
        if (e->pid == 0 && n > 0 && n <= INT32_MAX)
            e->pid = (long)n;
        break;
    default:
        break;
    }
}

static void end_of_entry(struct log_export *e)
{
    int level = e->has_level ? e->level : LOG_LEVEL;
    struct log_line line = {.cursor = e->cursor,
                            .us = e->us,
                            .level = level,
                            .err = level <= LOG_LEVEL_ERR,
                            .pid = e->pid,
                            .text = e->text.data ? e->text.data : "",
                            .len = e->text.len,
                            .cut = e->cut};

    if (e->cursor[0] && !e->line(e->arg, &line))
        e->stopped = true;
    clear(e);
}

static void end_of_line(struct log_export *e, const char *s, size_t len, size_t over)
{
    const char *equals;

    if (len == 0) {
        end_of_entry(e);
    }
    else if ((equals = memchr(s, '=', len))) {
        take(e, field_of(s, (size_t)(equals - s)), equals + 1, len - (size_t)(equals - s) - 1,
             over);
    }
    else {
        e->field = field_of(s, len);
        e->at = EXPORT_LENGTH;
        e->left = 0;
        e->have = 0;
    }
}

/* As much as there is room for; counts the rest. */
static void keep(struct log_export *e, const char *bytes, size_t n)
{
    size_t room = PART_MAX - e->part.len, kept = n < room ? n : room;

    buf_add(&e->part, bytes, kept);
    e->over += n - kept;
}

static size_t feed_line(struct log_export *e, const char *bytes, size_t n)
{
    const char *end = memchr(bytes, '\n', n);
    size_t len = end ? (size_t)(end - bytes) : n, over;

    if (end && e->part.len == 0 && len <= PART_MAX) {
        end_of_line(e, bytes, len, 0);
        return len + 1;
    }
    keep(e, bytes, len);
    if (!end)
        return n;
    over = e->over;
    len = e->part.len;
    e->over = 0;
    e->part.len = 0;
    end_of_line(e, e->part.data, len, over);
    return (size_t)(end - bytes) + 1;
}

static size_t feed_length(struct log_export *e, unsigned char byte)
{
    e->left |= (uint64_t)byte << (8 * e->have);
    if (++e->have == 8) {
        e->at = e->left > 0 ? EXPORT_VALUE : EXPORT_END;
        e->broken = e->left > VALUE_MAX;
    }
    return 1;
}

static size_t feed_value(struct log_export *e, const char *bytes, size_t n)
{
    if (n > e->left)
        n = (size_t)e->left;
    if (e->field != OTHER)
        keep(e, bytes, n);
    e->left -= n;
    if (e->left == 0)
        e->at = EXPORT_END;
    return n;
}

static size_t feed_end(struct log_export *e, char byte)
{
    if (byte != '\n')
        e->broken = true;
    else
        take(e, e->field, e->part.data ? e->part.data : "", e->part.len, e->over);
    e->part.len = 0;
    e->over = 0;
    e->at = EXPORT_LINE;
    return 1;
}

void log_export_feed(struct log_export *e, const char *bytes, size_t n)
{
    size_t i = 0;

    while (i < n && !e->broken && !e->stopped)
        switch (e->at) {
        case EXPORT_LINE:
            i += feed_line(e, bytes + i, n - i);
            break;
        case EXPORT_LENGTH:
            i += feed_length(e, (unsigned char)bytes[i]);
            break;
        case EXPORT_VALUE:
            i += feed_value(e, bytes + i, n - i);
            break;
        case EXPORT_END:
            i += feed_end(e, bytes[i]);
            break;
        }
}

void log_export_free(struct log_export *e)
{
    buf_free(&e->part);
    buf_free(&e->text);
}
