/*
 * line: one reading as a line of JSON, read and written.
 *
 *     {"t":1699123456789,"svc":"api","state":"up","code":200,"lat":145,"err":"Timeout"}
 *
 * Reading is exact on all valid JSON, whatever the order of the keys, other keys and
 * escapes; what is not valid, and what makes no reading (no time, no name, a state that is
 * none of the four), is refused.
 */
#ifndef TOCSIN_LINE_H
#define TOCSIN_LINE_H

#include "buf.h"
#include "store.h"

#define LINE_MAX_BYTES (1 << 20)
#define LINE_NAME_MAX  1024 /* bytes of svc */
#define LINE_T_MAX     INT64_C(253402300799999)

struct line {
    int64_t t;
    const char *svc, *err; /* no zero at the end; err NULL: none */
    size_t svc_len, err_len;
    int32_t code, lat; /* lat -1: not told, or less than nothing */
    enum state state;
};

/* Reads the `len` bytes of a line without its end. The strings point into `text`, or into
 * `scratch` when they had to be decoded. False: this is no reading. */
bool line_read(const char *text, size_t len, struct line *out, buf *scratch);

/* Adds the reading, without a line end. `null_err`: "err":null when there is none. */
void line_add(buf *out, const struct reading *r, bool null_err);

/* Adds a text as a JSON string with its quotes; what is no UTF-8 becomes U+FFFD. */
void line_add_string(buf *out, const char *text);
void line_add_number(buf *out, int64_t number);

/* The bytes of the UTF-8 character at `text`, of which `left` bytes are there; 0: none. */
size_t line_utf8(const char *text, size_t left);

const char *state_name(enum state state);

#endif
