/* agent_state: whatever an agent says, it is cut to what is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_state.h"

static json_t *cut(const char *text)
{
    char why[AGENT_WHY_MAX];

    return agent_state_cut(text, strlen(text), why);
}

static const json_t *at(const json_t *j, const char *path)
{
    char copy[100], *save = NULL;

    snprintf(copy, sizeof(copy), "%s", path);
    for (char *w = strtok_r(copy, ".", &save); w && j; w = strtok_r(NULL, ".", &save))
        j = json_is_array(j) ? json_array_get(j, (size_t)atoi(w)) : json_object_get(j, w);
    return j;
}

static void test_what_is_known_comes_through(void **)
{
    json_t *s =
        cut("{\"agent\":{\"version\":\"1.0\",\"conf_rev\":3,\"secret\":1},"
            "\"host\":{\"name\":\"vm\",\"cores\":2,\"cpu\":{\"user\":0.5},\"load\":[1,2,"
            "0.25],\"pressure\":null,\"disks\":[{\"mount\":\"/\",\"used\":5}]},"
            "\"apps\":[{\"id\":\"web\",\"type\":\"docker\",\"state\":\"running\","
            "\"health\":{\"ok\":true,\"ms\":1.5},\"exit\":{\"code\":1,\"signal\":\"KILL\"},"
            "\"env\":[\"main\"],\"ports\":[80,\"443/tcp\"]}],\"more\":1}");

    assert_non_null(s);
    assert_string_equal(json_string_value(at(s, "agent.version")), "1.0");
    assert_int_equal(json_integer_value(at(s, "agent.conf_rev")), 3);
    assert_null(at(s, "agent.secret"));
    assert_null(at(s, "more"));
    assert_true(json_real_value(at(s, "host.cpu.user")) == 0.5);
    assert_true(json_is_null(at(s, "host.cpu.sys"))); /* not known is null, never 0 */
    assert_true(json_is_null(at(s, "host.pressure")));
    assert_true(json_real_value(at(s, "host.load.2")) == 0.25);
    assert_int_equal(json_integer_value(at(s, "host.disks.0.used")), 5);
    assert_string_equal(json_string_value(at(s, "apps.0.type")), "docker");
    assert_true(json_is_true(at(s, "apps.0.health.ok")));
    assert_string_equal(json_string_value(at(s, "apps.0.exit.signal")), "KILL");
    assert_int_equal(json_integer_value(at(s, "apps.0.ports.0")), 80);
    assert_string_equal(json_string_value(at(s, "apps.0.ports.1")), "443/tcp");
    json_decref(s);
}

static void test_what_makes_no_sense_is_not_known(void **)
{
    json_t *s =
        cut("{\"host\":{\"name\":{},\"cores\":-1,\"uptime_s\":1e300,\"boot_at\":\"now\","
            "\"reboot_needed\":1,\"cpu\":[0.1],\"memory\":{\"total\":1e17},\"load\":{},"
            "\"nets\":[7,null,{\"name\":\"a\\nb\\u007f\",\"rx_bps\":-1}]},"
            "\"apps\":[null,{},{\"id\":\"\"},{\"id\":\"../x\"},{\"id\":\"A\"},"
            "{\"id\":\"a\",\"state\":\"happy\",\"type\":\"docker running\"},{\"id\":\"a\"},"
            "{\"id\":7}]}");

    assert_non_null(s);
    for (const char *const *p =
             (const char *const[]){"host.name", "host.cores", "host.uptime_s", "host.boot_at",
                                   "host.reboot_needed", "host.cpu", "host.memory.total",
                                   "apps.0.type", NULL};
         *p; p++)
        if (!json_is_null(at(s, *p)))
            fail_msg("%s is not null", *p);
    assert_int_equal(json_array_size(at(s, "host.load")), 0);
    assert_int_equal(json_array_size(at(s, "host.nets")), 1);
    assert_string_equal(json_string_value(at(s, "host.nets.0.name")), "a b ");
    assert_int_equal(json_array_size(at(s, "apps")), 1); /* the first of its name */
    assert_string_equal(json_string_value(at(s, "apps.0.state")), "unknown");
    json_decref(s);
}

