/*
 * make_page: writes a made-up status page into DIR/status/KIND and its assets beside it.
 *
 *     make_page DIR KIND [NOW [LANGUAGE]]
 *
 * For the stories in tests/browser and for tests/bench/render. KIND: sample, up, empty, great
 * (50 components), many (200), hostile, rtl. The same arguments make the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "page.h"
#include "status.h"

#define DAY 86400

static uint64_t seed = 42;

static int rnd(int n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)n);
}

static struct page *new_page(const char *kind, int64_t now, const char *lang)
{
    struct arena *memory = NULL;
    struct page *p = arena_alloc(&memory, sizeof(*p));

    p->slug = arena_str(&memory, kind);
    p->title = "Example Status";
    p->description = "How the services of Example are doing.";
    p->url = "https://status.example.com/";
    p->lang = arena_str(&memory, lang);
    p->zone = "Europe/Berlin";
    p->theme = "system";
    p->accent = "#2563eb";
    p->link = "https://example.com/";
    p->robots = p->subscribe = true;
    p->subscribe_url = "../../api/v1/public/pages/sample/subscriptions";
    p->day_down_s = 1800;
    p->now = now;
    p->today = (int32_t)(now / DAY);
    p->memory = memory;
    return p;
}

static void room(struct page *p, int components, int incidents, int windows)
{
    p->components = components;
    p->incidents = incidents;
    p->windows = windows;
    p->component = arena_alloc(&p->memory, sizeof(*p->component) * (size_t)(components + 1));
    p->incident = arena_alloc(&p->memory, sizeof(*p->incident) * (size_t)(incidents + 1));
    p->window = arena_alloc(&p->memory, sizeof(*p->window) * (size_t)(windows + 1));
}

/* A quiet day, or one with so many seconds of something. */
static void day(struct page_day *d, int status, int seconds)
{
    memset(d, 0, sizeof(*d));
    d->seconds[STATUS_UP] = DAY - (status == STATUS_UP ? 0 : seconds);
    if (status != STATUS_UP)
        d->seconds[status] = seconds;
    d->checks = 1440;
    d->failed = status == STATUS_DOWN ? seconds / 60 : 0;
    d->avg_ms = 80 + rnd(60);
    d->p95_ms = d->avg_ms * 2 + rnd(100);
}

static void no_day(struct page_day *d)
{
    memset(d, 0, sizeof(*d));
    d->avg_ms = d->p95_ms = -1;
}

static void component(struct page *p, int i, const char *section, const char *name, int status)
{
    struct page_component *c = &p->component[i];
    char key[16];
    int k;

    snprintf(key, sizeof(key), "%d", 100 + i);
    c->key = arena_str(&p->memory, key);
    c->section = arena_str(&p->memory, section);
    c->name = arena_str(&p->memory, name);
    c->description = "";
    c->status = status;
    c->since = p->now - 2520;
    c->ms = status == STATUS_DOWN || status == STATUS_UNKNOWN ? -1 : 60 + rnd(90);
    c->show_ms = c->show_uptime = true;
    for (k = 0; k < PAGE_DAYS; k++)
        day(&c->day[k], STATUS_UP, 0);
    k = PAGE_DAYS - 1;
    c->day[k].seconds[STATUS_UP] = (int32_t)(p->now % DAY);
    if (status != STATUS_UP && status != STATUS_UNKNOWN && status != STATUS_PAUSED) {
        c->day[k].seconds[status] = p->now % DAY < 2520 ? (int32_t)(p->now % DAY) : 2520;
        c->day[k].seconds[STATUS_UP] -= c->day[k].seconds[status];
    }
}

static void updates(struct page *p, struct page_update **u, int *n, int64_t from,
                    bool resolved)
{
    static const char *const phases[] = {"investigating", "identified", "monitoring",
                                         "resolved"};
    static const char *const words[] = {
        "Some requests to the **API** fail with `502`. We are looking into it.",
        "A new release of the gateway closes connections too early. We are going back to the "
        "one "
        "before.\n\n- Reads work\n- Writes fail for about 4 % of requests\n\nSee the "
        "[release notes](https://example.com/notes).",
        "The old release is back everywhere. Errors are gone; we keep watching.",
        "All is well since 25 minutes. Sorry for the trouble."};
    int i;

    *n = resolved ? 4 : 2;
    *u = arena_alloc(&p->memory, sizeof(**u) * (size_t)*n);
    for (i = 0; i < *n; i++)
        (*u)[i] = (struct page_update){from + 660 * (i + 1), phases[i], i == 1 ? "Ann" : "",
                                       words[i]};
}

