/* A page out of JSON: as the database says it, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "page_json.h"

#define PAGE                                                                                  \
    "\"slug\":\"shop\",\"title\":\"Shop\",\"day_down_s\":1800,\"now\":1700000000,"            \
    "\"today\":19675,\"robots\":true,\"subscribe\":false"
#define PART                                                                                  \
    "\"key\":\"7\",\"name\":\"Web\",\"status\":1,\"since\":5,\"ms\":12,\"show_ms\":true"

static struct page *page(const char *text, char *error)
{
    json_error_t why;
    json_t *model = json_loads(text, 0, &why);
    struct page *p;

    assert_non_null(model);
    error[0] = '\0';
    p = page_from_json(model, error, 200);
    json_decref(model); /* nothing of the page may be of it */
    return p;
}

static void whole_page(void **state)
{
    char error[200];
    struct page *p = page(
        "{" PAGE ",\"logo\":\"aGVsbG8=\",\"logo_type\":\"image/png\",\"components\":[{" PART
        ",\"days\":[{\"at\":\"19675 19586 19585\",\"up\":\"10 86400 5\",\"down\":\"3\","
        "\"checks\":\"4 2 9\",\"failed\":\"1 2 0\",\"sum_ms\":\"300 0 7\","
        "\"p95_ms\":\"120 -1 5\"},"
        "{\"at\":[19675],\"down\":[2],\"checks\":null,\"p95_ms\":[90]}]}],"
        "\"incidents\":[{\"key\":\"3\",\"title\":\"t\",\"severity\":\"minor\",\"started_at\":"
        "1,"
        "\"resolved_at\":0,\"components\":[0],\"updates\":[{\"at\":2,\"phase\":\"resolved\","
        "\"author\":\"\",\"body\":\"*b*\"}],\"postmortem\":null}],"
        "\"windows\":[{\"key\":\"9\",\"title\":\"w\",\"description\":\"\",\"starts_at\":4,"
        "\"ends_at\":5,\"told_at\":3,\"components\":[],\"updates\":[]}]}",
        error);

    (void)state;
    assert_string_equal(error, "");
    assert_non_null(p);
    assert_string_equal(p->slug, "shop");
    assert_true(p->robots && !p->subscribe);
    assert_int_equal(p->logo_size, 5);
    assert_memory_equal(p->logo, "hello", 5);
    assert_int_equal(p->components, 1);
    assert_int_equal(p->component[0].day[89].seconds[1], 10);
    assert_int_equal(p->component[0].day[89].seconds[3], 5); /* said twice, added up */
    assert_int_equal(p->component[0].day[89].avg_ms, 100);
    assert_int_equal(p->component[0].day[89].p95_ms, 120);
    assert_int_equal(p->component[0].day[0].seconds[1], 86400);
    assert_int_equal(p->component[0].day[0].avg_ms, -1); /* no check was answered */
    assert_int_equal(p->component[0].day[1].seconds[1], 0);
    assert_string_equal(p->incident[0].update[0].body, "*b*");
    assert_null(p->incident[0].postmortem);
    assert_int_equal(p->windows, 1);
    assert_int_equal(p->window[0].told_at, 3);
    page_free(p);
}

static void wrong_pages(void **state)
{
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"{}", "slug"},
        {"[]", "slug"},
        {"{\"slug\":\"../etc\"}", "slug"},
        {"{" PAGE "}", "components"},
        {"{" PAGE ",\"components\":[{\"key\":\"a/b\"}]}", "key"},
        {"{" PAGE ",\"components\":[{\"key\":\"7\",\"status\":6}]}", "status"},
        {"{" PAGE ",\"components\":[{" PART ",\"days\":[{\"at\":[19676]}]}]}", "days"},
        {"{" PAGE ",\"components\":[{" PART ",\"days\":[{\"at\":\"19675 19676\"}]}]}", "days"},
        {"{" PAGE ",\"components\":[{" PART
         ",\"days\":[{\"at\":\"1x 99999999999999999999\"}]}]}",
         "days"},
        {"{" PAGE ",\"components\":[7]}", "key"},
        {"{" PAGE ",\"logo\":\"?\",\"components\":[]}", "logo"},
        {"{" PAGE ",\"title\":7,\"components\":[]}", "title"},
        {"{" PAGE ",\"components\":[],\"incidents\":[{\"key\":\"1\",\"started_at\":1,"
         "\"resolved_at\":0,\"components\":[0],\"updates\":[]}],\"windows\":[]}",
         "components"},
        {"{" PAGE ",\"components\":[],\"incidents\":[{\"key\":\"1\",\"started_at\":\"x\"}]}",
         "started_at"},
        {"{" PAGE ",\"components\":[],\"incidents\":[],\"windows\":{}}", "windows"},
    };
    char error[200], name[80];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(page(cases[i].text, error));
        snprintf(name, sizeof(name), "'%s'", cases[i].named);
        if (!strstr(error, name))
            fail_msg("%s: %s, and not %s", cases[i].text, error, name);
    }
}

static const char *member(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static void where_it_is_read(void **state)
{
    json_t *m = json_pack("{ssss}", "slug", "shop", "url", "");

    (void)state;
    page_json_place(m, NULL);
    assert_string_equal(member(m, "url"), "");
    assert_string_equal(member(m, "subscribe_url"),
                        "../../api/v1/public/pages/shop/subscriptions");
    page_json_place(m, "https://ops.example/t");
    assert_string_equal(member(m, "url"), "https://ops.example/t/status/shop/");
    json_object_set_new(m, "url", json_string("https://status.example"));
    page_json_place(m, "https://ops.example/t");
    assert_string_equal(member(m, "url"), "https://status.example/");
    assert_string_equal(member(m, "subscribe_url"),
                        "https://ops.example/t/api/v1/public/pages/shop/subscriptions");
    json_decref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_page),
        cmocka_unit_test(wrong_pages),
        cmocka_unit_test(where_it_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
