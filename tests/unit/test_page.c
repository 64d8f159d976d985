/* page: the folder that is made of a page, and what its files say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "file.h"
#include "page.h"
#include "status.h"

#define NOW 1795259700 /* 2026-11-21 11:15 UTC */
#define DAY 86400

static struct page_component components[3];
static struct page_incident incidents[2];
static struct page_window windows[1];
static int affected[] = {0};
static struct page_update said[] = {{NOW - 3000, "investigating", "", "Looking into *it*."},
                                    {NOW - 600, "resolved", "", "Over."}};
static char folder[64];

static struct page plain(void)
{
    struct page p = {.slug = "test",
                     .title = "Test",
                     .description = "",
                     .url = "",
                     .lang = "en",
                     .zone = "UTC",
                     .theme = "system",
                     .accent = "#2563eb",
                     .link = "",
                     .robots = true,
                     .day_down_s = 1800,
                     .now = NOW,
                     .today = NOW / DAY,
                     .component = components,
                     .incident = incidents,
                     .window = windows};

    return p;
}

static void component(int i, const char *key, const char *name, int status)
{
    int k;

    memset(&components[i], 0, sizeof(*components));
    components[i] = (struct page_component){.key = key,
                                            .section = "",
                                            .name = name,
                                            .description = "",
                                            .status = status,
                                            .ms = 123,
                                            .show_ms = true,
                                            .show_uptime = true};
    for (k = 0; k < PAGE_DAYS; k++) {
        components[i].day[k].seconds[STATUS_UP] = DAY;
        components[i].day[k].avg_ms = components[i].day[k].p95_ms = -1;
    }
}

static void incident(int i, const char *key, const char *severity, int64_t resolved_at)
{
    incidents[i] = (struct page_incident){.key = key,
                                          .title = "Broken",
                                          .severity = severity,
                                          .started_at = NOW - 3600,
                                          .resolved_at = resolved_at,
                                          .component = affected,
                                          .components = 1,
                                          .update = said,
                                          .updates = resolved_at ? 2 : 1};
}