static void incident(struct page *p, int i, const char *title, const char *severity,
                     int64_t at, int64_t lasted, int component)
{
    struct page_incident *n = &p->incident[i];
    char key[16];

    snprintf(key, sizeof(key), "%d", 900 - i);
    n->key = arena_str(&p->memory, key);
    n->title = arena_str(&p->memory, title);
    n->severity = arena_str(&p->memory, severity);
    n->started_at = at;
    n->resolved_at = lasted ? at + lasted : 0;
    n->component = arena_alloc(&p->memory, sizeof(int));
    n->component[0] = component;
    n->components = component >= 0;
    updates(p, &n->update, &n->updates, at, lasted > 0);
}

static void window(struct page *p, int i, const char *title, int64_t at, int64_t lasts,
                   int component)
{
    struct page_window *w = &p->window[i];
    char key[16];

    snprintf(key, sizeof(key), "%d", 500 + i);
    w->key = arena_str(&p->memory, key);
    w->title = arena_str(&p->memory, title);
    w->description = "Reads go on; *writes are refused* for some minutes.";
    w->starts_at = at;
    w->ends_at = at + lasts;
    w->component = arena_alloc(&p->memory, sizeof(int));
    w->component[0] = component;
    w->components = 1;
}

static void sample(struct page *p)
{
    int64_t noon = p->now - p->now % 3600;
    int k;

    room(p, 8, 4, 3);
    component(p, 0, "Public", "API", STATUS_DOWN);
    component(p, 1, "Public", "Website", STATUS_UP);
    component(p, 2, "Public", "Dashboard", STATUS_DEGRADED);
    component(p, 3, "Inside", "Database", STATUS_MAINTENANCE);
    component(p, 4, "Inside", "Queue", STATUS_UP);
    component(p, 5, "Inside", "Search", STATUS_UNKNOWN);
    component(p, 6, "Inside", "Archive", STATUS_PAUSED);
    component(p, 7, "Inside", "Mail", STATUS_UP);
    p->component[0].description = "REST and streaming interfaces, all regions";
    p->component[3].description = "PostgreSQL, primary and two standbys";
    day(&p->component[0].day[60], STATUS_DOWN, 5400);
    day(&p->component[0].day[71], STATUS_DOWN, 600);
    day(&p->component[0].day[80], STATUS_DEGRADED, 7200);
    day(&p->component[1].day[83], STATUS_DEGRADED, 1800);
    day(&p->component[2].day[75], STATUS_DOWN, 2400);
    day(&p->component[3].day[82], STATUS_MAINTENANCE, 7200);
    day(&p->component[3].day[52], STATUS_MAINTENANCE, 7200);
    for (k = 0; k < 40; k++)
        no_day(&p->component[4].day[k]);
    for (k = 86; k < PAGE_DAYS; k++)
        no_day(&p->component[5].day[k]);
    for (k = 60; k < PAGE_DAYS; k++) {
        no_day(&p->component[6].day[k]);
        p->component[6].day[k].seconds[STATUS_PAUSED] = DAY;
    }
    incident(p, 0, "Requests to the API fail", "critical", p->now - 2520, 0, 0);
    incident(p, 1, "Dashboard slow", "minor", noon - 6 * DAY, 2400, 2);
    incident(p, 2, "API refuses writes", "major", noon - 9 * DAY, 7200, 0);
    incident(p, 3, "API down after a release", "critical", noon - 29 * DAY, 5400, 0);
    p->incident[2].postmortem =
        "## What happened\n\nA certificate ran out.\n\n## What we change\n\n"
        "1. Certificates are watched\n2. The runbook says how to renew them";
    window(p, 0, "Database minor release", p->now - 1800, 5400, 3);
    window(p, 1, "Move of the queue to new machines", noon + 30 * 3600, 7200, 4);
    window(p, 2, "Yearly power test", noon + 9 * DAY, 3 * 3600, 7);
}

static void great(struct page *p, int n)
{
    static const char *const kinds[] = {"API", "Website", "Worker", "Database", "Cache"};
    int64_t midnight = p->now / DAY * DAY; /* what was stays where it was, a minute later */
    char name[64], section[32];
    int i, k;

    room(p, n, 20, 4);
    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "%s %c%d", kinds[i % 5], 'a' + i / 5 % 26, i);
        snprintf(section, sizeof(section), "Region %d", i / 10 + 1);
        component(p, i, section, name,
                  i == 7    ? STATUS_DOWN
                  : i == 30 ? STATUS_DEGRADED
                            : STATUS_UP);
        for (k = 0; k < 4; k++)
            day(&p->component[i].day[rnd(PAGE_DAYS - 1)], 2 + rnd(3), 300 + rnd(7200));
    }
    for (i = 0; i < 20; i++)
        incident(p, i, "Requests fail in one region", i % 3 ? "minor" : "major",
                 midnight - 7200 - i * 3 * DAY, i ? 3600 : 0, (i * 7) % n);
    for (i = 0; i < 4; i++)
        window(p, i, "Database upgrade", midnight + (i - 1) * 5 * DAY - 600, 7200,
               (i * 11) % n);
}

#define LONG "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