static void test_there_is_only_so_much_of_each(void **)
{
    char *text = malloc(AGENT_STATE_MAX + 100), *p = text, why[AGENT_WHY_MAX];
    json_t *s;

    p += sprintf(p, "{\"host\":{\"name\":\"");
    for (int i = 0; i < 3000; i++)
        p += sprintf(p, "\xc3\xa9");
    p += sprintf(p, "\",\"disks\":[");
    for (int i = 0; i < 500; i++)
        p += sprintf(p, "%s{\"mount\":\"/\"}", i ? "," : "");
    p += sprintf(p, "],\"load\":[1,2,3,4,5]},\"apps\":[");
    for (int i = 0; i < 2000; i++)
        p += sprintf(p, "%s{\"id\":\"a%d\"}", i ? "," : "", i);
    sprintf(p, "]}");
    assert_non_null(s = cut(text));
    assert_int_equal(strlen(json_string_value(at(s, "host.name"))),
                     100); /* 50 letters of two */
    assert_int_equal(json_array_size(at(s, "host.disks")), 64);
    assert_int_equal(json_array_size(at(s, "host.load")), 3);
    assert_int_equal(json_array_size(at(s, "apps")), AGENT_APPS_MAX);
    json_decref(s);
    memset(text, ' ', AGENT_STATE_MAX + 1);
    assert_null(agent_state_cut(text, AGENT_STATE_MAX + 1, why));
    assert_non_null(strstr(why, "1024 KiB"));
    free(text);
}

static void test_what_is_no_state_is_none(void **)
{
    static const char *const none[] = {"",
                                       "x",
                                       "[]",
                                       "null",
                                       "{}",
                                       "{\"host\":{}}",
                                       "{\"apps\":[]}",
                                       "{\"host\":[],\"apps\":[]}",
                                       "{\"host\":{},\"apps\":{}}",
                                       "{\"host\":{\"cores\":NaN},\"apps\":[]}",
                                       "{\"host\":{\"cores\":1e999},\"apps\":[]}",
                                       "{\"host\":{\"name\":\"\\u0000\"},\"apps\":[]}",
                                       "{\"host\":{\"name\":\"\xff\"},\"apps\":[]}"};
    char deep[20000] = "{\"host\":";

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_null(cut(none[i]));
    memset(deep + 8, '[', sizeof(deep) - 9);
    assert_null(cut(deep));
}

static void test_a_print_changes_with_what_people_are_told(void **)
{
    static const char form[] = "{\"host\":{\"uptime_s\":%d},\"apps\":[{\"id\":\"a\",\"state\":"
                               "\"%s\",\"cpu\":%f,\"invocation\":\"%s\",\"health\":%s}]}";
    static const struct {
        int up;
        const char *state, *life, *health;
        double cpu;
        int same;
    } cases[] = {
        {1, "running", "x", "null", 0.1, 1},          {2, "running", "x", "null", 0.9, 1},
        {1, "failed", "x", "null", 0.1, 0},           {1, "running", "y", "null", 0.1, 0},
        {1, "running", "x", "{\"ok\":true}", 0.1, 0},
    };
    unsigned long long first = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[300];
        json_t *s;

        snprintf(text, sizeof(text), form, cases[i].up, cases[i].state, cases[i].cpu,
                 cases[i].life, cases[i].health);
        assert_non_null(s = cut(text));
        if (i == 0)
            first = agent_state_print(s);
        assert_int_equal(agent_state_print(s) == first, cases[i].same);
        json_decref(s);
    }
}

static void test_a_report_of_a_deploy(void **)
{
    json_t *said =
               json_loads("{\"state\":\"rolled-back\",\"subjects\":[\"a\",7,{}],\"steps\":[{"
                          "\"name\":\"build\",\"ms\":5}],\"x\":1}",
                          0, NULL),
           *other = json_loads("{\"state\":\"fine\"}", 0, NULL), *cut_ = NULL;

    assert_non_null(cut_ = agent_state_deploy(said));
    assert_int_equal(json_array_size(at(cut_, "subjects")), 2);
    assert_int_equal(json_integer_value(at(cut_, "steps.0.ms")), 5);
    assert_null(at(cut_, "x"));
    assert_null(agent_state_deploy(other));
    assert_null(agent_state_deploy(NULL));
    json_decref(cut_);
    json_decref(said);
    json_decref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_known_comes_through),
        cmocka_unit_test(test_what_makes_no_sense_is_not_known),
        cmocka_unit_test(test_there_is_only_so_much_of_each),
        cmocka_unit_test(test_what_is_no_state_is_none),
        cmocka_unit_test(test_a_print_changes_with_what_people_are_told),
        cmocka_unit_test(test_a_report_of_a_deploy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