static int set_up(void **)
{
    snprintf(folder, sizeof(folder), "/tmp/tocsin.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static char *content(const char *name)
{
    char path[256], *data;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    data = file_read(path, 1 << 24, &len);
    if (!data)
        fail_msg("no file %s", name);
    return data;
}

static bool there(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void has(const char *name, const char *words)
{
    char *data = content(name);

    if (!strstr(data, words))
        fail_msg("%s has no '%s'", name, words);
    free(data);
}

static void has_not(const char *name, const char *words)
{
    char *data = content(name);

    if (strstr(data, words))
        fail_msg("%s has '%s'", name, words);
    free(data);
}

static void write_page(const struct page *p)
{
    struct page_written out;

    if (page_write(p, folder, &out) < 0)
        fail_msg("%s", out.error);
}

/* ---------------------------------------------------------------- the folder */

static void a_folder_has_every_file_and_only_changed_ones_are_written(void **)
{
    static const char *const names[] = {"index.html",
                                        "summary.json",
                                        "feed.atom",
                                        "feed.json",
                                        "badge.svg",
                                        "badge-uptime.svg",
                                        "badge-ms.svg",
                                        "badge/a.svg",
                                        "badge/a-uptime.svg",
                                        "badge/a-ms.svg",
                                        "embed/index.html",
                                        "maintenance.ics",
                                        "history/2026-11.html",
                                        "history/2026-08.html",
                                        "incidents/1.html"};
    struct page p = plain();
    struct page_written out;
    size_t i;

    component(0, "a", "A", STATUS_UP);
    incident(0, "1", "minor", NOW - 600);
    p.components = p.incidents = 1;
    write_page(&p);
    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!there(names[i]))
            fail_msg("no file %s", names[i]);
    assert_int_equal(page_write(&p, folder, &out), 0);
    assert_int_equal(out.unchanged, out.files);
    p.now += 60; /* a minute later only what says the time is new */
    assert_int_equal(page_write(&p, folder, &out), 0);
    assert_int_equal(out.files - out.unchanged, 3);
}

static void what_is_gone_from_the_page_is_gone_from_the_folder(void **)
{
    struct page p = plain();

    component(0, "a", "A", STATUS_UP);
    component(1, "b", "B", STATUS_UP);
    incident(0, "1", "minor", NOW - 600);
    p.components = 2;
    p.incidents = 1;
    p.logo = "PNG";
    p.logo_size = 3;
    p.logo_type = "image/png";
    write_page(&p);
    assert_true(there("badge/b-ms.svg") && there("incidents/1.html") && there("logo.png"));
    p.components = 1;
    p.incidents = 0;
    p.logo_type = "image/svg+xml";
    write_page(&p);
    assert_false(there("badge/b-ms.svg") || there("badge/b.svg") ||
                 there("incidents/1.html") || there("logo.png"));
    assert_true(there("badge/a.svg") && there("logo.svg"));
    p.logo_size = 0;
    write_page(&p);
    assert_false(there("logo.svg"));
}

static void a_key_that_is_a_path_is_refused(void **)
{
    static const char *const keys[] = {"../evil", "a/b", "", "A", ".access", "a.html"};
    struct page p = plain();
    struct page_written out;
    size_t i;

    p.components = 1;
    for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        component(0, keys[i], "A", STATUS_UP);
        assert_int_equal(page_write(&p, folder, &out), -1);
        assert_non_null(strstr(out.error, "key"));
    }
    component(0, "a", "A", STATUS_UP);
    incident(0, "../../x", "minor", 0);
    p.incidents = 1;
    assert_int_equal(page_write(&p, folder, &out), -1);
    assert_false(there("index.html"));
}

static void a_folder_that_cannot_be_is_an_error_with_its_name(void **)
{
    struct page p = plain();
    struct page_written out;

    assert_int_equal(page_write(&p, "/dev/null/page", &out), -1);
    assert_non_null(strstr(out.error, "/dev/null"));
}

/* ---------------------------------------------------------------- what is in them */

static void badges_say_what_and_how(void **)
{
    struct page p = plain();

    component(0, "a", "API <1>", STATUS_DOWN);
    component(1, "b", "B", STATUS_UP);
    components[0].day[3].seconds[STATUS_DOWN] = DAY;
    components[1].show_ms = components[1].show_uptime = false;
    p.components = 2;
    write_page(&p);
    has("badge/a.svg", "<title id=\"t\">API &lt;1&gt;: Down</title>");
    has("badge/a-uptime.svg", ": 98.90 %</title>");
    has("badge/a-ms.svg", "response: 120 ms</title>");
    has("badge/b-ms.svg", "response: —</title>"); /* not to be told */
    has("badge/b-uptime.svg", ": —</title>");
    has("badge.svg", "<title id=\"t\">status: Down</title>");
    has("badge-uptime.svg", "98.90 %");
    p.lang = "de";
    write_page(&p);
    has("badge.svg", "Zustand: Gestört");
}

static void the_summary_leaves_out_what_is_nothing(void **)
{
    struct page p = plain();
    json_t *all, *c, *day;
    char *data;

    component(0, "a", "A", STATUS_DOWN);
    memset(&components[0].day[0], 0, sizeof(components[0].day[0]));
    components[0].day[89] = (struct page_day){{0, 3600, 0, 600, 0, 0}, 70, 10, 80, 200};
    incident(0, "7", "major", 0);
    p.components = p.incidents = 1;
    write_page(&p);
    data = content("summary.json");
    all = json_loads(data, 0, NULL);
    free(data);
    assert_non_null(all);
    assert_string_equal(json_string_value(json_object_get(all, "generated_at")),
                        "2026-11-21T11:15:00Z");
    assert_string_equal(json_string_value(json_object_get(all, "overall")), "down");
    c = json_array_get(json_object_get(all, "components"), 0);
    assert_int_equal(json_string_length(json_object_get(c, "days")), PAGE_DAYS);
    assert_int_equal(json_string_value(json_object_get(c, "days"))[0], '0');
    assert_int_equal(json_array_size(json_object_get(c, "day")), PAGE_DAYS - 1);
    day = json_array_get(json_object_get(c, "day"), PAGE_DAYS - 2);
    assert_string_equal(json_string_value(json_object_get(day, "d")), "2026-11-21");
    assert_int_equal(json_integer_value(json_object_get(day, "down_s")), 600);
    assert_null(json_object_get(day, "degraded_s"));
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(day, "incidents"), 0)), "7");
    json_decref(all);
}

/* page.js draws anew when it changes, so it must, and only then. */
static void the_revision_changes_with_what_is_seen(void **)
{
    struct page p = plain();
    char *one, *two, *at;

    component(0, "a", "A", STATUS_UP);
    p.components = 1;
    write_page(&p);
    one = content("summary.json");
    at = strstr(one, "\"rev\":\"");
    at[7 + 16] = 0;
    p.now += 60;
    components[0].ms = 99;
    components[0].day[89].seconds[STATUS_UP] += 60;
    write_page(&p);
    has("summary.json", at);
    has("index.html", at + 7);
    components[0].status = STATUS_DEGRADED;
    write_page(&p);
    has_not("summary.json", at);
    two = content("index.html");
    assert_null(strstr(two, at + 7));
    free(one);
    free(two);
}

