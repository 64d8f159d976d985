/*
 * page_badge: small pictures for READMEs: what, and how it is.
 *
 * Viewers have different fonts, so the width of the text is fixed by textLength to what
 * DejaVu Sans (or Verdana, of the same width) would take.
 */
#include <string.h>

#include "page_view.h"

#define SIZE     11 /* of the letters */
#define PAD      7
#define HEIGHT   20
#define NAME_MAX 60 /* characters */

/* Hundredths of the size of the letters, from space to tilde. */
static const unsigned char widths[] = {
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36,  32, 34, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63,
    58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63,  61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35,  63, 63, 28, 28, 58,
    28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59,  52, 64, 34, 64, 84};

/* Colours that have 4.5:1 against what is written on them. */
static const struct {
    const char *fill, *text;
} colours[STATUSES] = {
    [STATUS_UNKNOWN] = {"#5a636e", "#fff"},     [STATUS_UP] = {"#136f4f", "#fff"},
    [STATUS_DEGRADED] = {"#e9a23b", "#14181d"}, [STATUS_DOWN] = {"#a30d1d", "#fff"},
    [STATUS_MAINTENANCE] = {"#3a47c2", "#fff"}, [STATUS_PAUSED] = {"#4b3157", "#fff"}};

static int char_width(uint32_t c)
{
    if (c >= ' ' && c <= '~')
        return widths[c - ' '];
    if ((c >= 0x300 && c < 0x370) || (c >= 0x200b && c <= 0x200f))
        return 0; /* marks over other letters, and what is not seen */
    if (c >= 0x1100 &&
        (c < 0x1160 || (c >= 0x2e80 && c < 0xa4d0) || (c >= 0xac00 && c < 0xd7a4) ||
         (c >= 0xf900 && c < 0xfb00) || (c >= 0xff00 && c < 0xff61) || c >= 0x1f000))
        return 100;
    return 63;
}

/* Cleaned, and cut after NAME_MAX characters; its width in pixels. */
static int measure(const char *s, buf *out)
{
    size_t n, k;
    int width = 0, count = 0;

    buf_clear(out);
    for (n = strlen(s); n > 0; s += k, n -= k) {
        uint32_t c;

        k = text_char(s, n, &c);
        if (++count > NAME_MAX) {
            buf_puts(out, "…");
            width += 82;
            break;
        }
        width += char_width(c);
        text_add(out, c);
    }
    return (width * SIZE + 50) / 100;
}

static void half(buf *o, int x, int width, const char *colour, const char *text)
{
    html(o, "<text x=\"%d\" y=\"14\" fill=\"%s\"", x + PAD, colour);
    if (width > 0)
        html(o, " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"", width);
    html(o, ">%s</text>", text);
}

static void badge(struct view *v, const char *what, const char *how, int status)
{
    buf *o = v->out, *one = &v->scratch, *two = &v->scratch2;
    int left = measure(what, one), right = measure(how, two);
    int split = left + 2 * PAD, width = split + right + 2 * PAD;

    html(o,
         "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 "
         "%d %d\" "
         "role=\"img\" aria-labelledby=\"t\">",
         width, HEIGHT, width, HEIGHT);
    html(o, "<title id=\"t\">%s: %s</title>", buf_end(one), buf_end(two));
    html(o,
         "<clipPath id=\"r\"><rect width=\"%d\" height=\"%d\" rx=\"4\"/></clipPath><g "
         "clip-path=\"url(#r)\">",
         width, HEIGHT);
    html(o, "<rect width=\"%d\" height=\"%d\" fill=\"#2c343f\"/>", split, HEIGHT);
    html(o, "<rect x=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/></g>", split,
         width - split, HEIGHT, colours[status].fill);
    html(o, "<g font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"%d\">", SIZE);
    half(o, 0, left, "#fff", buf_end(one));
    half(o, split, right, colours[status].text, buf_end(two));
    buf_puts(o, "</g></svg>\n");
}

/* 99.9 is what most people promise. */
static int uptime_status(int hundredths)
{
    if (hundredths < 0)
        return STATUS_UNKNOWN;
    return hundredths >= 9990 ? STATUS_UP : hundredths >= 9900 ? STATUS_DEGRADED : STATUS_DOWN;
}

/* Over all components that show it, weighted by their seconds. */
static int page_uptime(const struct page *p)
{
    int64_t good = 0, down = 0;
    int i, k;

    for (i = 0; i < p->components; i++)
        for (k = 0; k < PAGE_DAYS && p->component[i].show_uptime; k++) {
            const int32_t *s = p->component[i].day[k].seconds;

            good += s[STATUS_UP] + s[STATUS_DEGRADED];
            down += s[STATUS_DOWN];
        }
    return good + down > 0 ? (int)(good * 10000 / (good + down)) : -1;
}

static int page_ms(const struct page *p)
{
    int64_t sum = 0;
    int i, n = 0;

    for (i = 0; i < p->components; i++)
        if (p->component[i].show_ms && p->component[i].ms >= 0) {
            sum += p->component[i].ms;
            n++;
        }
    return n ? (int)(sum / n) : -1;
}

/* Two digits are as much as one answer is worth, and let the file rest from minute to minute.
 */
static void response(buf *o, int ms)
{
    int unit = ms < 100 ? 5 : ms < 1000 ? 10 : 100;

    if (ms < 0) {
        buf_puts(o, "—");
        return;
    }
    ms = (ms + unit / 2) / unit * unit;
    if (ms < 1000)
        html(o, "%d ms", ms > 0 ? ms : 1);
    else
        html(o, "%d.%d s", ms / 1000, ms / 100 % 10);
}

void page_out_badge(struct view *v, int component, enum badge_kind kind)
{
    const struct page *p = v->page;
    const struct page_component *c = component >= 0 ? &p->component[component] : NULL;
    int status = c ? c->status : v->overall, figure;
    buf what = {0}, how = {0};

    if (status < 0 || status >= STATUSES)
        status = STATUS_UNKNOWN;
    if (c)
        buf_puts(&what, c->name);
    if (kind != BADGE_STATUS || !c) {
        if (c)
            buf_puts(&what, " ");
        buf_puts(&what, language_word(v->lang, kind == BADGE_UPTIME     ? W_B_UPTIME
                                               : kind == BADGE_RESPONSE ? W_B_RESPONSE
                                                                        : W_B_STATUS));
    }
    if (kind == BADGE_UPTIME) {
        figure = c ? v->sums[component].percent : page_uptime(p);
        language_percent(&how, v->lang, c && !c->show_uptime ? -1 : figure);
        status = uptime_status(c && !c->show_uptime ? -1 : figure);
    }
    else if (kind == BADGE_RESPONSE) {
        figure = c ? (c->show_ms ? c->ms : -1) : page_ms(p);
        response(&how, figure);
        status = figure < 0 ? STATUS_UNKNOWN : STATUS_MAINTENANCE; /* blue: no judgement */
    }
    else
        buf_puts(&how, language_word(v->lang, (enum word)status));
    badge(v, buf_end(&what), buf_end(&how), status);
    buf_free(&what);
    buf_free(&how);
}