static void hostile(struct page *p)
{
    static const char *const names[] = {"<script>alert(1)</script>",
                                        "\"><img src=x onerror=alert(1)>",
                                        "'onmouseover='alert(1)",
                                        "</title></style><svg onload=alert(1)>",
                                        "&lt;b&gt; & &amp;",
                                        "{{7*7}} ${7*7} %s%n",
                                        "\xff\xfe broken \xc3( UTF-8 \xed\xa0\x80",
                                        "a\x01\x1b[31mred\x7f",
                                        "\xe2\x80\xaegnp.exe \xe2\x81\xa6isolated",
                                        LONG LONG,
                                        "",
                                        "javascript:alert(1)"};
    int i, n = (int)(sizeof(names) / sizeof(*names));

    room(p, n, n, 2);
    p->title = names[0];
    p->description = names[1];
    p->link = "javascript:alert(1)";
    p->accent = "#2563eb\" onload=\"alert(1)";
    p->lang = "\"><script>alert(1)</script>";
    p->zone = "../../../etc/passwd";
    p->theme = "\" onload=\"alert(1)";
    for (i = 0; i < n; i++) {
        component(p, i, names[(i / 3) % n], names[i], i % STATUSES);
        p->component[i].description = names[(i + 1) % n];
        day(&p->component[i].day[70], STATUS_DOWN, 4000);
        incident(p, i, names[i], names[i], p->now - 3600 - i * DAY, i ? 1800 : 0, i);
        p->incident[i].url = names[n - 1];
        p->incident[i].update[0].author = names[i];
        p->incident[i].update[0].phase = names[i];
        p->incident[i].update[0].body =
            "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> "
            "[x](javascript:alert(1)) "
            "![x](data:text/html,x) <a href=\"javascript:alert(1)\">y</a>\n\n" LONG LONG LONG;
        p->incident[i].postmortem =
            "<style>*{display:none}</style>\n\n```\n</code></pre><script>\n```";
    }
    window(p, 0, names[0], p->now - 60, 3600, 0);
    window(p, 1, names[1], p->now + DAY, 60, 99);
    p->window[0].description = names[0];
}

static void rtl(struct page *p)
{
    room(p, 3, 1, 1);
    p->title = "حالة الخدمة";
    p->description = "كيف تعمل خدماتنا الآن.";
    component(p, 0, "عام", "واجهة البرمجة", STATUS_UP);
    component(p, 1, "عام", "الموقع (www)", STATUS_DEGRADED);
    component(p, 2, "عام", "קופה", STATUS_UP);
    day(&p->component[1].day[80], STATUS_DOWN, 5400);
    incident(p, 0, "بطء في الموقع", "minor", p->now - 3600, 0, 1);
    window(p, 0, "صيانة", p->now + DAY, 3600, 0);
}

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static struct page *make(const char *kind, int64_t now, const char *lang)
{
    struct page *p = new_page(kind, now, lang);

    seed = 42;
    if (strcmp(kind, "great") == 0)
        great(p, 50);
    else if (strcmp(kind, "many") == 0)
        great(p, 200);
    else if (strcmp(kind, "hostile") == 0)
        hostile(p);
    else if (strcmp(kind, "rtl") == 0)
        rtl(p);
    else if (strcmp(kind, "empty") == 0)
        room(p, 0, 0, 0);
    else {
        sample(p);
        if (strcmp(kind, "up") == 0) {
            p->components = 2;
            p->component[0].status = STATUS_UP;
            p->incidents = p->windows = 0;
        }
    }
    return p;
}

int main(int argc, char **argv)
{
    int64_t now = argc > 3 ? atoll(argv[3]) : 1795259700; /* 2026-11-21 */
    const char *lang = argc > 4 ? argv[4] : "en";
    int times = argc > 5 ? atoi(argv[5]) : 1, i;
    struct page_written out = {0};
    char dir[4096];
    double began;

    if (argc < 3) {
        fprintf(stderr, "make_page DIR KIND [NOW [LANGUAGE [TIMES]]]\n");
        return 2;
    }
    snprintf(dir, sizeof(dir), "%s/status/assets", argv[1]);
    if (page_assets_write(dir, out.error, sizeof(out.error)) < 0) {
        fprintf(stderr, "make_page: %s\n", out.error);
        return 1;
    }
    snprintf(dir, sizeof(dir), "%s/status/%s", argv[1], argv[2]);
    began = cpu_ms();
    for (i = 0; i < times; i++) {
        struct page *p = make(argv[2], now + i * 60, lang);

        if (page_write(p, dir, &out) < 0) {
            fprintf(stderr, "make_page: %s\n", out.error);
            return 1;
        }
        page_free(p);
    }
    printf("%d files, %zu bytes, %d unchanged, %.2f ms\n", out.files, out.bytes, out.unchanged,
           (cpu_ms() - began) / times);
    return 0;
}
