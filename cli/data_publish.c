/*
 * tocsin status-data publish: a status page out of the files alone, ready for any web
 * server: OUTPUT/SLUG/ is the page, OUTPUT/assets/ what all pages share.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "day.h"
#include "file.h"
#include "files_page.h"
#include "monitorrc.h"
#include "options.h"
#include "page_zone.h"
#include "status_data.h"

#define LOGO_MAX (256 * 1024)

struct publish {
    const char *data, *out, *config, *logo;
    const char *title, *description, *url, *lang, *zone, *slug, *theme, *accent, *link;
    bool all, hide;
    long day_down, fresh;
    int64_t as_of;
};

/* ---------------------------------------------------------------- flags */

static const char *const themes[] = {"system", "light", "dark"};

static bool is_accent(const char *s)
{
    return *s == '#' && strlen(s) == 7 && strspn(s + 1, "0123456789abcdefABCDEF") == 6;
}

static bool is_theme(const char *s)
{
    size_t i;

    for (i = 0; i < sizeof(themes) / sizeof(*themes); i++)
        if (!strcmp(s, themes[i]))
            return true;
    return false;
}

static bool is_zone(const char *name)
{
    struct zone *z = zone_open(name);
    bool same = !strcmp(zone_name(z), name);

    zone_free(z);
    return same;
}

static bool is_slug(const char *s)
{
    char slug[FILE_SLUG_SIZE];

    file_slug(s, slug, sizeof(slug));
    return !strcmp(s, slug) && strcmp(s, "assets") != 0;
}

