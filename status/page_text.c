/* page_text: which language, and its phrases with values put in. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "page_text.h"
#include "text.h"

static const struct language *const languages[] = {&language_en, &language_de, &language_fr,
                                                   &language_es, &language_ar};

const struct language *language_of(const char *code)
{
    size_t i, n = code ? strcspn(code, "-_") : 0;

    for (i = 0; i < sizeof(languages) / sizeof(*languages); i++)
        if (n == strlen(languages[i]->code) && strncasecmp(code, languages[i]->code, n) == 0)
            return languages[i];
    return &language_en;
}

const char *language_word(const struct language *l, enum word w)
{
    return l->word[w] ? l->word[w] : language_en.word[w];
}

static void fill(buf *out, const char *phrase, const char *const value[3])
{
    while (*phrase) {
        size_t k = strcspn(phrase, "{");

        buf_add(out, phrase, k);
        phrase += k;
        if (*phrase == 0)
            return;
        if (phrase[1] >= '1' && phrase[1] <= '3' && phrase[2] == '}') {
            const char *v = value[phrase[1] - '1'];

            buf_puts(out, v ? v : "");
            phrase += 3;
        }
        else
            buf_add(out, phrase++, 1);
    }
}

void language_say(buf *out, const struct language *l, enum word w, const char *one,
                  const char *two)
{
    const char *const value[3] = {one, two, NULL};

    fill(out, language_word(l, w), value);
}

void language_date(buf *out, const struct language *l, int year, int month, int day)
{
    char d[12], y[12];
    const char *const value[3] = {d, l->month[month - 1], y};

    snprintf(d, sizeof(d), "%d", day);
    snprintf(y, sizeof(y), "%d", year);
    fill(out, l->date, value);
}

void language_percent(buf *out, const struct language *l, int hundredths)
{
    char rest[8];

    if (hundredths < 0) {
        buf_puts(out, "—");
        return;
    }
    text_int(out, hundredths / 100);
    if (hundredths < 10000) {
        snprintf(rest, sizeof(rest), "%02d", hundredths % 100);
        buf_puts(out, l->decimal);
        buf_puts(out, rest);
    }
    buf_puts(out, l->percent);
}