static void feeds_keep_the_names_of_their_entries(void **)
{
    struct page p = plain();
    char *one, *id;

    incident(0, "7", "major", 0);
    p.incidents = 1;
    write_page(&p);
    one = content("feed.atom");
    id = strstr(strstr(one, "<entry>"), "<id>");
    *strchr(id, '\n') = 0;
    has("feed.atom", "[Investigating] Broken");
    has("feed.atom", "<updated>2026-11-21T10:25:00Z</updated>");
    incident(0, "7", "major", NOW - 500);
    p.url = "https://status.example.com/";
    p.now += 3600;
    write_page(&p);
    has("feed.atom", id);
    has("feed.atom", "[Resolved] Broken");
    has("feed.atom", "href=\"https://status.example.com/incidents/7.html\"");
    has("feed.json", "\"url\":\"https://status.example.com/incidents/7.html\"");
    has("feed.json", "\"feed_url\":\"https://status.example.com/feed.json\"");
    free(one);
}

static void the_calendar_is_folded_and_escaped(void **)
{
    struct page p = plain();
    char *data, *line, *save = NULL;

    windows[0] = (struct page_window){
        .key = "5",
        .title = "Move; of, the \\ queue — näher, länger und mit sehr vielen Wörtern dahinter",
        .description = "a\n\nb",
        .starts_at = NOW + DAY,
        .ends_at = NOW + DAY + 3600};
    p.windows = 1;
    write_page(&p);
    has("maintenance.ics", "DTSTART:20261122T111500Z\r\nDTEND:20261122T121500Z\r\n");
    has("maintenance.ics", "SUMMARY:Move\\; of\\, the \\\\ queue");
    has("maintenance.ics", "DESCRIPTION:a\\n\\nb\r\n");
    data = content("maintenance.ics");
    for (line = strtok_r(data, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save))
        assert_true(strlen(line) <= 75);
    free(data);
}

static void pages_have_no_script_of_a_stranger(void **)
{
    static const char evil[] = "\"><script>alert(1)</script>";
    struct page p = plain();

    component(0, "a", evil, STATUS_DOWN);
    components[0].description = components[0].section = evil;
    incident(0, "1", evil, 0);
    incidents[0].title = incidents[0].url = evil;
    p.title = p.description = p.lang = p.zone = p.theme = p.accent = p.link = p.slug = evil;
    p.components = p.incidents = 1;
    p.subscribe = true;
    p.subscribe_url = evil;
    write_page(&p);
    has_not("index.html", "<script>");
    has_not("incidents/1.html", "<script>");
    has_not("history/2026-11.html", "<script>");
    has_not("embed/index.html", "<script>");
    has_not("badge/a.svg", "<script>");
    has("index.html", "action=\"&quot;&gt;&lt;script&gt;");
    has("index.html", "lang=\"en\"");
}

static void assets_are_named_after_their_bytes(void **)
{
    struct page p = plain();
    char path[256], error[256], *html, *at;

    snprintf(path, sizeof(path), "%s/assets", folder);
    assert_int_equal(page_assets_write(path, error, sizeof(error)), 0);
    assert_int_equal(page_assets_write(path, error, sizeof(error)), 0);
    p.assets = "assets/"; /* of a page that has no neighbours */
    write_page(&p);
    html = content("index.html");
    at = strstr(html, "assets/page-");
    at[strcspn(at, "\"")] = 0;
    assert_true(there(at));
    free(html);
    has("history/2026-11.html", "\"../assets/page-");
    assert_int_equal(page_assets_write("/dev/null/x", error, sizeof(error)), -1);
    assert_non_null(strstr(error, "/dev/null"));
}

static void a_preview_is_the_page(void **)
{
    struct page p = plain();
    buf out = {0};
    char *file;

    component(0, "a", "A", STATUS_UP);
    incident(0, "1", "minor", 0);
    p.components = p.incidents = 1;
    write_page(&p);
    page_html(&p, -1, &out);
    file = content("index.html");
    assert_string_equal(buf_end(&out), file);
    free(file);
    buf_clear(&out);
    page_html(&p, 0, &out);
    file = content("incidents/1.html");
    assert_string_equal(buf_end(&out), file);
    free(file);
    buf_free(&out);
}

#define told(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        told(a_folder_has_every_file_and_only_changed_ones_are_written),
        told(what_is_gone_from_the_page_is_gone_from_the_folder),
        told(a_key_that_is_a_path_is_refused),
        told(a_folder_that_cannot_be_is_an_error_with_its_name),
        told(badges_say_what_and_how),
        told(the_summary_leaves_out_what_is_nothing),
        told(the_revision_changes_with_what_is_seen),
        told(feeds_keep_the_names_of_their_entries),
        told(the_calendar_is_folded_and_escaped),
        told(pages_have_no_script_of_a_stranger),
        told(assets_are_named_after_their_bytes),
        told(a_preview_is_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