static bool is_lang(const char *s)
{
    size_t n = strlen(s);

    return n >= 2 && n <= 35 &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

/* NULL, or which flag is wrong and why. */
static const char *flags_wrong(const struct publish *p)
{
    if (!is_slug(p->slug))
        return "--slug is made of a-z, 0-9 and single '-', and is not 'assets'";
    if (!is_lang(p->lang))
        return "--lang is no language like 'en'";
    if (!is_zone(p->zone))
        return "--zone is no time zone like 'Europe/Berlin'";
    if (!is_theme(p->theme))
        return "--theme is 'system', 'light' or 'dark'";
    if (!is_accent(p->accent))
        return "--accent is no colour like '#2563eb'";
    if (*p->url && (url_wrong(p->url) || p->url[strlen(p->url) - 1] != '/'))
        return "--url is no http or https URL that ends in '/'";
    if (*p->link && url_wrong(p->link))
        return "--link is no http or https URL";
    return NULL;
}

/* ---------------------------------------------------------------- what the page shows */

/* 0, or -1: said. */
static int read_logo(struct page *page, const char *path)
{
    size_t len = 0;
    char *data = file_read(path, LOGO_MAX, &len);

    if (!data) {
        complain("cannot read '%s': %s", path, strerror(errno));
        return -1;
    }
    page->logo = arena_copy(&page->memory, data, len);
    page->logo_size = len;
    if (len > 8 && !memcmp(data, "\x89PNG\r\n\x1a\n", 8))
        page->logo_type = "image/png";
    else if (strstr(data, "<svg"))
        page->logo_type = "image/svg+xml";
    else
        complain("'%s' is neither PNG nor SVG", path);
    free(data);
    return page->logo_type ? 0 : -1;
}

/* The systems of the file in its order; *n is 0 when there is no file: all with readings. */
static struct files_system *systems(const struct publish *p, struct monitorrc *rc, size_t *n)
{
    struct system unset = {.method = "GET", .timeout_ms = 10000, .max_ms = 30000};
    struct files_system *list;
    size_t i;

    *n = 0;
    if (!flags_given("config") && (p->all || access(p->config, R_OK) != 0))
        return calloc(1, sizeof(*list));
    if (monitorrc_read(rc, p->config, &unset) != 0)
        return NULL;
    if (!(list = calloc(rc->n + 1, sizeof(*list))))
        return NULL;
    for (i = 0; i < rc->n; i++) {
        const struct system *s = &rc->system[i];

        if (!s->hidden)
            list[(*n)++] =
                (struct files_system){s->name, s->label, s->section, s->description};
    }
    if (*n == 0)
        complain("%s: no systems to show", p->config);
    return list;
}

static int fill(struct page *page, const struct publish *p)
{
    struct monitorrc rc = {0};
    size_t n;
    struct files_system *list = systems(p, &rc, &n);
    struct files_page from = {
        .dir = p->data,
        .system = list,
        .systems = n,
        .now_ms = p->as_of ? p->as_of : clock_ms(),
        .tell = data_tell,
    };
    char error[512];
    int rv = list ? page_from_files(page, &from, error, sizeof(error)) : -1;

    if (list && rv != 0)
        complain("%s", error);
    free(list);
    monitorrc_free(&rc);
    return rv;
}

/* ---------------------------------------------------------------- the command */

/* A folder of pages is opened by its address: the first visitor is sent on. */
static int write_door(const struct publish *p, char *error, size_t size)
{
    char path[4200], text[1024];

    snprintf(path, sizeof(path), "%s/index.html", p->out);
    if (access(path, F_OK) == 0)
        return 0;
    snprintf(text, sizeof(text),
             "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
             "<title>Status</title>\n<link rel=\"icon\" href=\"data:,\">"
             "<meta http-equiv=\"refresh\" content=\"0; url=%s/\">\n"
             "<p><a href=\"%s/\">Status</a></p></html>\n",
             p->slug, p->slug);
    return file_replace(path, text, strlen(text), error, size);
}

static int write_all(struct page *page, const struct publish *p)
{
    struct page_written out = {0};
    char dir[4096], error[512];

    snprintf(dir, sizeof(dir), "%s/assets", p->out);
    if (page_assets_write(dir, error, sizeof(error)) < 0) {
        complain("%s", error);
        return -1;
    }
    snprintf(dir, sizeof(dir), "%s/%s", p->out, p->slug);
    if (page_write(page, dir, &out) != 0) {
        complain("%s", out.error);
        return -1;
    }
    if (write_door(p, error, sizeof(error)) != 0) {
        complain("%s", error);
        return -1;
    }
    out.files -= out.unchanged;
    printf("%s/index.html: %d component%s, %d file%s written, %d unchanged\n", dir,
           page->components, page->components == 1 ? "" : "s", out.files,
           out.files == 1 ? "" : "s", out.unchanged);
    return 0;
}

static int publish(const struct publish *p)
{
    struct page page = {
        .slug = p->slug,
        .title = p->title,
        .description = p->description,
        .url = p->url,
        .lang = p->lang,
        .zone = p->zone,
        .theme = p->theme,
        .accent = p->accent,
        .link = p->link,
        .robots = !p->hide,
        .day_down_s = (int32_t)(p->day_down / 1000),
        .fresh_s = (int32_t)(p->fresh / 1000),
    };
    int rv = -1;

    if ((!p->logo || read_logo(&page, p->logo) == 0) && fill(&page, p) == 0)
        rv = write_all(&page, p);
    page_free(&page);
    return rv == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct publish p = {
        .data = "status-data",
        .out = "status-site",
        .config = MONITORRC_FILE,
        .title = "Status",
        .description = "",
        .url = "",
        .lang = "en",
        .zone = "UTC",
        .slug = "status",
        .theme = "system",
        .accent = "#2563eb",
        .link = "",
        .day_down = 1800000,
        .fresh = 1200000,
    };
    const struct flag flags[] = {
        {"data-dir", FLAG_TEXT, &p.data, "DIR", "folder of the status data (status-data)"},
        {"output-dir", FLAG_TEXT, &p.out, "DIR", "folder that is served (status-site)"},
        {"slug", FLAG_TEXT, &p.slug, "NAME", "folder of the page in it (status)"},
        {"config", FLAG_TEXT, &p.config, "FILE",
         "systems, their names and order (" MONITORRC_FILE " if there is one)"},
        {"all", FLAG_SWITCH, &p.all, NULL,
         "all systems that have readings, whatever FILE says"},
        {"title", FLAG_TEXT, &p.title, "TEXT", "of the page (Status)"},
        {"description", FLAG_TEXT, &p.description, "TEXT", "a sentence below the title"},
        {"url", FLAG_TEXT, &p.url, "URL", "where the page is read, for feeds; ends in '/'"},
        {"lang", FLAG_TEXT, &p.lang, "LANG", "language of the page's words (en)"},
        {"zone", FLAG_TEXT, &p.zone, "ZONE", "time zone of the times shown (UTC)"},
        {"theme", FLAG_TEXT, &p.theme, "NAME", "system, light or dark (system)"},
        {"accent", FLAG_TEXT, &p.accent, "COLOUR", "(#2563eb)"},
        {"logo", FLAG_TEXT, &p.logo, "FILE", "PNG or SVG of up to 256 KiB"},
        {"link", FLAG_TEXT, &p.link, "URL", "where the logo leads"},
        {"no-robots", FLAG_SWITCH, &p.hide, NULL, "search engines shall not list the page"},
        {"day-down", FLAG_MS, &p.day_down, "TIME", "a day with more downtime is red (30m)", 0,
         86400000},
        {"fresh", FLAG_MS, &p.fresh, "TIME", "older, the page calls its status unknown (20m)",
         60000, 604800000},
        {"as-of", FLAG_TIME, &p.as_of, "TIME", "as if it were then"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);
    const char *why;

    if (status >= 0)
        return status;
    if ((why = flags_wrong(&p))) {
        complain("%s: %s", self->name, why);
        return CLI_USAGE;
    }
    return publish(&p);
}

const struct command data_publish = {
    .name = "status-data publish",
    .args = "[--output-dir DIR] [OPTION…]",
    .summary = "a status page out of the files, for any web server",
    .help =
        "A reading holds until the next one, at most twice as long as is usual between two\n"
        "readings of that day; what is longer is unknown. Maintenance windows count as\n"
        "maintenance whatever was measured. A day without readings is taken from\n"
        "daily-summary.json when that still knows it.\n",
    .run = run,
};
